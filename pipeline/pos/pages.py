"""Split pages of an API into objects, byte for byte.

Takes the body of a page, {"<key>": [{...}, ...], "cursor": "..."}. Returns each object verbatim and
the cursor. The page must be complete, UTF-8 and JSON. A fault inside an object never affects the
others. msgspec checks the syntax of what it skips but not its UTF-8, so that is checked first.
Raises ValueError when the body is not such a page: null, [], {}, HTML and an empty body are not "no
data".
"""

from __future__ import annotations

import codecs
import json
import re
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}:,]', re.DOTALL)
_CLOSES = {b"]": b"[", b"}": b"{"}
_utf8 = codecs.getincrementaldecoder("utf-8")
_MAX_VALUES = 4_000_000  # of a page: 250 receipts of 300 lines have 2 million


@cache
def _decoder(key: str, is_optional: bool) -> msgspec.json.Decoder[Any]:
    rows: tuple[Any, ...] = ("rows", list[msgspec.Raw], msgspec.field(default_factory=list))
    fields = [rows if is_optional else rows[:2], ("cursor", str | None, None)]
    return msgspec.json.Decoder(msgspec.defstruct("Page", fields, rename={"rows": key}))


def check_text(body: bytes, piece: int = 1 << 16) -> None:
    """Raise ValueError if a body is not UTF-8; decodes it in pieces to save memory."""
    decoder, view = _utf8(), memoryview(body)
    for start in range(0, len(body), piece):
        decoder.decode(view[start : start + piece])
    decoder.decode(b"", final=True)


def _check_values(body: bytes, key: str) -> None:
    """Raise ValueError for a body of millions of values, which need gigabytes."""
    if len(body) > _MAX_VALUES and (count := body.count(b",")) > _MAX_VALUES:
        raise ValueError(f"no page of {key}: {count:,} values, more than any page has")


def split_page(
    body: bytes, key: str, *, is_optional: bool = False
) -> tuple[list[bytes], str | None]:
    """(objects, cursor) of a page; `is_optional`: without rows it has no key for them."""
    check_text(body)
    _check_values(body, key)
    try:
        page = _decoder(key, is_optional).decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"no page of {key}: {error}") from error
    if page.cursor is not None and len(page.cursor) > 4096:
        raise ValueError(f"no page of {key}: a cursor of {len(page.cursor)} characters")
    return [bytes(row) for row in page.rows], page.cursor or None


def slice_page(body: bytes, key: str) -> tuple[list[bytes], str | None]:
    """As `split_page`, but splits the list only by brackets and quotes.

    So an object that is not JSON (NaN, a nesting of 100,000, half a surrogate pair) is also
    returned verbatim. For a page that came twice with the same bytes.
    """
    check_text(body)
    _check_values(body, key)
    opened: list[bytes] = []
    cuts: list[int] = []  # where the list begins, its commas, and where it ends
    name, is_value, in_list = b"", False, False
    for match in _TOKEN.finditer(body):
        token = match.group()
        if token in (b"[", b"{"):
            opened.append(token)
            if token == b"[" and len(opened) == 2 and is_value and json.loads(name) == key:
                in_list, cuts = True, [match.end()]
        elif token in (b"]", b"}"):
            if not opened or opened.pop() != _CLOSES[token]:
                raise ValueError(f"no page of {key}: brackets do not match")
            if in_list and len(opened) == 1:
                in_list = False
                cuts.append(match.start())
        elif in_list and token == b"," and len(opened) == 2:
            cuts.append(match.start())
        elif len(opened) == 1:
            if token in (b":", b","):
                is_value = token == b":"
            elif not is_value:
                name = token
    if in_list or len(cuts) < 2:
        raise ValueError(f"no page of {key}: the list is missing or cut")
    _, cursor = split_page(body[: cuts[0]] + body[cuts[-1] :], key)
    rows = [body[first:last].lstrip(b",").strip() for first, last in pairwise(cuts)]
    return ([] if rows == [b""] else rows), cursor


def unread(_: str) -> None:
    """Ignore a number, so that it may have any number of digits."""


def text_of(value: object) -> str | None:
    """A string that is not empty and that UTF-8 can encode, else None."""
    try:
        return value if isinstance(value, str) and value.encode() else None
    except UnicodeEncodeError:
        return None


def instant_of(value: object) -> datetime | None:
    """An instant in UTC; None if the value is no RFC 3339 time with an offset."""
    if value is None or (isinstance(value, datetime) and value.tzinfo is UTC):
        return value
    try:
        moment = msgspec.convert(value, datetime)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (msgspec.ValidationError, ValueError, OverflowError):
        return None


def write_instant(moment: datetime) -> str:
    """An instant as the APIs spell it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def one_line(body: bytes) -> bytes:
    """An object on one line; line ends in JSON are only white space between its parts."""
    return body.replace(b"\r", b" ").replace(b"\n", b" ")
