"""Personal data in a Loyverse receipt: customers, notes and card details.

In and out: one receipt, verbatim JSON on one line. A removed value becomes null, as it is for a
receipt that had none. The transform reads none of the texts and details, so no amount changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

TEXTS, OBJECTS = ("note", "line_note"), ("payment_details",)
_STRING = rb'"(?:[^"\\]|\\.)*"'
_CUSTOMER = re.compile(rb'("customer_id"\s*:\s*)(%s)' % _STRING)
_STORE = re.compile(rb'"store_id"\s*:\s*"([^"\\]+)"')
_PERSONAL = re.compile(rb'"(?:%s)"\s*:(?!\s*null)\s*' % "|".join((*TEXTS, *OBJECTS)).encode())
_PART = re.compile(rb'%s|[\[{\]}]|[^"\[{\]}\s,]+|[\s,]+' % _STRING)


def remove_customers(line: bytes, is_erased: Callable[[str], bool]) -> bytes:
    """The line with erased customers as null; unchanged if it names none."""

    def replacement(match: re.Match[bytes]) -> bytes:
        try:
            customer = json.loads(match[2])
        except ValueError:
            return match[0]
        return match[1] + b"null" if is_erased(customer) else match[0]

    return _CUSTOMER.sub(replacement, line)


def remove_personal_data(line: bytes) -> bytes:
    """The line without notes and card details; unchanged if it has none.

    A value that does not end, of a record that is not JSON, stays.
    """
    parts, done = [], 0
    for match in _PERSONAL.finditer(line):
        start = match.end()
        end = _end_of_value(line, start) if start >= done else None
        if end is not None:
            parts += [line[done:start], b"null"]
            done = end
    return b"".join([*parts, line[done:]])


def _end_of_value(line: bytes, start: int) -> int | None:
    """The end of the JSON value that begins at `start`; None if it does not end."""
    depth, end = 0, start
    while match := _PART.match(line, end):
        end, first = match.end(), match[0][:1]
        depth += (first in b"{[") - (first in b"}]")
        if depth <= 0:
            is_value = depth == 0 and not match[0].isspace() and first != b","
            return end if is_value else None
    return None


def store_ids(line: bytes) -> set[str]:
    """The stores that a receipt names."""
    return {name.decode() for name in _STORE.findall(line)}
