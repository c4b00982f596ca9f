"""A real shop on a loopback port, whose clock the test moves, and the pipeline that asks it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from pipeline.simulator import Book, Server, Shop, serve
from tests.conftest import Runner
from tests.load.conftest import (
    BUCKET,
    moto_server,
    new_url,
    seaweed,
    seaweed_server,
)

FIRST = date(2026, 10, 28)


class Till:
    """A small shop with a history of its own since FIRST, and the runner of a pipeline that
    extracts it.
    """

    def __init__(self, server: Server, book: Book, runner: Runner):
        self.server, self.book, self.luigi = server, book, runner
        runner.environment["LOYVERSE_TOKEN"] = server.token
        runner.configure(
            "pos",
            url=server.url,
            history_starts=FIRST,
            rate_requests=0,
            allowed_lateness_days=1,
            spool=runner.folder / "spool",
        )
        self.at(datetime(2026, 10, 31, 12, tzinfo=UTC))

    def at(self, instant: datetime) -> Till:
        """Move both clocks to `instant`."""
        self.server.now = lambda: instant
        self.luigi.configure("pos", now=instant.isoformat())
        return self

    def night(self, *arguments: str, **kwargs: object) -> str:
        return self.luigi("Nightly", *arguments, **kwargs)

    def some_receipt(self, day: date, kind: str = "SALE", hour: int = 0) -> dict:
        """A receipt received on that UTC date, from that hour on, which nothing will happen to any
        more.
        """
        since = datetime.combine(day, time(hour), UTC)
        for receipt in served(self.server, since, since + timedelta(hours=24 - hour)):
            plain = (
                receipt["cancelled_at"] is None
                and receipt["total_discount"] == 0
                and len(receipt["payments"]) == 1
            )
            if plain and receipt["receipt_type"] == kind:
                return receipt
        raise LookupError(f"no such {kind} on {day}")

    def figures(self, month: str = "2026-10", kind: str = "monthly") -> dict:
        return json.loads(
            (self.luigi.folder / "lake" / "reports" / kind / month / "figures.json").read_text()
        )


def served(server: Server, since: datetime, until: datetime) -> list[dict]:
    """All receipts that the shop shows as created in [since, until), newest first."""
    from pipeline.simulator import Query
    from pipeline.simulator.ids import millis

    query = Query(created_min=millis(since), created_max=millis(until) - 1)
    return [
        json.loads(entry.read()) for entry in server.source.receipts(millis(server.now()), query)
    ]


@pytest.fixture
def till(luigi: Runner, tmp_path: Path) -> Iterator[Till]:
    book = Book(Shop(opened=date(2026, 10, 1), receipts_per_day=12))
    with serve(book) as server:
        yield Till(server, book, luigi)


@pytest.fixture
def quiet_till(luigi: Runner) -> Iterator[Till]:
    """Five days of plain sales to which nothing happens by itself."""
    shop = Shop(opened=date(2026, 10, 1), receipts_per_day=12)
    book = Book(
        rows={
            name: [json.loads(entry.read()) for entry in shop.rows(0, name)]
            for name in ("stores", "items", "categories", "employees")
        }
    )
    with serve(shop, now=lambda: datetime(2026, 11, 1, tzinfo=UTC)) as server:
        sales = served(
            server, datetime(2026, 10, 28, 11, tzinfo=UTC), datetime(2026, 11, 1, 11, tzinfo=UTC)
        )
    for sale in reversed(sales):
        if (
            sale["receipt_type"] == "SALE"
            and sale["cancelled_at"] is None
            and sale["created_at"][:10] == sale["receipt_date"][:10]
        ):
            book.add(sale, datetime.fromisoformat(sale["created_at"]))
    with serve(book) as server:
        yield Till(server, book, luigi)
