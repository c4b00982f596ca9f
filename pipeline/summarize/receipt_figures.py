"""receipt_figures: one row per receipt, with digests of what it adds to figures.

`figures` covers every column that a table of the summary is counted from, and nothing else: notes,
batches and times of change do not alter it. `source` covers money and state alone, as the till sent
them, independent of the rules of the menu. A report keeps its own copy: two of them show which
receipts a later version counts differently.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from pipeline.summarize.quality import LATE_SECONDS

_ALWAYS = ("receipt_type", "is_cancelled", "business_day", "employee_id", "cancelled_total")
_COUNTED = (
    "hour(sold_at_local)",
    "customer_id",
    "refund_for IS NULL",
    "created_at < sold_at",
    f"epoch_us(created_at) - epoch_us(sold_at) > {LATE_SECONDS * 1_000_000}",
    "gross",
    "discount",
    "net",
    "tax_included",
    "tax_added",
    "tip",
    "surcharge",
    "rounding",
    "total",
    "paid",
    "points_discount",
    "discounts",
)
_STATE = (
    *_ALWAYS,
    *(f"CASE WHEN is_counted THEN {name} END" for name in (*_COUNTED, "dining_option")),
)
_RECEIPT = (
    *_ALWAYS,
    *(f"CASE WHEN is_counted THEN {name} END" for name in (*_COUNTED, "units")),
    "CASE WHEN is_counted AND channel = 'unmapped' THEN dining_option END",
    "currency",
    "channel",
)
_ROW = (
    "item",
    "variant",
    "category",
    "combo",
    "combo_quantity",
    "combo_price",
    "slot",
    "upgrade",
    "is_known",
    "units",
    "unit_price",
    "gross",
    "discount",
    "net",
    "tax_included",
    "cost",
    "modifiers",
)
_PAYMENT = ("tender", "tender_type", "amount")


def _digest(columns: tuple[str, ...]) -> str:
    """SQL for a number that changes when one of the columns does."""
    texts = ", ".join(f"coalesce(CAST({name} AS VARCHAR), chr(30))" for name in columns)
    return f"md5_number_lower(concat_ws(chr(31), {texts}))"


QUERY = f"""
WITH parts AS (
    SELECT store_id, receipt_number, {_digest(_RECEIPT)} AS figures, {_digest(_STATE)} AS source
        FROM receipts
    UNION ALL
    SELECT store_id, receipt_number, {_digest(_ROW)}, 0 FROM rows
    UNION ALL
    SELECT store_id, receipt_number, 0, {_digest(("line", "gross", "discount", "net"))}
    FROM (SELECT store_id, receipt_number, line, sum(gross) AS gross, sum(discount) AS discount,
        sum(net) AS net
          FROM rows GROUP BY ALL)
    UNION ALL
    SELECT store_id, receipt_number, {_digest(_PAYMENT)}, {_digest(_PAYMENT)} FROM payments
), digests AS (
    SELECT store_id, receipt_number, sum(figures) AS figures, sum(source) AS source FROM parts
        GROUP BY ALL
)
SELECT receipts.store_id, receipt_number,
    CASE WHEN is_cancelled THEN 'cancelled' ELSE 'counted' END AS state,
    currency, receipt_type, business_day,
        epoch_us(created_at) - epoch_us(sold_at) > 86400000000 AS is_late,
    CASE WHEN is_cancelled THEN cancelled_total ELSE total END AS total,
    left(md5(CAST(digests.figures AS VARCHAR)), 16) AS figures,
    left(md5(CAST(digests.source AS VARCHAR)), 16) AS source
FROM receipts JOIN digests USING (store_id, receipt_number)
UNION ALL BY NAME
SELECT coalesce(store_id, '') AS store_id, coalesce(receipt_number, '') AS receipt_number,
    'quarantined' AS state,
    any_value(currency) AS currency, min(receipt_type) AS receipt_type,
        min(business_day) AS business_day,
    false AS is_late, sum(total) AS total,
    left(md5(string_agg(digest, ',' ORDER BY digest)), 16) AS figures,
    left(md5(string_agg(digest, ',' ORDER BY digest)), 16) AS source
FROM (SELECT *, md5(concat_ws(chr(31), reason, coalesce(CAST(total AS VARCHAR), ''))) AS digest
    FROM lake_quarantine)
    LEFT JOIN (SELECT store_id, currency FROM stores) USING (store_id)
GROUP BY store_id, receipt_number
"""

_COMPARED = """
SELECT coalesce(n.receipt_number, b.receipt_number) AS number,
    coalesce(n.store_id, b.store_id) AS store,
    coalesce(n.currency, b.currency, '') AS currency,
    CAST(coalesce(n.business_day, b.business_day) AS VARCHAR) AS day,
    CAST(coalesce(n.total, b.total) AS VARCHAR) AS total,
    CASE WHEN n.state IS NULL THEN 'left'
        WHEN n.state = 'quarantined' THEN 'quarantined'
        WHEN n.state = 'cancelled' AND b.state IS DISTINCT FROM 'cancelled' THEN 'cancelled'
        WHEN b.state IS NOT NULL THEN 'edited'
        WHEN n.receipt_type = 'REFUND' THEN 'refunded'
        WHEN n.is_late THEN 'late' ELSE 'new' END AS why,
    n.source IS DISTINCT FROM b.source AS is_data
FROM now AS n FULL JOIN before AS b USING (store_id, receipt_number)
WHERE n.figures IS DISTINCT FROM b.figures OR n.state IS DISTINCT FROM b.state
ORDER BY abs(coalesce(n.total, b.total)) DESC NULLS LAST, number, store
"""


def changed_receipts(before: pa.Table, now: pa.Table) -> list[dict[str, object]]:
    """Receipts that count differently in `now` than in `before`, the largest first.

    Each with number, store, currency, day, total, why, and whether the till's own data changed
    (`is_data`).
    """
    with duckdb.connect(":memory:") as connection:
        connection.register("before", before)
        connection.register("now", now)
        rows: list[dict[str, object]] = connection.sql(_COMPARED).to_arrow_table().to_pylist()
        return rows
