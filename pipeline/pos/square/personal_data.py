"""Personal data in a Square order: customers, recipients, notes and card details.

In and out: one record, JSON on one line. A removed value becomes null, as it is for an order that
had none. No figure reads what is removed. The name of the ticket stays, as the rules may read an
order type from it, unless it is the recipient's. A record that is not JSON is not changed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from pipeline.pos.square.order import Json, open_envelope, rows

_REMOVED = frozenset({"note", "recipient", "card", "metadata", "reason"})
"""Fields of an order that may hold personal data and that no figure needs, at any depth."""
_KEPT = frozenset({"uid", "type", "state"})
_TIMES = ("_at", "_duration")
"""Fields of a fulfillment that stay, the times also in its details; all others are removed."""
_MIN_LETTERS, _MIN_DIGITS = 3, 6
"""A word and a telephone number in the name of a ticket are at least as long."""


def remove_customers(line: bytes, is_erased: Callable[[str], bool]) -> bytes:
    """The line without erased customers; the same bytes where it names none.

    An order that names one, at any depth, also loses what `remove_personal_data` removes: its
    recipient is that customer, or was named by them.
    """

    def edit(record: Any) -> int:
        removed = _remove(record, is_named)
        if removed:
            _remove_personal_data(record)
        return removed

    def is_named(name: str, value: object) -> bool:
        return name == "customer_id" and isinstance(value, str) and is_erased(value)

    return _edited(line, edit)


def remove_personal_data(line: bytes) -> bytes:
    """The line without notes, recipients and cards; the same bytes where it has none."""
    return _edited(line, _remove_personal_data)


def _edited(line: bytes, edit: Callable[[Any], int]) -> bytes:
    """The line as `edit` changes its record; `edit` returns how many values it removes."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not edit(record):
        return line
    try:
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a character, which JSON can only spell as its code
        return json.dumps(record, separators=(",", ":")).encode()


def _remove_personal_data(record: Any) -> int:
    removed = 0
    if isinstance(record, dict):
        order = open_envelope(record).order
        fulfillments = rows(order, "fulfillments")
        if _names_recipient(order.get("ticket_name"), fulfillments):
            order["ticket_name"] = None
            removed += 1
        removed += sum(_reduce(fulfillment, _KEPT) for fulfillment in fulfillments)
    return removed + _remove(record, lambda name, value: name in _REMOVED and value is not None)


def _remove(value: Any, is_removed: Callable[[str, object], bool]) -> int:
    """Set fields to remove to null, at any depth; returns their number."""
    if isinstance(value, list):
        return sum(_remove(row, is_removed) for row in value)
    if not isinstance(value, dict):
        return 0
    removed = [name for name, inner in value.items() if is_removed(name, inner)]
    value.update(dict.fromkeys(removed))
    return len(removed) + sum(_remove(inner, is_removed) for inner in value.values())


def _reduce(fields: Json, kept: frozenset[str] = frozenset()) -> int:
    """Set all fields to null but those `kept` and times; returns their number."""
    removed = 0
    for name, value in fields.items():
        is_time = isinstance(value, str) and name.endswith(_TIMES)
        if value is None or name in kept or is_time:
            continue
        if isinstance(value, dict) and name not in _REMOVED:
            removed += _reduce(value)
        else:
            fields[name] = None
            removed += 1
    return removed


def _names_recipient(ticket: object, fulfillments: list[Json]) -> bool:
    """Whether the name of a ticket is, or has a word of, a recipient's name or contact."""
    if not isinstance(ticket, str) or not ticket:
        return False
    text, number = _plain(ticket), re.sub(r"\D", "", ticket)
    for recipient in _recipients(fulfillments):
        name, mail, phone = (
            _plain(str(recipient.get(field) or ""))
            for field in ("display_name", "email_address", "phone_number")
        )
        words = {word for word in re.findall(r"\w+", name) if len(word) >= _MIN_LETTERS}
        if words & {*re.findall(r"\w+", text)} or any(
            part and part in text for part in (name, mail)
        ):
            return True
        if len(number) >= _MIN_DIGITS and number in re.sub(r"\D", "", phone):
            return True
    return False


def _recipients(value: Any) -> Iterator[Json]:
    """Every recipient in a value, at any depth."""
    if isinstance(value, list):
        for row in value:
            yield from _recipients(row)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == "recipient" and isinstance(inner, dict):
                yield inner
            else:
                yield from _recipients(inner)


def _plain(text: str) -> str:
    """Text in lower case and without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
