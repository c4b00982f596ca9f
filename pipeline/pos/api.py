"""What the clients of all APIs share: opening, pages, and what a refusal means."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipeline.errors import SourceError, SourceFatal, SourceRetriable
from pipeline.extract.http import Http, RefusedRequest
from pipeline.extract.rate_limit import RateLimiter

Rows = tuple[list[bytes], str | None]
"""Verbatim rows of a page, and the cursor of the next one."""


class CursorRefused(SourceRetriable):
    """The API does not know the cursor any more; the list must begin again."""


class Refusal(NamedTuple):
    """A refused answer: its code and field, and a sentence about it."""

    status: int
    code: str
    field: str
    answer: str


class _Errors(msgspec.Struct):
    errors: list[dict[str, Any]]


def open_http(
    name: str,
    url: str,
    token: str,
    *,
    rate: tuple[int, float] | None,
    state: Path | None = None,
    deadline: float = 60.0,
    max_retry_wait: float = 300.0,
    byte_cap: int = 64 << 20,
    ca_bundle: str | None = None,
    headers: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Http, str]:
    """The connection to an API, and the identity of the account. Raises ConfigError.

    rate            requests in seconds, shared by all processes with the same `state` folder (None:
                    no limit)
    deadline        seconds that one request may take in all
    max_retry_wait  seconds that its retries may wait
    """
    identity = hashlib.sha256(f"{name}\n{url}\n{token}".encode()).hexdigest()[:16]
    ledger = state / f"{identity}.requests" if state else None
    http = Http(
        url,
        token,
        pace=RateLimiter(*rate, ledger=ledger, clock=clock, sleep=sleep) if rate else None,
        deadline=deadline,
        max_retry_wait=max_retry_wait,
        byte_cap=byte_cap,
        ca_bundle=ca_bundle,
        headers=headers or {},
        clock=clock,
        sleep=sleep,
    )
    return http, identity


def page_reader(
    split: Callable[[bytes], Rows], slice_rows: Callable[[bytes], Rows]
) -> Callable[[bytes], Rows]:
    """A function that splits a page into rows and cursor.

    If the same unreadable bytes come twice, the connection is not the cause but a record: then the
    page is split by brackets (`slice_rows`).
    """
    before = b""

    def read(body: bytes) -> Rows:
        nonlocal before
        try:
            return split(body)
        except ValueError:
            if body and body == before:
                return slice_rows(body)
            before = body
            raise

    return read


def read_refusal(refused: RefusedRequest, call: str, names: tuple[str, ...]) -> Refusal:
    """The first error of a body {"errors": [{...}]}.

    `names` are the fields of an error that tell the reason.
    """
    try:
        error = msgspec.json.decode(refused.body, type=_Errors).errors[0]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, IndexError):
        error = {}
    texts = {name: text for name, text in error.items() if isinstance(text, str)}
    words = " ".join(texts.get(name, "") for name in names).strip()
    detail = "".join(c if c.isprintable() else " " for c in words)[:300] or "no reason given"
    return Refusal(
        refused.status,
        texts.get("code", ""),
        texts.get("field", ""),
        f"{call}: HTTP {refused.status} ({detail})",
    )


def explain_refusal(refusal: Refusal) -> SourceError:
    """The error for a refusal that means the same at every API."""
    if refusal.status == 400 and (refusal.code == "INVALID_CURSOR" or refusal.field == "cursor"):
        return CursorRefused(
            f"{refusal.answer}: the API forgets its cursors faster than the list can be read; run"
            " again"
        )
    if refusal.status == 404:
        return SourceFatal(
            f"{refusal.answer}: there is nothing at this address; check the address of the API"
        )
    return SourceFatal(
        f"{refusal.answer}: the API refuses what this version asks; look for a newer one, or"
        " report it"
    )
