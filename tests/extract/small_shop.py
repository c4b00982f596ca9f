"""A small shop, its windows, and a client whose waiting takes no time: what the tests of extraction
are built from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pipeline.extract.fetch import FetchedPages, fetch_pages
from pipeline.extract.http import Http
from pipeline.pos.loyverse.client import Loyverse
from pipeline.pos.source import Record, Window
from pipeline.simulator import Server
from tests.support.book import Book

NOW = datetime(2026, 10, 31, 12, tzinfo=UTC)
START = datetime(2026, 10, 1, 11, tzinfo=UTC)
DAY = timedelta(days=1)


def windows(days: int, first: datetime = START) -> list[Window]:
    """Windows of a day each that follow each other without gaps from `first`."""
    return [
        Window((first + n * DAY).date(), first + n * DAY, first + (n + 1) * DAY)
        for n in range(days)
    ]


def receipt(number: str, sold_at: datetime | str, **fields: object) -> dict[str, object]:
    """A receipt as a POS would send it, small."""
    sold = sold_at if isinstance(sold_at, str) else sold_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "receipt_number": number,
        "receipt_type": "SALE",
        "receipt_date": sold,
        "store_id": "s1",
        "total_money": 10.5,
        "note": None,
        **fields,
    }


def shop(count: int, start: datetime = START, step: timedelta = timedelta(minutes=30)) -> Book:
    """A shop that sold `count` receipts, one every `step`, each received as it was sold."""
    book = Book()
    for n in range(count):
        moment = start + n * step
        book.add(receipt(f"1-{n + 1000}", moment), moment)
    return book


@dataclass
class FakeClock:
    """Time that passes only by sleeping."""

    now: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def connect(
    server: Server, fake_clock: FakeClock, limit: int = 250, max_pages: int = 20_000, **options
) -> Loyverse:
    http = Http(
        server.url,
        server.token,
        **{
            "sleep": fake_clock.sleep,
            "clock": fake_clock.clock,
            "random": lambda: 0.0,
            **options,
        },
    )
    return Loyverse(http, "test", now=lambda: NOW, limit=limit, max_pages=max_pages)


def gather(result: FetchedPages) -> dict[date, dict[date | None, list[Record]]]:
    """All that a fetch hands out, by window and date of sale."""
    return {window.date: dict(records) for window, records in result.windows}


def numbers(result: FetchedPages) -> list[str]:
    """The numbers of all receipts that a fetch hands out, in its order."""
    return [
        record.number or ""
        for records in gather(result).values()
        for rows in records.values()
        for record in rows
    ]


def fetch_first_windows(source: object, days: int, folder: Path, **options) -> FetchedPages:
    """An unbounded fetch of the first `days` windows, as a run makes it."""
    return fetch_pages(
        source, windows(days), **{"bounded": False, "state_folder": folder, "now": NOW, **options}
    )
