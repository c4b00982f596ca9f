"""Checks of months before they are summarized: records, and money in all tables.

The transform checks each receipt; these checks are about complete months, as they are read from
the lake.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb

from pipeline.errors import DataError, MoneyNotConserved

COUNTS = ("received", "counted", "quarantined", "superseded")
_TABLES = ("receipts", "sales", "payments", "quarantine")

_ROWS = " UNION ALL ".join(
    f"SELECT '{name}', month, count(*), min(business_day), max(business_day) FROM lake_{name}"
    " GROUP BY month"
    for name in _TABLES
)

TWICE = "SELECT receipt FROM receipts GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"

MONEY = """
WITH amounts AS (
    SELECT receipt, gross, discount, net, tax_included, tax_added, paid
        FROM receipts WHERE NOT is_cancelled
    UNION ALL SELECT receipt, -gross, -discount, -net, -tax_included, -tax_added, 0 FROM rows
    UNION ALL SELECT receipt, 0, 0, 0, 0, 0, -amount FROM payments)
SELECT receipt, sum(gross) AS gross, sum(discount) AS discount, sum(net) AS net,
    sum(tax_included) AS tax_included, sum(tax_added) AS tax_added, sum(paid) AS paid
FROM amounts GROUP BY ALL
HAVING gross <> 0 OR discount <> 0 OR net <> 0 OR tax_included <> 0 OR tax_added <> 0 OR paid <> 0
    ORDER BY ALL LIMIT 1
"""

_NAME = " UNION ALL ".join(
    f"SELECT month, receipt_number, store_id FROM lake_{name} WHERE receipt = $receipt"
    for name in ("receipts", "sales", "payments")
)


def check_counts(
    connection: duckdb.DuckDBPyConnection, months: Mapping[date, Mapping[str, int]]
) -> None:
    """Raise DataError for a row of another month, a receipt twice, or other counts.

    The counts of each month are the transform's: received = counted + quarantined.
    """
    rows = {month: dict.fromkeys(_TABLES, 0) for month in months}
    for name, month, count, first, last in connection.execute(_ROWS).fetchall():
        rows[month][name] = count
        if not first.replace(day=1) == month == last.replace(day=1):
            raise DataError(
                f"{name} of {month:%Y-%m} hold days from {first} to {last}; build the month again"
            )
    twice = connection.execute(TWICE).fetchone()
    if twice:
        raise DataError(f"{_name(connection, twice[0])} is twice in the lake; build its days again")
    for month, counts in months.items():
        _check_counts_of(month, counts, rows[month])


def _check_counts_of(month: date, counts: Mapping[str, int], rows: Mapping[str, int]) -> None:
    counted = {
        "counted": rows["receipts"],
        "quarantined": rows["quarantine"],
        "received": rows["receipts"] + rows["quarantine"],
    }
    for name, count in counted.items():
        if counts[name] != count:
            raise DataError(
                f"{month:%Y-%m}: {count} records are {name}, its days counted {counts[name]};"
                " build the month again"
            )


def check_money(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise MoneyNotConserved for a receipt that its sales or payments do not equal."""
    result = connection.execute(MONEY)
    names, row = [column[0] for column in result.description or ()], result.fetchone()
    if row:
        differences = ", ".join(
            f"{name} {amount}" for name, amount in zip(names[1:], row[1:], strict=True) if amount
        )
        raise MoneyNotConserved(
            f"{_name(connection, row[0])}: receipt less its rows is {differences}; build its day"
            " again"
        )


def _name(connection: duckdb.DuckDBPyConnection, receipt: object) -> str:
    month, number, store = connection.execute(_NAME, {"receipt": receipt}).fetchall()[0]
    return f"{month:%Y-%m}, receipt {number} of store {store}"
