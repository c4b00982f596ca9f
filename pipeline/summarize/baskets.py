"""baskets: counts of SALE receipts that have two items together.

The row of an item with itself counts all receipts that have it. Unit = receipt; a combo is one
item, not its components; modifiers are left out; refunds are ignored. With the SALE receipts of
`days` these counts give support, confidence, lift and leverage (mlxtend's definitions) exactly.
`plain_receipts` counts the receipts without a combo: a combo replaces its dishes, so the dishes of
one combo are independent of each other only among those.

The table is complete in a month of at most MAX_PAIRS possible pairs. In a wider month (hundreds of
lines a receipt, thousands of items) it holds the pairs on at least MIN_RECEIPTS receipts of all
stores of a currency; they are counted in chunks of about PART pair instances, so that memory
does not grow with the receipts or the items. Rows of an item with itself are always complete.
Measured for 600 receipts of 225 lines over 5,000 items in 400 MB: 5 s of CPU and nothing on disk.
A single query of all pairs fails there without a folder to spill to; with one it takes 7 to 21 s
of CPU and 200 to 600 MB of disk (2 GB for 3,000 receipts).
"""

from __future__ import annotations

import duckdb

MAX_PAIRS = 1_000_000
MIN_RECEIPTS = 20
PART = 2_000_000

RECEIPT_ITEMS = """
SELECT DISTINCT month, store_id, currency, receipt, item FROM lines WHERE is_sale
"""

WITH_COMBO = """
SELECT DISTINCT receipt, true AS has_combo FROM lines WHERE is_sale AND combo IS NOT NULL
"""

QUERY = f"""
WITH receipt_items AS ({RECEIPT_ITEMS}), combined AS ({WITH_COMBO})
SELECT a.month, a.store_id, a.currency, a.item AS item, b.item AS partner,
    count(*) AS receipts, count(*) FILTER (WHERE has_combo IS NULL) AS plain_receipts
FROM receipt_items AS a JOIN receipt_items AS b
    ON a.receipt = b.receipt AND a.item <= b.item
    LEFT JOIN combined ON a.receipt = combined.receipt
GROUP BY ALL
"""

_POSSIBLE = """
WITH sizes AS (SELECT month, store_id, currency, count(*) AS n FROM receipt_items
    GROUP BY month, store_id, currency, receipt),
    stores AS (SELECT month, store_id, currency, sum(n * (n + 1) // 2) AS instances FROM sizes
        GROUP BY ALL),
    menus AS (SELECT month, store_id, currency, count(DISTINCT item) AS items FROM receipt_items
        GROUP BY ALL)
SELECT sum(least(instances, items * (items + 1) // 2)) AS pairs FROM stores
    JOIN menus USING (month, store_id, currency) GROUP BY month
"""

# Items on fewer receipts than a pair needs cannot be in such a pair. The others get numbers in the
# order of their names, so that a pair's first item has the lower number.
_FREQUENT = """
CREATE TEMP TABLE frequent AS
    SELECT currency, item, (row_number() OVER (ORDER BY currency, item))::INTEGER AS number
    FROM (SELECT currency, item FROM receipt_items GROUP BY ALL HAVING count(*) >= $receipts)
"""

_NUMBERED = f"""
CREATE TEMP TABLE combined AS {WITH_COMBO};
CREATE TEMP TABLE store_numbers AS
    SELECT month, store_id, currency,
        (row_number() OVER (ORDER BY store_id, currency))::INTEGER AS store
    FROM (SELECT DISTINCT month, store_id, currency FROM receipt_items);
CREATE TEMP TABLE slips AS
    SELECT receipt, (row_number() OVER (ORDER BY receipt))::INTEGER AS slip,
        has_combo IS NULL AS is_plain
    FROM (SELECT DISTINCT receipt FROM receipt_items) LEFT JOIN combined USING (receipt);
CREATE TEMP TABLE numbered AS
    SELECT store, slip, is_plain, number FROM receipt_items JOIN frequent USING (currency, item)
    JOIN store_numbers USING (store_id, currency) JOIN slips USING (receipt);
CREATE TEMP TABLE often (item INTEGER, partner INTEGER);
"""

_INSTANCES = """
SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM (SELECT count(*) AS n FROM numbered GROUP BY slip)
"""

_TOGETHER = """
numbered AS a JOIN numbered AS b ON a.slip = b.slip AND a.number < b.number
"""

_COUNT_PART = f"""
INSERT INTO often SELECT a.number, b.number FROM {_TOGETHER}
WHERE a.number % $parts = $part GROUP BY ALL HAVING count(*) >= $receipts
"""

_PAIRS = f"""
WITH pairs AS (
    SELECT a.store AS store, a.number AS item, b.number AS partner, count(*) AS receipts,
        count(*) FILTER (WHERE a.is_plain) AS plain_receipts
    FROM {_TOGETHER}
    SEMI JOIN often ON often.item = a.number AND often.partner = b.number GROUP BY ALL)
SELECT month, store_id, currency, item, item AS partner, count(*) AS receipts,
    count(*) FILTER (WHERE has_combo IS NULL) AS plain_receipts
FROM receipt_items LEFT JOIN combined USING (receipt) GROUP BY ALL
UNION ALL
SELECT store_numbers.month, store_numbers.store_id, store_numbers.currency, first.item, second.item,
    pairs.receipts, pairs.plain_receipts
FROM pairs JOIN store_numbers USING (store) JOIN frequent AS first ON pairs.item = first.number
    JOIN frequent AS second ON pairs.partner = second.number
"""


def has_wide_month(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a month has more than MAX_PAIRS possible pairs; call it once, first."""
    connection.execute(f"CREATE TEMP TABLE receipt_items AS {RECEIPT_ITEMS}")
    return any(pairs > MAX_PAIRS for (pairs,) in connection.execute(_POSSIBLE).fetchall())


def count_wide_pairs(connection: duckdb.DuckDBPyConnection) -> str:
    """The query of the only month, a wide one, over pairs that are counted beforehand."""
    connection.execute(_FREQUENT, {"receipts": MIN_RECEIPTS})
    connection.execute(_NUMBERED)
    instances = connection.execute(_INSTANCES).fetchall()[0][0]
    parts = int(instances // PART) + 1
    for part in range(parts):
        connection.execute(_COUNT_PART, {"parts": parts, "part": part, "receipts": MIN_RECEIPTS})
    return _PAIRS
