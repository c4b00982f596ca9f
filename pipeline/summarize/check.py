"""What a month must fulfil before it is counted: counts in = counts out, and the same money in all
three tables.

The transform holds each receipt to this; here the whole month is held to it once more, after its
way through the lake.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb

from pipeline.errors import DataError, MoneyNotConserved

COUNTS = ("fetched", "curated", "quarantined", "superseded")

TWICE = (
    "SELECT receipt_number, store_id FROM receipts GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL"
    " LIMIT 1"
)

MONEY = """
WITH amounts AS (
    SELECT store_id, receipt_number, gross, discount, net, tax_included, tax_added, paid FROM receipts WHERE is_counted
    UNION ALL SELECT store_id, receipt_number, -gross, -discount, -net, -tax_included, -tax_added, 0 FROM rows
    UNION ALL SELECT store_id, receipt_number, 0, 0, 0, 0, 0, -amount FROM payments)
SELECT receipt_number, store_id, sum(gross) AS gross, sum(discount) AS discount, sum(net) AS net, sum(tax_included) AS tax_included,
    sum(tax_added) AS tax_added, sum(paid) AS paid
FROM amounts GROUP BY ALL
HAVING gross <> 0 OR discount <> 0 OR net <> 0 OR tax_included <> 0 OR tax_added <> 0 OR paid <> 0 ORDER BY ALL LIMIT 1
"""


def check_counts(
    connection: duckdb.DuckDBPyConnection, month: date, metadata: Mapping[str, int]
) -> None:
    """Raises DataError unless each row is of `month`, each receipt stands once and fetched =
    curated + quarantined.
    """
    rows = {}
    for name in ("receipts", "sales", "payments", "quarantine"):
        rows[name], first, last = connection.execute(
            f"SELECT count(*), min(business_day), max(business_day) FROM lake_{name}"
        ).fetchone()
        if rows[name] and not (first.replace(day=1) == month == last.replace(day=1)):
            raise DataError(
                f"{name} of {month:%Y-%m} hold days from {first} to {last}; build the month again"
            )
    twice = connection.execute(TWICE).fetchone()
    if twice:
        raise DataError(
            f"{month:%Y-%m}: receipt {twice[0]} of store {twice[1]} stands twice in the lake; build"
            " its days again"
        )
    found = {
        "curated": rows["receipts"],
        "quarantined": rows["quarantine"],
        "fetched": rows["receipts"] + rows["quarantine"],
    }
    for name, count in found.items():
        if metadata[name] != count:
            raise DataError(
                f"{month:%Y-%m}: {count} records are {name}, its days counted {metadata[name]}; build"
                " the month again"
            )


def check_money(connection: duckdb.DuckDBPyConnection, month: date) -> None:
    """Raises MoneyNotConserved naming a receipt whose sales or payments do not add up to it."""
    found = connection.execute(MONEY)
    names, row = [column[0] for column in found.description], found.fetchone()
    if row:
        differences = ", ".join(
            f"{name} {amount}" for name, amount in zip(names[2:], row[2:], strict=True) if amount
        )
        raise MoneyNotConserved(
            f"{month:%Y-%m}, receipt {row[0]} of store {row[1]}: receipt less its rows is"
            f" {differences}; build its day again"
        )
