"""One simulated shop read through both APIs: raw records, catalogs, and business days."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.pos import open_reader, open_source
from pipeline.pos.source import Record, Source, number_reader, sold_date
from pipeline.simulator import Shop
from pipeline.simulator.square import SquareShop
from pipeline.transform import Catalog, Raw, Rules, Store, read_menu
from pipeline.transform.build_days import build_days
from tests.support.server import serve, serve_square
from tests.support.square_events import EventShop

ROOT = Path(__file__).parents[2]
MENU = read_menu((ROOT / "config" / "menu.toml").read_text(encoding="utf-8"), "config/menu.toml")
STORE = Store("America/Mexico_City", time(5), "MXN", 2)


def rules_of(name: str) -> Rules:
    """The rules of the transform for records of a point of sale."""
    reader = open_reader(name)
    number_of = number_reader(reader) if reader.translator else None
    return Rules({}, STORE, MENU, 2, None, 366, reader.translator, number_of)


@contextmanager
def serving(name: str, shop: Shop, now: datetime, *, events: bool = False) -> Iterator[Source]:
    """The shop behind the API of a point of sale."""
    server = (
        serve(shop, now=lambda: now)
        if name == "loyverse"
        else serve_square(EventShop(shop) if events else SquareShop(shop), now=lambda: now)
    )
    with server as api:
        yield open_source(name, url=api.url, token=api.token, rate=None)


@dataclass(frozen=True)
class Reading:
    """What a point of sale said of a period."""

    name: str
    records: list[Record]
    lists: dict[str, list[bytes]]

    def catalog(self) -> Catalog:
        """Its catalog, in canonical form; without Loyverse's composites, which Square cannot say."""
        lists = {name: [json.loads(row) for row in rows] for name, rows in self.lists.items()}
        for item in lists.get("items", ()):
            item["is_composite"] = False
        body = json.dumps(lists)
        return Catalog.read(body.encode(), open_reader(self.name).to_canonical_catalog)

    def tables(self, first: date, last: date) -> dict[str, pa.Table]:
        """The lake's tables of some business days."""
        objects: dict[str, list[bytes]] = defaultdict(list)
        for record in self.records:
            objects[str(sold_date(record))].append(record.body)
        raws = [
            Raw(sold, f"raw/receipts/sold={sold}/x", b"".join(body + b"\n" for body in bodies))
            for sold, bodies in objects.items()
        ]
        days = {
            first + timedelta(days=n): {raw.name for raw in raws}
            for n in range((last - first).days + 1)
        }
        catalog = self.catalog()
        built = build_days(days, raws, lambda _: catalog, rules_of(self.name)).values()
        return {
            name: pa.concat_tables([getattr(day, name) for day in built]).unify_dictionaries()
            for name in ("receipts", "sales", "payments", "quarantine")
        }


def read(source: Source, name: str, since: datetime, until: datetime) -> Reading:
    """All records that changed in a period, the newest version of each, and the catalog."""
    newest = {
        record.number: record for page in source.receipts(since, until) for record in page.records
    }
    return Reading(name, list(newest.values()), source.catalog())


def sums(
    table: pa.Table, keys: list[str], values: list[str]
) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Sums of `values` by `keys`, rows that are all zero left out."""
    totals: dict[tuple[Any, ...], list[Any]] = {}
    for row in table.select([*keys, *values]).to_pylist():
        total = totals.setdefault(tuple(row[key] for key in keys), [0] * len(values))
        for place, name in enumerate(values):
            total[place] += row[name] or 0
    return {key: tuple(total) for key, total in totals.items() if any(total)}


def instant(text: str) -> datetime:
    """An instant of a test, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
