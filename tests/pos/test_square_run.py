"""A shop on Square through the whole pipeline: two runs, an order that closes late, and a check."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.simulator import Shop
from pipeline.simulator.ids import millis, stamp
from pipeline.simulator.square import SquareShop
from tests.support.order_book import OrderBook
from tests.support.runner import Runner
from tests.support.server import serve_square

FIRST = date(2026, 10, 28)
NIGHT = datetime(2026, 10, 31, 12, tzinfo=UTC)


def online_order(built: datetime) -> dict[str, Any]:
    """An order that is paid and waits to be picked up."""
    money = {"amount": 12300, "currency": "MXN"}
    line = {
        "uid": "1",
        "name": "Charola para fiesta",
        "quantity": "1",
        "base_price_money": money,
        "variation_total_price_money": money,
        "total_money": money,
    }
    moment = stamp(millis(built))
    return {
        "id": "waits",
        "state": "OPEN",
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
        "line_items": [line],
        "total_money": money,
        "tenders": [{"id": "t", "type": "CARD", "amount_money": money, "created_at": moment}],
        "fulfillments": [{"type": "PICKUP", "state": "PROPOSED"}],
    }


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """What the lake's tables say."""
    with duckdb.connect() as connection:
        for name in ("receipts", "payments", "quarantine"):
            files = folder / "lake" / name / "**" / "*.parquet"
            connection.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{files}', hive_partitioning=true)"
            )
        return connection.execute(query).fetchall()


@pytest.mark.slow
@pytest.mark.real_server
def test_two_runs_of_a_shop_on_square(luigi: Runner) -> None:
    shop = SquareShop(Shop(seed=9, opened=date(2026, 10, 20), receipts_per_day=15))
    book = OrderBook(shop)
    place = shop.locations(millis(NIGHT))[0]["id"]
    built = NIGHT - timedelta(days=2)
    book.plant(online_order(built) | {"location_id": place}, built)
    with serve_square(book, now=lambda: NIGHT) as server:
        luigi.environment["SQUARE_TOKEN"] = server.token
        luigi.configure(
            "pos",
            source="square",
            url=server.url,
            history_starts=FIRST,
            rate_requests=0,
            allowed_lateness_days=1,
            state_folder=luigi.folder / "state",
            now=NIGHT.isoformat(),
        )
        luigi("MonthlySales", "--month", "2026-10")
        counted = rows(luigi.folder, "SELECT count(*), sum(total), sum(paid) FROM receipts")[0]
        assert counted[0] > 20 and counted[1] == counted[2]
        held = "SELECT receipt_number, reason, total FROM quarantine"
        assert [tuple(map(str, row)) for row in rows(luigi.folder, held)] == [
            ("waits", "paid_not_closed", "123.00")
        ]
        later = NIGHT + timedelta(days=1)
        book.change(
            "waits",
            later - timedelta(hours=20),
            state="COMPLETED",
            closed_at=stamp(millis(later - timedelta(hours=20))),
        )
        server.now = lambda: later + timedelta(days=1)
        luigi.configure("pos", now=(later + timedelta(days=1)).isoformat())
        luigi("MonthlySales", "--month", "2026-10")
        assert rows(luigi.folder, held) == []
        sold = "SELECT business_day, total, paid FROM receipts WHERE receipt_number = 'waits'"
        assert [
            (str(day), str(total), str(paid)) for day, total, paid in rows(luigi.folder, sold)
        ] == [("2026-10-31", "123.00", "123.00")]
        code, output = luigi.pos("verify")
    assert code == 0, output
