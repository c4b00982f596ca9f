"""The relations that the queries read, in DuckDB over some months of the lake.

    lake_receipts, lake_sales, lake_payments, lake_quarantine, stores, employees   as in the schema
    receipts   lake_receipts with is_sale and is_refund, both false where cancelled
    rows       the dishes of receipts that are not cancelled, with is_sale and is_refund
    lines      the same as sold: a combo is one line under its own name
    payments   the payments of receipts that are not cancelled, with is_sale and is_refund
    counts     "check", "count": received and superseded receipts, which the tables do not show

Each relation has a column `month` too, and each query's first column is `month`: planning a query
costs more than the rows of a small month, so the queries run over several months together. Amounts
are DECIMAL (their sums DECIMAL(38)); instants UTC, `*_local` on the store's clock. The macro
pick(flag, amount) is the amount if the flag is true, else 0. A receipt is identified by its key
`receipt` (receipt_keys.py). Only `spill` is written.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.errors import ConfigError, DataError
from pipeline.summarize.receipt_keys import KEY, RECEIPT, number_receipts

if TYPE_CHECKING:  # importing it at run time would import pandas
    from pyarrow.dataset import Dataset as Files

LakeRows: TypeAlias = "pa.Table | Files"


class MonthRows(NamedTuple):
    """What the summary of a month is made from.

    The four tables of the month may be Arrow tables or datasets; `counts` are the transform's, of
    the complete month.
    """

    receipts: LakeRows
    sales: LakeRows
    payments: LakeRows
    quarantine: LakeRows
    stores: pa.Table
    employees: pa.Table
    counts: Mapping[str, int]


_KEYED = ("receipts", "sales", "payments")
_OF_LAKE = (*_KEYED, "quarantine")
_CHECKS = ("received", "superseded")
_EPOCH = date(1970, 1, 1)

VIEWS = """
CREATE MACRO pick(flag, amount) AS CASE WHEN flag THEN amount ELSE 0 END;

CREATE VIEW receipts AS SELECT *,
    receipt_type = 'SALE' AND NOT is_cancelled AS is_sale,
        receipt_type = 'REFUND' AND NOT is_cancelled AS is_refund FROM lake_receipts;

CREATE VIEW payments AS SELECT *, receipt_type = 'SALE' AS is_sale,
    receipt_type = 'REFUND' AS is_refund
    FROM lake_payments WHERE NOT is_cancelled;

CREATE VIEW rows AS SELECT *, receipt_type = 'SALE' AS is_sale, receipt_type = 'REFUND' AS is_refund
    FROM lake_sales WHERE NOT is_cancelled;

CREATE TABLE lines AS
    SELECT month, business_day, store_id, currency, receipt, line, is_sale, is_refund, item,
        NULL AS combo, variant, units, unit_price,
        gross, discount, net, tax_included, coalesce(cost, 0) AS cost,
            cost IS NOT NULL AS is_costed,
        pick(cost IS NOT NULL, net) AS costed_net,
            pick(cost IS NOT NULL, tax_included) AS costed_tax_included
    FROM rows WHERE combo IS NULL
    UNION ALL
    SELECT month, business_day, store_id, currency, receipt, line, is_sale, is_refund, combo,
        combo, NULL, combo_quantity, combo_price,
        sum(gross), sum(discount), sum(net), sum(tax_included), coalesce(sum(cost), 0),
            bool_and(cost IS NOT NULL),
        sum(pick(cost IS NOT NULL, net)), sum(pick(cost IS NOT NULL, tax_included))
    FROM rows WHERE combo IS NOT NULL GROUP BY ALL;
"""


@contextmanager
def connect(
    threads: int, memory_limit: str, spill: Path | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A private database; what does not fit in `memory_limit` goes to `spill`.

    Raises ConfigError if memory is not enough and there is no `spill`, or too little room in it.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": memory_limit,
            "temp_directory": str(spill or ""),
            "default_null_order": "nulls_first",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    try:
        connection.execute("SET enable_progress_bar = false")  # it would appear in logs
        yield connection
    except duckdb.OutOfMemoryException as error:
        where = f"with {spill} to spill to" if spill else "and there is no folder to spill to"
        raise ConfigError(
            f"the summary does not fit in {memory_limit} {where}; increase [lake] memory, or make"
            " room for that folder"
        ) from error
    finally:
        connection.close()


def register(
    connection: duckdb.DuckDBPyConnection, months: Mapping[date, MonthRows]
) -> Mapping[date, MonthRows]:
    """Register the rows and counts of `months`, and the views over them.

    Returns the rows; those in memory then have the column `receipt`.
    """
    months, is_numbered = _with_numbers(months)
    for name in MonthRows._fields[:-1]:
        relation = f"lake_{name}" if name in _OF_LAKE else name
        key = f"{KEY} AS {RECEIPT}, " if name in _KEYED and not is_numbered else ""
        parts = {month: getattr(rows, name) for month, rows in months.items()}
        if not key and all(isinstance(part, pa.Table) for part in parts.values()):
            tables = [with_month(part, month) for month, part in parts.items()]
            connection.register(relation, pa.concat_tables(tables))
            continue
        selects = []
        for month, part in parts.items():
            view = f"{relation}_{month:%Y%m}"
            if isinstance(part, pa.Table):
                connection.register(view, part)
            else:  # its own reader stays within memory_limit; Arrow's reads ahead
                connection.read_parquet(part.files).create_view(view)
            selects.append(f"SELECT DATE '{month}' AS month, {key}* FROM {view}")
        connection.execute(f"CREATE VIEW {relation} AS {' UNION ALL '.join(selects)}")
    connection.execute('CREATE TABLE counts (month DATE, "check" VARCHAR, "count" BIGINT)')
    connection.executemany(
        "INSERT INTO counts VALUES (?, ?, ?)",
        [(month, name, rows.counts[name]) for month, rows in months.items() for name in _CHECKS],
    )
    connection.execute(VIEWS)
    return months


def _with_numbers(months: Mapping[date, MonthRows]) -> tuple[Mapping[date, MonthRows], bool]:
    """The rows with numbers of receipts if all are in memory, and whether they are."""
    keyed = [{name: getattr(rows, name) for name in _KEYED} for rows in months.values()]
    if not all(isinstance(table, pa.Table) for tables in keyed for table in tables.values()):
        return months, False
    numbered = zip(months.items(), number_receipts(keyed), strict=True)
    return {month: rows._replace(**tables) for (month, rows), tables in numbered}, True


def with_month(table: pa.Table | pa.RecordBatch, month: date) -> pa.Table | pa.RecordBatch:
    """The rows with a first column `month`."""
    days = np.full(table.num_rows, (month - _EPOCH).days, "i4")
    column = pa.Array.from_buffers(pa.date32(), len(days), [None, pa.py_buffer(days)])
    return table.add_column(0, pa.field("month", pa.date32()), column)


def tabulate_months(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    dataset: schema.Dataset,
    decimals: int,
    months: Iterable[date],
) -> dict[date, pa.Table]:
    """The rows of `query` by month as tables of `dataset`, in the order of its key.

    Raises DataError when two rows have one key: a store with two currencies would do that.
    """
    key = ("month", *dataset.key)
    order = ", ".join(f'"{name}"' for name in key)
    with warnings.catch_warnings():
        # it copies a few rows; sql(query).to_arrow_table() would plan the query twice
        warnings.filterwarnings("ignore", "Arrow output on a DB-API result")
        result = connection.execute(f"FROM ({query}) ORDER BY {order}").to_arrow_table()
    rows = cast(pa.Table, result).combine_chunks()
    twice = _first_repeated(rows.select(key))
    if twice:
        raise DataError(
            f"summary of {dataset.name}: two rows have the key {twice}; has a store two currencies,"
            " or two names?"
        )
    return {
        month: schema.conform(part.select(dataset.names()), dataset, decimals)
        for month, part in _by_month(rows, months).items()
    }


def _by_month(rows: pa.Table, months: Iterable[date]) -> dict[date, pa.Table]:
    """The rows, sorted by month, of each month."""
    if not rows.num_rows:  # without combine_chunks, which imports pandas then
        return dict.fromkeys(months, rows)
    days = np.frombuffer(rows.column("month").chunk(0).buffers()[1], "i4", rows.num_rows)
    parts = {}
    for month in months:
        first, end = np.searchsorted(days, (month - _EPOCH).days + np.array([0, 1])).tolist()
        parts[month] = rows.slice(first, end - first)
    return parts


def _first_repeated(keys: pa.Table) -> tuple[object, ...] | None:
    """The first key that two rows in a row have; null equals null."""
    before, after = keys.slice(0, max(keys.num_rows - 1, 0)), keys.slice(1)
    same = [
        pc.or_kleene(pc.equal(above, below), pc.and_(above.is_null(), below.is_null()))
        for above, below in zip(before.columns, after.columns, strict=True)
    ]
    repeated = keys.slice(1).filter(reduce(pc.and_kleene, same))
    if not repeated.num_rows:
        return None
    return tuple(repeated.slice(0, 1).to_pylist()[0].values())
