"""Reconcile the amounts of the lake, month by month, to the minor unit.

    receipt = its rows in sales = its payments
    total = net + tax_added + tip + surcharge + surcharge_tax + gift_cards + rounding
    net = gross - discount
    every receipt once, in one month; no row without its receipt
    records in = counted + quarantined
    the month is its days; the days of the summary are the month's receipts

Needs a lake whose files are what their manifests say (audit.py). Each finding names the first
receipt or day that differs. Sound bytes that do not add up are a defect of the code or come from
another version, and the same code would build them again, so these findings are not repairable.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.load import MONTH_DATASET, STAGING, SUMMARY, Lake
from pipeline.load.day_object import FILE, unpack_tables
from pipeline.load.parquet import from_bytes
from pipeline.maintenance.findings import LakeFinding, MonthRange

_SHARED = ("gross", "discount", "net", "tax_included", "tax_added")
_ROWS = ", ".join(f"sum({name}) AS {name}" for name in _SHARED)
_DIFFER = " OR ".join(f"coalesce(rows.{name}, 0) <> receipts.{name}" for name in _SHARED)

CHECKS = {
    "its rows in sales do not add up to it": (
        f"""
        SELECT receipt_number FROM receipts
        LEFT JOIN (SELECT store_id, receipt_number, {_ROWS} FROM sales GROUP BY ALL) AS rows
        USING (store_id, receipt_number) WHERE {_DIFFER}"""
    ),
    "its payments do not add up to the paid amount": (
        """
        SELECT receipt_number FROM receipts LEFT JOIN (
            SELECT store_id, receipt_number, sum(amount) AS amount FROM payments GROUP BY ALL
        ) USING (store_id, receipt_number) WHERE coalesce(amount, 0) <> paid"""
    ),
    "its total is not the sum of its parts, or net not gross - discount": (
        """
        SELECT receipt_number FROM receipts
        WHERE total <>
            net + tax_added + tip + surcharge + surcharge_tax + gift_cards + rounding
            OR net <> gross - discount"""
    ),
    "it is in the month twice": (
        "SELECT receipt_number FROM receipts GROUP BY store_id, receipt_number HAVING count(*) > 1"
    ),
    "a row of sales or payments has no receipt": (
        """
        SELECT receipt_number FROM (
            SELECT store_id, receipt_number FROM sales
            UNION SELECT store_id, receipt_number FROM payments)
        ANTI JOIN receipts USING (store_id, receipt_number)"""
    ),
}
_SUMMARY_DIFFERS = """
    SELECT business_day FROM (
        SELECT business_day, store_id, currency,
            count(*) FILTER (WHERE receipt_type = 'SALE' AND NOT is_cancelled) AS receipts,
            sum(net) AS net_sales, sum(total) AS collected, sum(paid) AS paid
        FROM receipts GROUP BY ALL
        EXCEPT SELECT business_day, store_id, currency,
            sum(receipts), sum(net_sales), sum(collected), sum(paid) FROM days GROUP BY ALL)"""
_REMEDY = (
    "a defect of this project or of another version: `pos rebuild` that month, and report it if it"
    " stays"
)


def reconcile(
    lake: Lake, months: MonthRange, broken: Container[tuple[str, str]] = ()
) -> Iterator[LakeFinding]:
    """Differences in `months`; skips (dataset, partition)s in `broken`."""
    earlier = pa.chunked_array([], pa.string())
    for month in filter(months.holds, lake.partitions(MONTH_DATASET)):
        newest = lake.current(MONTH_DATASET, month)
        if newest is None:
            continue
        if (MONTH_DATASET, month) in broken:
            yield _skipped(f"the sums of {month}", f"{MONTH_DATASET} {month}")
            continue
        tables = {
            name: from_bytes(data, f"{MONTH_DATASET} {month} {name}")
            for name, data in lake.read(MONTH_DATASET, month).items()
        }
        with duckdb.connect() as engine:
            for name, table in tables.items():
                engine.register(name, table)
            for what, query in CHECKS.items():
                yield from _violations(engine, query, MONTH_DATASET, month, f"receipt {{}}: {what}")
            if (SUMMARY, month) in broken:
                yield _skipped(f"the summary of {month}", f"{SUMMARY} {month}")
            else:
                yield from _check_summary(lake, engine, month, newest.digest)
        yield from _check_counts(lake, month, tables)
        yield from _check_days(lake, month, tables["receipts"], broken)
        receipts = tables["receipts"]
        keys = pc.binary_join_element_wise(
            receipts["store_id"].cast(pa.string()), receipts["receipt_number"], "/"
        )
        twice = pc.filter(keys, pc.is_in(keys, earlier))
        if len(twice):
            yield _finding(MONTH_DATASET, month, f"receipt {twice[0]} is in another month too")
        earlier = pa.chunked_array([*earlier.chunks, *keys.chunks], pa.string())


def _finding(dataset: str, partition: str, what: str) -> LakeFinding:
    return LakeFinding(f"{dataset} {partition}", what, _REMEDY, dataset, partition)


def _skipped(location: str, partition: str) -> LakeFinding:
    what, remedy = f"not checked, because {partition} is damaged", "repair that, then verify again"
    return LakeFinding(location, what, remedy, is_wrong=False)


def _violations(
    engine: duckdb.DuckDBPyConnection, query: str, dataset: str, partition: str, what: str
) -> Iterator[LakeFinding]:
    """A finding for the rows of `query`; `what` has a field for the first."""
    names = sorted(str(row[0]) for row in engine.execute(query).fetchall())
    if names:
        more = f" and {len(names) - 1} more" if names[1:] else ""
        yield _finding(dataset, partition, what.format(names[0] + more))


def _check_summary(
    lake: Lake, engine: duckdb.DuckDBPyConnection, month: str, sales_digest: str
) -> Iterator[LakeFinding]:
    """Check the days of the summary, unless it is older than its month."""
    if lake.current(SUMMARY, month) is None:
        return
    inputs = lake.metadata(SUMMARY, month).get("inputs", {})
    if inputs.get(f"{MONTH_DATASET}/{month}") != sales_digest:
        return  # the next run builds it again
    engine.register("days", from_bytes(lake.read(SUMMARY, month, ["days"])["days"]))
    what = "day {}: its figures are not those of its receipts"
    yield from _violations(engine, _SUMMARY_DIFFERS, SUMMARY, month, what)


def _check_counts(lake: Lake, month: str, tables: dict[str, pa.Table]) -> Iterator[LakeFinding]:
    """Check that records in = counted + quarantined."""
    metadata = lake.metadata(MONTH_DATASET, month)
    counted, quarantined = tables["receipts"].num_rows, tables["quarantine"].num_rows
    counts = metadata["received"], metadata["counted"], metadata["quarantined"]
    if counts != (counted + quarantined, counted, quarantined):
        received = f"{metadata['received']} receipts were received"
        counted = f"{counted} were counted and {quarantined} are in quarantine"
        yield _finding(MONTH_DATASET, month, f"{received}, {counted}")


def _check_days(
    lake: Lake, month: str, receipts: pa.Table, broken: Container[tuple[str, str]]
) -> Iterator[LakeFinding]:
    """Check that the month holds exactly the receipts of its days."""
    grouped = receipts.group_by("business_day", use_threads=False).aggregate(
        [("total", "sum"), ("total", "count")]
    )
    totals = {
        str(row["business_day"]): (row["total_count"], row["total_sum"])
        for row in grouped.to_pylist()
    }
    for name, digest in lake.metadata(MONTH_DATASET, month).get("inputs", {}).items():
        day = name.removeprefix(f"{STAGING}/")
        total, newest = totals.pop(day, (0, None)), lake.current(STAGING, day)
        if (STAGING, day) in broken:
            yield _skipped(f"day {day} of {month}", name)
        elif newest is None or newest.digest != digest:
            continue  # rebuilt since: the next run builds the month again
        else:
            files = lake.read(STAGING, day)
            tables = unpack_tables(files[FILE], name) if files else {}
            column = tables["receipts"]["total"] if tables else pa.array([], pa.int64())
            if total != (len(column), pc.sum(column).as_py()):
                yield _finding(MONTH_DATASET, month, f"day {day} differs from {name}")
    if totals:
        yield _finding(
            MONTH_DATASET,
            month,
            f"day {min(totals)} is not one of the days that the month was built from",
        )
