"""`FakePos`: a simulated shop behind a real HTTP server, and runs over it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta

from pipeline.simulator import Server
from tests.support.book import Book
from tests.support.runner import Runner

FIRST = date(2026, 10, 28)


class FakePos:
    """A small shop with a history since FIRST, and a runner that extracts it."""

    def __init__(self, server: Server, book: Book, runner: Runner):
        self.server, self.book, self.luigi = server, book, runner
        runner.environment["LOYVERSE_TOKEN"] = server.token
        runner.configure(
            "pos",
            url=server.url,
            history_starts=FIRST,
            rate_requests=0,
            allowed_lateness_days=1,
            state_folder=runner.folder / "state",
        )
        self.set_clock(datetime(2026, 10, 31, 12, tzinfo=UTC))

    def set_clock(self, instant: datetime) -> FakePos:
        """Move both clocks to `instant`."""
        self.server.now = lambda: instant
        self.luigi.configure("pos", now=instant.isoformat())
        return self

    def run_nightly(self, *arguments: str, **kwargs: object) -> str:
        return self.luigi("Nightly", *arguments, **kwargs)

    def some_receipt(self, day: date, kind: str = "SALE", hour: int = 0) -> dict:
        """A receipt of that UTC date, from that hour on, that will not change any more."""
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
