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
_PERSONAL = re.compile(
    rb'("(?:%s)"\s*:\s*)%s|("(?:%s)"\s*:\s*)\{(?:[^"{}]|%s)*\}'
    % ("|".join(TEXTS).encode(), _STRING, "|".join(OBJECTS).encode(), _STRING)
)


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
    """The line without notes and card details; unchanged if it has none."""
    return _PERSONAL.sub(lambda match: (match[1] or match[2]) + b"null", line)


def store_ids(line: bytes) -> set[str]:
    """The stores that a receipt names."""
    return {name.decode() for name in _STORE.findall(line)}
