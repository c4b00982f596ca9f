"""One month of the lake counted: lake tables in, the tables of schema.SUMMARY out.

Before anything is counted, check.py compares the receipts with their rows and payments, and the
counts in with the counts out; every table is then checked for unique keys. Same input, same tables,
whatever the number of threads and the order of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa

from pipeline import schema
from pipeline.errors import DataError
from pipeline.summarize import (
    baskets,
    categories,
    channel_hours,
    choices,
    combo_parts,
    combos,
    customers,
    days,
    discounts,
    hours,
    item_weekdays,
    items,
    prices,
    quality,
    receipt_figures,
    refunded_items,
    staff,
    tenders,
)
from pipeline.summarize.check import COUNTS, check_counts, check_money
from pipeline.summarize.lake import LakeRows, connect, register, tabulate

QUERIES = {
    module.__name__.rpartition(".")[2]: module.QUERY
    for module in (
        days,
        hours,
        channel_hours,
        items,
        item_weekdays,
        categories,
        prices,
        combos,
        combo_parts,
        choices,
        tenders,
        discounts,
        staff,
        refunded_items,
        baskets,
        customers,
        quality,
    )
} | {"stores": "FROM stores", "employees": "FROM employees"}


def summarize(
    month: date,
    receipts: LakeRows,
    sales: LakeRows,
    payments: LakeRows,
    quarantine: LakeRows,
    stores: pa.Table,
    employees: pa.Table,
    metadata: Mapping[str, int],
    decimals: int,
    *,
    threads: int = 2,
    memory_limit: str = "1GB",
    spill: Path | None = None,
) -> dict[str, pa.Table]:
    """Every table of schema.SUMMARY and RECEIPT_FIGURES by name, sorted by its key.

    The four lake tables may be tables or datasets; `metadata` has the transform's counts of the
    complete month. Raises DataError when a row is of another month, a receipt occurs twice, the
    counts do not agree, or a key names two rows; MoneyNotConserved when sales or payments do not
    add up to the receipts; ConfigError when memory does not suffice.
    """
    missing = [name for name in COUNTS if name not in metadata]
    if missing:
        raise DataError(f"{month:%Y-%m}: the counts lack {missing}; build the month's days again")
    tables = {
        "lake_receipts": receipts,
        "lake_sales": sales,
        "lake_payments": payments,
        "lake_quarantine": quarantine,
        "stores": stores,
        "employees": employees,
    }
    with connect(threads, memory_limit, spill) as connection:
        register(connection, tables, {name: metadata[name] for name in ("fetched", "superseded")})
        check_counts(connection, month, metadata)
        check_money(connection, month)
        queries = QUERIES | {
            "baskets": baskets.choose_query(connection),
            "receipt_figures": receipt_figures.prepare_query(connection, tables),
        }
        return {
            dataset.name: tabulate(connection, queries[dataset.name], dataset, decimals)
            for dataset in (*schema.SUMMARY, schema.RECEIPT_FIGURES)
        }
