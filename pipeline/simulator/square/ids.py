"""Square's identifiers, money and instants.

Ids are derived from names, so they are stable. An order's id can be parsed (`parse_order_id`): it
contains the scrambled key of the order and a checksum. All other ids are digests.
"""

from __future__ import annotations

from base64 import b32encode
from binascii import b2a_base64
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from ..business import CURRENCY
from ..ids import stamp

Money = dict[str, int | str]

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_POSITION = {digit: value for value, digit in enumerate(_DIGITS)}
_FACTOR, _SIZE = 0x9E3779B97F4A7C15, 1 << 64  # odd, so that the product can be undone
_INVERSE = pow(_FACTOR, -1, _SIZE)
_LETTERS = bytes.maketrans(b"+/", b"Zz")  # replace the signs of base64
_HEAD, _CHECK, _TAIL = 11, 16, "ZY"


class OrderKey(NamedTuple):
    """Key of an order; `number` is a receipt's, or a business day and a position."""

    kind: int  # index of orders.KINDS
    device: int
    number: int


def _digest(kind: str, key: object) -> bytes:
    return blake2b(f"{kind}/{key}".encode(), digest_size=24).digest()


def token(kind: str, key: object, length: int = 22) -> str:
    """Id of the object `key` of `kind`, in the form of ids of orders and payments."""
    return b2a_base64(_digest(kind, key)).translate(_LETTERS)[:length].decode()


@lru_cache(maxsize=20_000)
def catalog_token(kind: str, key: object, length: int = 24) -> str:
    """Id of a catalog object, location or employee: capital letters and digits."""
    return b32encode(_digest(kind, key))[:length].decode()


def location_id(store: str) -> str:
    """Id of the location that is the store `store` (a uuid) at Loyverse."""
    return "L" + catalog_token("location", store, 12)


def order_id(seed: int, key: OrderKey) -> str:
    """Id of the order of that key in the shop of that seed."""
    packed = (key.kind << 8 | key.device) << 40 | key.number
    value, head = packed * _FACTOR % _SIZE, ""
    for _ in range(_HEAD):
        value, digit = divmod(value, 62)
        head = _DIGITS[digit] + head
    return head + token("order", (seed, *key), _CHECK) + _TAIL


def parse_order_id(seed: int, text: str) -> OrderKey | None:
    """Key of an order's id, or None if it is not an id of this shop."""
    head = text[:_HEAD]
    if len(head) < _HEAD or any(letter not in _POSITION for letter in head):
        return None
    value = 0
    for letter in head:
        value = value * 62 + _POSITION[letter]
    packed = value * _INVERSE % _SIZE
    key = OrderKey(packed >> 48, packed >> 40 & 0xFF, packed & (1 << 40) - 1)
    return key if order_id(seed, key) == text else None


def money(amount: int) -> Money:
    """`{"amount": minor units, "currency"}`."""
    return {"amount": amount, "currency": CURRENCY}


def whole_second(milliseconds: int) -> str:
    """Timestamp without milliseconds, as on tenders: `2020-03-30T18:30:00Z`."""
    return stamp(milliseconds)[:-5] + "Z"
