"""The number and times of a Loyverse receipt, by which raw is sorted.

Reads the verbatim JSON of a receipt. Raises nothing: an unreadable field is None, and the record is
quarantined later.
"""

from __future__ import annotations

import json
from datetime import datetime

import msgspec

from pipeline.pos.pages import instant_of, one_line, text_of, unread
from pipeline.pos.source import Record

_UNREADABLE = (None, None, None, None)


class _Fields(msgspec.Struct):
    receipt_number: str | None = None
    updated_at: datetime | None = None
    created_at: datetime | None = None
    receipt_date: datetime | None = None


_decoder = msgspec.json.Decoder(_Fields)


def read_receipt(body: bytes) -> Record:
    """The record of a Loyverse receipt, on one line; unreadable fields are None."""
    fields: tuple[object, ...]
    try:
        fields = msgspec.structs.astuple(_decoder.decode(body))
    except (msgspec.MsgspecError, RecursionError):  # a field is wrong: read the others
        try:
            parsed = json.loads(body, parse_int=unread, parse_float=unread, parse_constant=unread)
        except (ValueError, RecursionError):
            parsed = None
        names = _Fields.__struct_fields__
        fields = tuple(map(parsed.get, names)) if isinstance(parsed, dict) else _UNREADABLE
    number, *instants = fields
    return Record(one_line(body), text_of(number), *map(instant_of, instants))
