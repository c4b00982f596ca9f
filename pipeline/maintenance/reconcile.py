"""Every amount of the lake against the others, month by month, to the minor unit.

    receipt = its rows in sales = its payments; total = net + tax_added + tip + surcharge +
    rounding; net = gross - discount every receipt once, in one month; no row without its receipt in
    = curated + quarantined; the month is its days, receipt by receipt; the summary's days are the
    month's receipts

In: a Lake whose members are what their manifests say (stock.py). Out: findings, each with the first
receipt or day that differs. What does not add up although its bytes are right is a defect of the
code or of another version: made again it is the same, so these findings do not heal.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.load import SALES, STAGING, SUMMARY, VOID, Lake
from pipeline.load.parquet import from_bytes
from pipeline.maintenance.findings import LakeFinding, Span

_SHARED = ("gross", "discount", "net", "tax_included", "tax_added")
_ROWS = ", ".join(f"sum({name}) AS {name}" for name in _SHARED)
_DIFFER = " OR ".join(f"coalesce(rows.{name}, 0) <> receipts.{name}" for name in _SHARED)

LAWS = {
    "its rows in sales do not add up to it": (
        f"""
        SELECT receipt_number FROM receipts LEFT JOIN (SELECT store_id, receipt_number, {_ROWS} FROM sales GROUP BY ALL) AS rows
        USING (store_id, receipt_number) WHERE {_DIFFER}"""
    ),
    "its payments do not add up to what it says was paid": (
        """
        SELECT receipt_number FROM receipts LEFT JOIN (SELECT store_id, receipt_number, sum(amount) AS amount FROM payments GROUP BY ALL)
        USING (store_id, receipt_number) WHERE coalesce(amount, 0) <> paid"""
    ),
    "its total is not net + tax_added + tip + surcharge + rounding, or its net not gross - discount": (
        """
        SELECT receipt_number FROM receipts WHERE total <> net + tax_added + tip + surcharge + rounding OR net <> gross - discount"""
    ),
    "it stands there twice": (
        "SELECT receipt_number FROM receipts GROUP BY store_id, receipt_number HAVING count(*) > 1"
    ),
    "a row of sales or payments has no receipt": (
        """
        SELECT receipt_number FROM (SELECT store_id, receipt_number FROM sales UNION SELECT store_id, receipt_number FROM payments)
        ANTI JOIN receipts USING (store_id, receipt_number)"""
    ),
}
_TOLD = """
    SELECT business_day FROM (
        SELECT business_day, store_id, currency, count(*) FILTER (WHERE receipt_type = 'SALE' AND NOT is_cancelled) AS receipts,
            sum(net) AS net_sales, sum(total) AS collected, sum(paid) AS paid FROM receipts GROUP BY ALL
        EXCEPT SELECT business_day, store_id, currency, sum(receipts), sum(net_sales), sum(collected), sum(paid) FROM days GROUP BY ALL)"""
_REMEDY = (
    "a defect of this project or of another version: `pos rebuild` that month, and report it if it"
    " stays"
)


def reconcile(
    lake: Lake, span: Span, broken: Container[tuple[str, str]] = ()
) -> Iterator[LakeFinding]:
    """All that does not add up in the months of the span; (dataset, partition) pairs that are
    `broken` are left out, with a note.
    """
    seen = pa.chunked_array([], pa.string())
    for month in filter(span.holds, lake.partitions(SALES)):
        if lake.newest(SALES, month).fingerprint == VOID:
            continue
        if (SALES, month) in broken:
            yield _left_out(f"the sums of {month}", f"{SALES} {month}")
            continue
        tables = {
            name: from_bytes(data, f"{SALES} {month} {name}")
            for name, data in lake.read(SALES, month).items()
        }
        with duckdb.connect() as engine:
            for name, table in tables.items():
                engine.register(name, table)
            for what, query in LAWS.items():
                yield from _said(engine, query, SALES, month, "receipt", what)
            if (SUMMARY, month) in broken:
                yield _left_out(f"the summary of {month}", f"{SUMMARY} {month}")
            else:
                yield from _check_summary(lake, engine, month)
        yield from _check_days(lake, month, tables, broken)
        keys = pc.binary_join_element_wise(
            tables["receipts"]["store_id"].cast(pa.string()),
            tables["receipts"]["receipt_number"],
            "/",
        )
        twice = pc.filter(keys, pc.is_in(keys, seen))
        if len(twice):
            yield LakeFinding(
                f"{SALES} {month}",
                f"receipt {twice[0]} stands in another month too",
                _REMEDY,
                SALES,
                month,
            )
        seen = pa.chunked_array([*seen.chunks, *keys.chunks], pa.string())


def _left_out(place: str, partition: str) -> LakeFinding:
    return LakeFinding(
        place,
        f"not added up, because {partition} is broken",
        "repair that first, then verify again",
        is_wrong=False,
    )


def _said(
    engine: duckdb.DuckDBPyConnection,
    query: str,
    dataset: str,
    partition: str,
    unit: str,
    what: str,
) -> Iterator[LakeFinding]:
    found = [str(row[0]) for row in engine.execute(query).fetchall()]
    if found:
        more = f" and {len(found) - 1} more" if found[1:] else ""
        yield LakeFinding(
            f"{dataset} {partition}",
            f"{unit} {min(found)}{more}: {what}",
            _REMEDY,
            dataset,
            partition,
        )


def _check_summary(
    lake: Lake, engine: duckdb.DuckDBPyConnection, month: str
) -> Iterator[LakeFinding]:
    newest = lake.newest(SUMMARY, month)
    if (
        newest
        and newest.fingerprint != VOID
        and f"{SALES}/{month}" in (made_of := lake.metadata(SUMMARY, month).get("inputs", {}))
    ):
        if made_of[f"{SALES}/{month}"] != lake.newest(SALES, month).digest:
            return  # older than its month: the next night makes it again
        engine.register("days", from_bytes(lake.read(SUMMARY, month, ["days"])["days"]))
        yield from _said(
            engine, _TOLD, SUMMARY, month, "day", "its figures are not those of its receipts"
        )


def _check_days(
    lake: Lake, month: str, tables: dict[str, pa.Table], broken: Container[tuple[str, str]]
) -> Iterator[LakeFinding]:
    """In = curated + quarantined; and the month holds exactly its days' receipts."""
    metadata, days = lake.metadata(SALES, month), lake.metadata(SALES, month).get("inputs", {})
    if (
        metadata["fetched"] != metadata["curated"] + metadata["quarantined"]
        or metadata["curated"] != tables["receipts"].num_rows
        or (metadata["quarantined"] != tables["quarantine"].num_rows)
    ):
        yield LakeFinding(
            f"{SALES} {month}",
            f"{metadata['fetched']} receipts came in, {tables['receipts'].num_rows} were curated and "
            f"{tables['quarantine'].num_rows} are in quarantine",
            _REMEDY,
            SALES,
            month,
        )
    grouped = (
        tables["receipts"]
        .group_by("business_day", use_threads=False)
        .aggregate([("total", "sum"), ("total", "count")])
    )
    held = {
        str(row["business_day"]): (row["total_count"], row["total_sum"])
        for row in grouped.to_pylist()
    }
    for name, digest in days.items():
        day, newest = (
            name.removeprefix(f"{STAGING}/"),
            lake.newest(STAGING, name.removeprefix(f"{STAGING}/")),
        )
        if (STAGING, day) in broken:
            held.pop(day, None)
            yield _left_out(f"day {day} of {month}", name)
            continue
        if newest is None or newest.fingerprint == VOID or newest.digest != digest:
            held.pop(day, None)  # re-opened since: the next night makes the month again
            continue
        total = from_bytes(lake.read(STAGING, day, ["receipts"])["receipts"])["total"]
        if held.pop(day, (0, None)) != (len(total), pc.sum(total).as_py()):
            yield LakeFinding(
                f"{SALES} {month}", f"day {day} is not as {name} has it", _REMEDY, SALES, month
            )
    if held:
        yield LakeFinding(
            f"{SALES} {month}",
            f"day {min(held)} is none of the days that it was made of",
            _REMEDY,
            SALES,
            month,
        )
