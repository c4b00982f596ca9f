"""Two months in a lake on disk, as a reader finds them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.describe import TableDescription, describe_tables
from pipeline.load import (
    BEFORE_HISTORY,
    MONTH_DATASET,
    MONTHLY,
    SHIFTS,
    SUMMARY,
    Lake,
    fingerprint_of,
    open_storage,
)
from pipeline.load.parquet import to_bytes
from tests.describe.places import PLACES, REPORTED
from tests.summarize.lake_month import draw_month, summarize_month

GOLDEN = Path(__file__).parents[1] / "reports/golden/en_US"


@pytest.fixture(scope="session")
def months() -> dict[str, dict[str, pa.Table]]:
    """Every table of two months, by its name as a reader knows it."""
    result = {}
    for n in (9, 10):
        month = draw_month(n, 150, first=date(2026, n, 1))
        cancelled = {
            row["receipt_number"]
            for row in month.receipts
            if row["is_cancelled"] and (row["gross"] or row["units"] or row["total"])
        }  # drawn with amounts, which the lake never holds
        assert any(
            r["is_cancelled"] and r["receipt_number"] not in cancelled for r in month.receipts
        )
        month = month.part(lambda number, cancelled=cancelled: number not in cancelled)
        tables = month.arguments()
        summary = summarize_month(**tables)
        result[f"2026-{n:02}"] = {d.name: tables[d.name] for d in schema.MONTH_TABLES} | {
            f"summary_{d.name}": summary[d.name] for d in schema.SUMMARY
        }
        result[f"2026-{n:02}"]["outside"] = _outside(n)
        result[f"2026-{n:02}"]["shifts"] = schema.empty(schema.SHIFTS, PLACES)
    return result


@pytest.fixture(scope="session")
def folder(
    months: dict[str, dict[str, pa.Table]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with a lake in data/."""
    root = tmp_path_factory.mktemp("analyst")
    lake = Lake(open_storage(str(root / "data")))
    for name, tables in months.items():
        for dataset, files, prefix in (
            (MONTH_DATASET, schema.MONTH_TABLES, ""),
            (SUMMARY, schema.SUMMARY, "summary_"),
            (BEFORE_HISTORY, (schema.BEFORE_HISTORY,), ""),
            (SHIFTS, (schema.SHIFTS,), ""),
        ):
            bodies = {d.name: to_bytes(tables[prefix + d.name], d.order or d.key) for d in files}
            lake.publish(
                dataset, name, fingerprint_of(1, {}, []), bodies, {}, expected_manifest=None
            )
    files = {name: (GOLDEN / name).read_bytes() for name in ("figures.json", "report.md")}
    lake.publish(
        MONTHLY, REPORTED, fingerprint_of(1, {}, []), files, {"as_of": ""}, expected_manifest=None
    )
    return root


@pytest.fixture(scope="session")
def tables(folder: Path) -> list[TableDescription]:
    return describe_tables(
        PLACES,
        lambda d: f"{folder}/data/{f'summary/{d.name}' if d in schema.SUMMARY else d.name}",
    )


def _outside(month: int) -> pa.Table:
    """One receipt before the history in September, none in October."""
    row = {
        "received": date(2026, 9, 5),
        "business_day": date(2025, 12, 30),
        "store_id": "s1",
        "receipt_number": "1-7",
        "receipt_type": "SALE",
        "is_cancelled": False,
        "reason": None,
        "total": Decimal("12.500"),
        "currency": "MXN",
        "raw_partition": "2026-09-05",
        "record": "a:1",
    }
    return pa.Table.from_pylist(
        [row] * (month == 9), schema=schema.arrow(schema.BEFORE_HISTORY, PLACES)
    )
