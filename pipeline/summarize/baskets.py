"""baskets: SALE receipts that hold two dishes together; the row of a dish with itself: those that
hold it at all.

Unit = receipt; a combo is one item, not its parts; modifiers are left out; refunds are ignored.
With the SALE receipts of `days` these counts give support, confidence, lift and leverage (mlxtend's
definitions) exactly. `plain_receipts` counts the receipts without a combo: a combo takes the place
of its dishes, so that dishes of one combo are independent of each other only among those.
"""

QUERY = """
WITH held AS (SELECT DISTINCT store_id, currency, receipt_number, item FROM lines WHERE is_sale),
combined AS (SELECT DISTINCT store_id, receipt_number, true AS has_combo FROM lines WHERE is_sale AND combo IS NOT NULL)
SELECT one.store_id, one.currency, one.item AS item, other.item AS partner, count(*) AS receipts,
    count(*) FILTER (WHERE has_combo IS NULL) AS plain_receipts
FROM held AS one JOIN held AS other
    ON one.store_id = other.store_id AND one.receipt_number = other.receipt_number AND one.item <= other.item
    LEFT JOIN combined ON one.store_id = combined.store_id AND one.receipt_number = combined.receipt_number
GROUP BY ALL
"""
