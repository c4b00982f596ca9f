"""What the clients of all APIs share: opening, pages, and what a refusal means."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from pipeline.errors import SourceError, SourceFatal, SourceRetriable
from pipeline.extract.http import Http
from pipeline.extract.http_faults import RefusedRequest
from pipeline.extract.rate_limit import RateLimiter
from pipeline.pos.pages import check_text

T = TypeVar("T")

ApiRows = tuple[list[bytes], str | None]
"""Verbatim rows of a page, and the cursor of the next one."""


class CursorRefused(SourceRetriable):
    """The API does not know the cursor any more; the list must begin again."""


class Refusal(NamedTuple):
    """An answer that refuses a request: code, field, and a sentence about it."""

    status: int
    code: str
    field: str
    answer: str


class _Errors(msgspec.Struct):
    errors: list[dict[str, Any]]


class ApiClient:
    """The connection to an API, and its id, which differs between accounts."""

    explain: Callable[[RefusedRequest, str], SourceError]
    """The error that explains a refusal of a call, as "GET /receipts", and says what to do."""

    def __init__(self, http: Http, connection_id: str):
        self._http, self.connection_id = http, connection_id

    @property
    def requests(self) -> int:
        return self._http.requests

    @property
    def server_time(self) -> datetime | None:
        return self._http.server_time

    def _get_if_known(self, path: str, read: Callable[[bytes], T]) -> T | None:
        """The object at `path`; None if the API does not know it."""
        try:
            return self._http.get(path, {}, read)
        except RefusedRequest as refused:
            if refused.status == 404:
                return None
            raise self.explain(refused, f"GET {path}") from None


def open_http(
    name: str,
    url: str,
    token: str,
    *,
    rate: tuple[int, float] | None,
    state: Path | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    **options: Any,
) -> tuple[Http, str]:
    """A connection with the options of `Http`, and its id.

    `rate` is (requests, seconds): so many requests in so many seconds, which all processes with the
    same `state` folder share; None: no limit. Raises ConfigError.
    """
    connection_id = hashlib.sha256(f"{name}\n{url}\n{token}".encode()).hexdigest()[:16]
    request_log = state / f"{connection_id}.requests" if state else None
    rate_limiter = (
        RateLimiter(*rate, request_log=request_log, clock=clock, sleep=sleep) if rate else None
    )
    return Http(
        url, token, rate_limiter=rate_limiter, clock=clock, sleep=sleep, **options
    ), connection_id


def read_object(body: bytes) -> dict[str, msgspec.Raw]:
    """The fields of a JSON object, verbatim. Raises ValueError."""
    check_text(body)
    try:
        return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"no JSON object: {error}") from error


def page_reader(
    split: Callable[[bytes], ApiRows], slice_rows: Callable[[bytes], ApiRows]
) -> Callable[[bytes], ApiRows]:
    """A function that splits a page into rows and cursor.

    If the same unreadable bytes come twice, the connection is not the cause but a record: then the
    page is split by brackets (`slice_rows`).
    """
    before = b""

    def read(body: bytes) -> ApiRows:
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
    """The first error of {"errors": [{...}]}; `names`: the fields with its reason."""
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
