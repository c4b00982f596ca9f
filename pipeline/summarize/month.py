"""The summaries of months: lake tables in, the tables of schema.SUMMARY out.

Before the queries run, check.py compares the receipts with their rows and payments, and the
transform's counts with the rows. Then the keys of each table are checked: each names one row. The
same input gives the same tables, with any number of threads and any order of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
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
from pipeline.summarize.relations import MonthRows, connect, register, tabulate_months

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
    months: Mapping[date, MonthRows],
    decimals: int,
    *,
    threads: int = 2,
    memory_limit: str = "1GB",
    spill: Path | None = None,
) -> dict[date, dict[str, pa.Table]]:
    """The tables of SUMMARY and RECEIPT_FIGURES by month and name, sorted by key.

    The tables of a month do not depend on the other months. Raises DataError if a row is of another
    month, a receipt occurs twice, the counts do not agree, or a key names two rows;
    MoneyNotConserved if sales or payments do not add up to the receipts; ConfigError if memory is
    not sufficient.
    """
    for month, rows in months.items():
        missing = [name for name in COUNTS if name not in rows.counts]
        if missing:
            raise DataError(
                f"{month:%Y-%m}: the counts lack {missing}; build the month's days again"
            )
    with connect(threads, memory_limit, spill) as connection:
        months = register(connection, months)
        check_counts(connection, {month: rows.counts for month, rows in months.items()})
        check_money(connection)
        is_wide = baskets.has_wide_month(connection)
        if len(months) == 1 or not is_wide:
            return _run_queries(connection, months, decimals, is_wide)
    summarize_alone = partial(
        summarize, decimals=decimals, threads=threads, memory_limit=memory_limit, spill=spill
    )
    return {month: summarize_alone({month: rows})[month] for month, rows in months.items()}


def _run_queries(
    connection: duckdb.DuckDBPyConnection,
    months: Mapping[date, MonthRows],
    decimals: int,
    is_wide: bool,
) -> dict[date, dict[str, pa.Table]]:
    queries = QUERIES | {"receipt_figures": receipt_figures.prepare_query(connection, months)}
    if is_wide:
        queries["baskets"] = baskets.count_wide_pairs(connection)
    datasets = (*schema.SUMMARY, schema.RECEIPT_FIGURES)
    tables = {
        dataset.name: tabulate_months(connection, queries[dataset.name], dataset, decimals, months)
        for dataset in datasets
    }
    return {month: {name: by[month] for name, by in tables.items()} for month in months}
