"""The fields of one Loyverse receipt that decide where it is kept.

Reads the verbatim JSON of a receipt. Nothing is raised: an unreadable field is None, and the record
is quarantined later.
"""

from __future__ import annotations

import json
from datetime import datetime

import msgspec

from pipeline.pos.pages import instant_of, one_line, text_of, unread
from pipeline.pos.source import Record

_UNREADABLE = (None, None, None, None)


class _Routing(msgspec.Struct):
    receipt_number: str | None = None
    updated_at: datetime | None = None
    created_at: datetime | None = None
    receipt_date: datetime | None = None


_routing = msgspec.json.Decoder(_Routing)


def read_receipt(body: bytes) -> Record:
    """The record of a Loyverse receipt, on one line; unreadable fields are None."""
    fields: tuple[object, ...]
    try:
        fields = msgspec.structs.astuple(_routing.decode(body))
    except (msgspec.MsgspecError, RecursionError):
        try:
            loose = json.loads(body, parse_int=unread, parse_float=unread, parse_constant=unread)
        except (ValueError, RecursionError):
            loose = None
        names = _Routing.__struct_fields__
        fields = tuple(map(loose.get, names)) if isinstance(loose, dict) else _UNREADABLE
    number, *instants = fields
    return Record(one_line(body), text_of(number), *map(instant_of, instants))
