"""Which records are receipts that the lake must hold."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from pipeline.maintenance.conserve import _is_receipt
from pipeline.pos.source import NotCanonicalError, Record

RECORD = Record(b"{}", "1-1", None, None, None)


def refuse(_: bytes) -> list[bytes]:
    raise NotCanonicalError("unknown_value", "/state", "NEW")


@pytest.mark.parametrize(
    ("translate", "is_receipt"),
    [(lambda body: [body], True), (lambda _: [], False), (refuse, True)],
    ids=["receipt", "open ticket", "quarantined"],
)
def test_an_open_ticket_alone_makes_no_receipt(
    translate: Callable[[bytes], list[bytes]], is_receipt: bool
) -> None:
    reader = SimpleNamespace(translator=lambda _: translate)
    assert _is_receipt(RECORD, reader) is is_receipt
    assert _is_receipt(RECORD, SimpleNamespace(translator=None)) is True
