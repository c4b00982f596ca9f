"""A third point of sale in its smallest complete form: one module and two registry lines.

Its tills write one JSON object a sale: {"no", "at", "shop", "dish", "cents", "paid_with"}.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from pipeline.pos.pages import instant_of
from pipeline.pos.source import ApiPage, Lists, Record, ToCanonical

EXPORT_FORM = None
read_shift = None
CATALOG = ("stores",)
PAGES = {"sales": "receipts"}
IDENTIFYING_FIELDS = {"paid_with": "receipts"}
SALES = [
    {
        "no": f"T{n}",
        "at": f"2026-10-0{n % 5 + 1}T18:00:00Z",
        "shop": "s1",
        "dish": "Soup",
        "cents": 450 + n,
        "paid_with": "Cash",
    }
    for n in range(20)
]


def read_record(body: bytes) -> Record:
    sale = json.loads(body)
    moment = instant_of(sale["at"])
    return Record(body, sale["no"], moment, moment, moment)


def find_unknown(records: list[Record], *, is_first: bool) -> dict[str, str]:
    return {
        name: r.number or "?"
        for r in records
        for name in json.loads(r.body).keys() - SALES[0].keys()
    }


def redact_rows(resource: str, rows: list[bytes]) -> list[bytes]:
    return sorted(rows)


def store_ids(line: bytes) -> set[str]:
    return {json.loads(line)["shop"]}


def remove_customers(line: bytes, is_erased: Callable[[str], bool]) -> bytes:
    return line


def remove_personal_data(line: bytes) -> bytes:
    return line


def to_canonical_catalog(lists: Lists) -> dict[str, list[Any]]:
    return {"stores": list(lists.get("stores", ()))}


def translator(lists: Lists) -> ToCanonical:
    return to_canonical


counting_open_orders = translator


def to_canonical(body: bytes) -> list[bytes]:
    sale = json.loads(body)
    money = f"{sale['cents'] // 100}.{sale['cents'] % 100:02d}"
    nothing = dict.fromkeys(("total_tax", "total_discount", "tip", "surcharge"), "0")
    line = {
        "item_name": sale["dish"],
        "quantity": "1",
        "price": money,
        "gross_total_money": money,
        "total_discount": "0",
    }
    receipt = {
        "receipt_number": sale["no"], "receipt_type": "SALE", "store_id": sale["shop"], "total_money": money, **nothing,
        **dict.fromkeys(("created_at", "updated_at", "receipt_date"), sale["at"]), "total_discounts": [], "total_taxes": [],
        "line_items": [line | {"line_taxes": [], "line_modifiers": []}],
        "payments": [{"name": sale["paid_with"], "type": "CASH", "money_amount": money}],
    }  # fmt: skip
    return [json.dumps(receipt).encode()]


class Tills:
    """The tills, two sales a page."""

    def __init__(self) -> None:
        import tests.pos.third_source as reader

        self.reader, self.connection_id, self.requests, self.server_time = reader, "tills", 0, None

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[ApiPage]:
        bodies = [
            json.dumps(sale).encode() for sale in sorted(SALES, key=lambda sale: str(sale["at"]))
        ]
        rows = [
            r
            for r in map(read_record, bodies)
            if since <= r.updated_at and (until is None or r.updated_at < until)
        ]
        for first in range(int(cursor or 0), max(len(rows), 1), 2):
            yield ApiPage(
                rows[first : first + 2], str(first + 2) if first + 2 < len(rows) else None
            )

    def catalog(self) -> dict[str, list[bytes]]:
        return {"stores": [b'{"id":"s1","name":"Market"}']}


def open_tills() -> Tills:
    return Tills()
