"""One lake of a store on Loyverse and a store on Square: the union of two lakes of one source."""

from __future__ import annotations

import time

import pytest

from pipeline.tasks import MonthlySales, MonthlySummary
from tests.pos.group import Group, group

__all__ = ["group"]
pytestmark = pytest.mark.real_server


def test_first(group: Group) -> None:
    for source, lake in (("loyverse, square", "both"), ("loyverse", "one"), ("square", "other")):
        start = time.monotonic()
        assert group.run(MonthlySummary, source, lake)
        print(source, time.monotonic() - start, len(group.rows("receipts", lake)))
