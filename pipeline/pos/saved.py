"""The objects of one saved file by resource, in every form of saved answers.

Takes the bytes of a file, not compressed, and the reader of the point of sale. Returns each object
verbatim. Accepted are UTF-8, UTF-16 and UTF-32, with or without a byte order mark; one document or
several, one after the other or one per line; a page, an array of objects or of pages, an empty
page; pages inside another object or a JSON text, as tools save a complete answer. A record that is
not JSON is returned as it is, so that it goes to quarantine as it does over the API. Raises
ValueError if the file itself is not complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from pipeline.pos.source import Reader

MAX_DEPTH = 4
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
)
# The first characters of a JSON document without a byte order mark.
_ZEROS = (
    (re.compile(rb"[^\0]\0\0\0", re.DOTALL), "utf-32-le"),
    (re.compile(rb"\0\0\0[^\0]", re.DOTALL), "utf-32-be"),
    (re.compile(rb"[^\0]\0", re.DOTALL), "utf-16-le"),
    (re.compile(rb"\0[^\0]", re.DOTALL), "utf-16-be"),
)
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|[^\s,\[\]{}"]+|"', re.DOTALL)
_PART = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)
_NAME = re.compile(rb'"(\w+)"\s*:')
_CLOSES = {b"]": b"[", b"}": b"{"}
_raw = msgspec.json.Decoder(msgspec.Raw)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array = msgspec.json.Decoder(list[msgspec.Raw])


def objects_of(text: bytes, reader: Reader) -> dict[str, list[bytes]]:
    """The objects of a text by resource, verbatim, in their order. Raises ValueError."""
    objects: dict[str, list[bytes]] = {}
    loose: list[bytes] = []
    for document in documents(text, reader):
        if not _sort(document, objects, loose, MAX_DEPTH, reader):
            loose.append(document)
    if loose:
        objects.setdefault(_kind(loose, objects, reader), []).extend(loose)
    return objects


def to_utf8(data: bytes) -> bytes:
    """The text in UTF-8, without a byte order mark and the white space around it."""
    mark, encoding = next(
        ((mark, encoding) for mark, encoding in _MARKS if data.startswith(mark)),
        (b"", next((code for zeros, code in _ZEROS if zeros.match(data)), "utf-8")),
    )
    try:
        text = data.removeprefix(mark).decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"it is no {encoding.upper()} text: {error.reason} at byte {error.start:,}; save it as"
            " UTF-8"
        ) from error
    if encoding == "utf-8":
        return data.removeprefix(mark).strip(b" \t\r\n\x1a\x1e")
    return text.encode().strip(b" \t\r\n\0\x1a\x1e")


def documents(text: bytes, reader: Reader) -> list[bytes]:
    """The JSON documents of a file; ValueError if the last one is cut off."""
    if _is_json(text):
        return [text]
    lines = [line.strip(b" \t\r\x1e,").removeprefix(b"\xef\xbb\xbf") for line in text.split(b"\n")]
    lines = [line for line in lines if line]
    if len(lines) > 1 and all(line.startswith((b"{", b"[")) for line in lines):
        parts = [_parts_of(line) for line in lines]
        is_records = any(_is_record(line, reader) for line in lines)
        if all(parts) or (is_records and parts[-1]):
            return [item for line, cut in zip(lines, parts, strict=True) for item in cut or [line]]
    return list(_cut(text))


def _parts_of(line: bytes) -> list[bytes]:
    """The documents of a line; none if its brackets do not match."""
    if _is_json(line):
        return [line]
    try:
        return list(_cut(line))
    except ValueError:
        return []


def _is_record(line: bytes, reader: Reader) -> bool:
    """Whether a line is one bare object, such as a receipt or an item."""
    if not line.startswith(b"{") or not _is_json(line):
        return False
    return bool(_object.decode(line).keys() & reader.IDENTIFYING_FIELDS.keys())


def _is_json(text: bytes) -> bool:
    try:
        _raw.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def _cut(text: bytes) -> Iterator[bytes]:
    """Consecutive objects and arrays, split only by brackets and quotes."""
    opened: list[bytes] = []
    start = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in (b"{", b"["):
            if not opened:
                start = match.start()
            opened.append(token)
        elif token in _CLOSES:
            if not opened or opened.pop() != _CLOSES[token]:
                raise ValueError(f"its brackets do not match at byte {match.start():,}")
            if not opened:
                yield text[start : match.end()]
        elif not opened and token != b"\xef\xbb\xbf":
            word = token[:40].decode(errors="replace")
            raise ValueError(f"{word!r} is at byte {match.start():,} outside of any record")
    if opened:
        raise ValueError("it ends in the middle of a record: it was not saved whole")


def _sort(
    document: bytes, objects: dict[str, list[bytes]], loose: list[bytes], depth: int, reader: Reader
) -> bool:
    """Sort rows of pages into `objects`, of arrays into `loose`; False for an object."""
    if document.startswith(b"["):
        for row in _rows(document):
            is_nested = depth and row.startswith((b"{", b"["))
            if not (is_nested and _sort(row, objects, loose, depth - 1, reader)):
                loose.append(row)
        return True
    try:
        fields = _object.decode(document)
    except (msgspec.MsgspecError, RecursionError):
        return _slice(document, objects, reader)
    if fields.keys() & reader.IDENTIFYING_FIELDS.keys():
        return False
    pages = {
        key: bytes(fields[key])
        for key in fields.keys() & reader.PAGES.keys()
        if bytes(fields[key]).startswith((b"[", b"null"))
    }
    for key, rows in pages.items():
        objects.setdefault(reader.PAGES[key], []).extend(
            map(bytes, _array.decode(rows)) if rows != b"null" else ()
        )
    if pages or not depth:
        return bool(pages)
    values = map(bytes, fields.values())
    return sum(_sort_wrapped(value, objects, depth - 1, reader) for value in values) > 0


def _sort_wrapped(
    value: bytes, objects: dict[str, list[bytes]], depth: int, reader: Reader
) -> bool:
    """As `_sort`, for a field of an answer that may hold pages or their text."""
    if value.startswith(b'"'):
        value = to_utf8(msgspec.json.decode(value, type=str).encode())
        if not value.startswith((b"{", b"[")) or not _is_json(value):
            return False
    if value.startswith(b"["):
        rows = [row for row in map(bytes, _array.decode(value)) if row.startswith(b"{")]
        return sum(_sort(row, objects, [], depth, reader) for row in rows) > 0
    return value.startswith(b"{") and _sort(value, objects, [], depth, reader)


def _rows(array: bytes) -> list[bytes]:
    """The elements of an array, verbatim, even if an element is not JSON."""
    try:
        return [bytes(row) for row in _array.decode(array)]
    except (msgspec.MsgspecError, RecursionError):
        return _elements(array)


def _slice(page: bytes, objects: dict[str, list[bytes]], reader: Reader) -> bool:
    """Sort the rows of a page that is not JSON as a whole; False if it is no page."""
    pages = {}
    for field in _elements(page):
        match = _NAME.match(field)
        value = field[match.end() :].strip() if match else b""
        if match and match[1].decode() in reader.PAGES and value.startswith(b"["):
            pages[match[1].decode()] = _elements(value)
    for key, rows in pages.items():
        objects.setdefault(reader.PAGES[key], []).extend(rows)
    return bool(pages)


def _elements(container: bytes) -> list[bytes]:
    """Elements of an object or array, split only by brackets, quotes and commas."""
    depth, start = 0, 0
    parts: list[bytes] = []
    for match in _PART.finditer(container):
        token = match.group()
        if token in (b"{", b"["):
            depth += 1
            start = match.end() if depth == 1 else start
        elif token in _CLOSES:
            depth -= 1
            if depth == 0:
                parts.append(container[start : match.start()].strip())
        elif token == b"," and depth == 1:
            parts.append(container[start : match.start()].strip())
            start = match.end()
    return [] if parts == [b""] else parts


def _kind(rows: list[bytes], objects: dict[str, list[bytes]], reader: Reader) -> str:
    """Resource of bare objects, by a telltale field, else by the only page."""
    identifying_fields = reader.IDENTIFYING_FIELDS
    for row in rows:
        if _is_json(row):
            fields = _object.decode(row) if row.startswith(b"{") else {}
            names = [name for name in identifying_fields if name in fields]
        else:
            keys = (match[1].decode() for match in _NAME.finditer(row))
            names = [name for name in keys if name in identifying_fields]
        if names:
            return identifying_fields[names[0]]
    if len(objects) == 1:
        return next(iter(objects))
    raise ValueError(f"holds no {' or '.join(dict.fromkeys(identifying_fields.values()))}")
