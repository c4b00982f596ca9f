"""A group with one store on Loyverse and one on Square, run in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import luigi
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import settings
from pipeline.simulator import Shop
from pipeline.simulator.square import SquareShop
from tests.dag.in_process import configured, forget, work
from tests.support.book import Book
from tests.support.order_book import OrderBook
from tests.support.server import serve, serve_square

FIRST, LAST, MONTH = date(2026, 10, 28), date(2026, 10, 30), date(2026, 10, 1)
NOW = datetime(2026, 10, 31, 12, tzinfo=UTC)
OPENED = date(2026, 10, 20)
BOTH = "loyverse, square"


@dataclass
class Group:
    """The shops behind their real servers; `places` are more locations of Square."""

    folder: Path
    loyverse: Book
    square: OrderBook
    addresses: dict[str, str]
    clock: dict[str, datetime]
    places: list[dict[str, Any]]
    pos: dict[str, str] = field(default_factory=dict)
    shop: dict[str, str] = field(default_factory=dict)

    def options(self, source: str, lake: str) -> dict[str, dict[str, str]]:
        """The settings of a lake that these sources fill."""
        names = [name.strip() for name in source.split(",")]
        places = ", ".join(
            f'"{name}": "{address}"' for name, address in self.addresses.items() if name in names
        )
        return {
            "pos": {
                "source": source,
                "url": f"{{{places}}}",
                "history_starts": str(FIRST),
                "allowed_lateness_days": "1",
                "rate_requests": "0",
                "max_retry_wait_seconds": "0.1",
                "state_folder": str(self.folder / f"state-{lake}"),
                "now": self.clock["now"].isoformat(),
                **self.pos,
            },
            "shop": self.shop,
            "lake": {"url": str(self.folder / lake)},
            "engine": {"workers": "1"},
            "worker": {"no_install_shutdown_handler": "true", "ping_interval": "600"},
        }

    @contextmanager
    def process(self, source: str = BOTH, lake: str = "both") -> Iterator[None]:
        """A process that knows nothing of the others."""
        forget()
        with configured(self.options(source, lake)):
            settings.install_guards()
            try:
                yield
            finally:
                forget()

    def run(self, make: type[luigi.Task], source: str = BOTH, lake: str = "both") -> bool:
        """Whether the month's task went well, with all that it needs."""
        with self.process(source, lake):
            return work(make(month=MONTH))

    def table(self, name: str, lake: str = "both") -> pa.Table:
        """A table of the month."""
        folder = self.folder / lake
        place = folder / "summary" / name if (folder / "summary" / name).exists() else folder / name
        return pq.read_table(place / "year=2026/month=10" / f"{name}.parquet", partitioning=None)

    def rows(self, name: str, lake: str = "both") -> list[dict[str, Any]]:
        """The rows of a table of the month, texts as texts."""
        return self.table(name, lake).to_pylist()


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Group]:
    """Two small shops that have nothing in common."""
    loyverse = Book(Shop(seed=5, opened=OPENED, stores=1, receipts_per_day=5))
    shop = SquareShop(Shop(seed=9, opened=OPENED, stores=1, receipts_per_day=4))
    places: list[dict[str, Any]] = []
    square, clock = OrderBook(shop, places), {"now": NOW}
    with (
        serve(loyverse, now=lambda: clock["now"]) as entry,
        serve_square(square, now=lambda: clock["now"]) as other,
    ):
        monkeypatch.setenv("LOYVERSE_TOKEN", entry.token)
        monkeypatch.setenv("SQUARE_TOKEN", other.token)
        urls = {"loyverse": entry.url, "square": other.url}
        yield Group(tmp_path, loyverse, square, urls, clock, places)
