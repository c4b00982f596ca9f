"""Months joined to a longer span: exact, and the same in any order.

summarize(A + B) = merge(summarize(A), summarize(B)) when no receipt is in both. How a column merges
follows from the schema: a column of the key, or a label, names the row; `first_*` is the least and
`last_*` the greatest; a flag holds where it held everywhere; `seconds` (the longest delay) is the
greatest; every other count, quantity and amount adds up. `stores` and `employees` are descriptions:
the newest month's counts. Nulls are left out, and a column is null where all were.
The pairs of a wide month are the exception: baskets.py leaves out the rare ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa

from pipeline import schema
from pipeline.summarize.relations import connect, tabulate_months, with_month

SPAN = date(2000, 1, 1)
"""The month of the merged rows, which have none."""
DESCRIPTIONS = (schema.STORES, schema.EMPLOYEES)


def merge(
    months: Mapping[date, Mapping[str, pa.Table]],
    decimals: int,
    datasets: Sequence[schema.Dataset] = schema.SUMMARY,
    *,
    threads: int = 2,
    memory_limit: str = "1GB",
) -> dict[str, pa.Table]:
    """The tables of `datasets` for all `months` together, sorted by key."""
    with connect(threads, memory_limit, None) as connection:
        merged = {}
        for dataset in datasets:
            parts = [with_month(tables[dataset.name], month) for month, tables in months.items()]
            connection.register(
                "parts",
                pa.concat_tables(parts or [with_month(schema.empty(dataset, decimals), date.min)]),
            )
            query = f"SELECT DATE '{SPAN}' AS month, * FROM ({merge_query(dataset)})"
            tables = tabulate_months(connection, query, dataset, decimals, [SPAN])
            merged[dataset.name] = tables[SPAN]
        return merged


def merge_query(dataset: schema.Dataset) -> str:
    """The query that merges `parts`, made from the columns of `dataset`."""
    if dataset in DESCRIPTIONS:
        key = ", ".join(dataset.key)
        return (
            f"SELECT * EXCLUDE (month) FROM parts QUALIFY row_number() OVER (PARTITION BY {key}"
            " ORDER BY month DESC) = 1"
        )
    return (
        f"SELECT {', '.join(merge_column(dataset, column) for column in dataset.columns)} FROM"
        " parts GROUP BY ALL"
    )


def merge_column(dataset: schema.Dataset, column: schema.Column) -> str:
    """How a column merges, as SQL: by its position in the key, name and kind."""
    name = f'"{column.name}"'
    if column.name in dataset.key or column.kind == "label":
        return name
    if column.name.startswith("first_"):
        return f"min({name}) AS {name}"
    if column.name.startswith("last_") or column.name == "seconds":
        return f"max({name}) AS {name}"
    if column.kind == "flag":
        return f"bool_and({name}) AS {name}"
    return f"sum({name}){'::BIGINT' if column.kind == 'count' else ''} AS {name}"
