"""The relations that the queries read: DuckDB in memory over a month of the lake.

    lake_receipts, lake_sales, lake_payments, lake_quarantine, stores   as in the schema
    receipts   lake_receipts with is_counted (not cancelled), is_sale and is_refund (counted only)
    rows       the dishes of counted receipts, with is_sale and is_refund
    lines      the same as sold: a combo is one line under its own name
    payments   the payments of counted receipts, with is_sale and is_refund
    counts     "check", "count": the transform's counts

Amounts are DECIMAL throughout (their sums DECIMAL(38)); instants UTC, `*_local` on the store's
clock. The macro pick(flag, amount) is the amount where the flag holds, else 0. A receipt is named
by store and number: accounts that share a lake may share numbers. Nothing but memory and `spill` is
written.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.errors import ConfigError, DataError

if TYPE_CHECKING:  # importing it at run time would import pandas
    from pyarrow.dataset import Dataset as Files

LakeRows: TypeAlias = "pa.Table | Files"

VIEWS = """
CREATE MACRO pick(flag, amount) AS CASE WHEN flag THEN amount ELSE 0 END;

CREATE VIEW receipts AS SELECT *, NOT is_cancelled AS is_counted,
    receipt_type = 'SALE' AND NOT is_cancelled AS is_sale,
        receipt_type = 'REFUND' AND NOT is_cancelled AS is_refund FROM lake_receipts;

CREATE VIEW payments AS SELECT *, receipt_type = 'SALE' AS is_sale,
    receipt_type = 'REFUND' AS is_refund
    FROM lake_payments WHERE NOT is_cancelled;

CREATE VIEW rows AS SELECT *, receipt_type = 'SALE' AS is_sale, receipt_type = 'REFUND' AS is_refund
    FROM lake_sales WHERE NOT is_cancelled;

CREATE TABLE lines AS
    SELECT business_day, store_id, currency, receipt_number, line, is_sale, is_refund, item,
        NULL AS combo, variant, units, unit_price,
        gross, discount, net, tax_included, coalesce(cost, 0) AS cost,
            cost IS NOT NULL AS is_costed,
        pick(cost IS NOT NULL, net) AS costed_net,
            pick(cost IS NOT NULL, tax_included) AS costed_tax_included
    FROM rows WHERE combo IS NULL
    UNION ALL
    SELECT business_day, store_id, currency, receipt_number, line, is_sale, is_refund, combo, combo,
        NULL, combo_quantity, combo_price,
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

    Raises ConfigError when it does not fit and no folder to spill it to, or not enough of it.
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
            f"the summary does not fit in {memory_limit} {where}; allow more memory or name a"
            " folder with room"
        ) from error
    finally:
        connection.close()


def register(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, LakeRows], counts: Mapping[str, int]
) -> None:
    """Register `tables`, `counts` and the views over them."""
    for name, rows in tables.items():
        connection.register(name, rows)
    connection.execute('CREATE TABLE counts ("check" VARCHAR, "count" BIGINT)')
    connection.executemany("INSERT INTO counts VALUES (?, ?)", list(counts.items()))
    connection.execute(VIEWS)


def tabulate(
    connection: duckdb.DuckDBPyConnection, query: str, dataset: schema.Dataset, decimals: int
) -> pa.Table:
    """The rows of `query` as the table of `dataset`, in the order of its key.

    Raises DataError when two rows have one key: a store with two currencies would do that.
    """
    key = ", ".join(f'"{name}"' for name in dataset.key)
    with warnings.catch_warnings():
        # it copies a few rows; sql(query).to_arrow_table() would plan the query twice
        warnings.filterwarnings("ignore", "Arrow output on a DB-API result")
        result = connection.execute(f"FROM ({query}) ORDER BY {key}").to_arrow_table()
    rows = cast(pa.Table, result).combine_chunks()
    twice = _first_repeated(rows.select(dataset.key))
    if twice:
        raise DataError(
            f"summary of {dataset.name}: two rows have the key {twice}; has a store two currencies,"
            " or two names?"
        )
    return schema.conform(rows.select(dataset.names()), dataset, decimals)


def _first_repeated(keys: pa.Table) -> tuple[object, ...] | None:
    """The first key that occurs more than once."""
    counts = keys.group_by(keys.column_names, use_threads=False).aggregate([([], "count_all")])
    if counts.num_rows == keys.num_rows:
        return None
    repeated = counts.filter(pc.greater(counts.column("count_all"), 1))
    *key, _ = repeated.slice(0, 1).to_pylist()[0].values()
    return tuple(key)
