"""discounts: one row per store, discount name and type.

Points redeemed are a discount (DISCOUNT_BY_POINTS). Discounts = those on sales less those on
refunds, so a discounted sale that is fully refunded comes to 0
(help.loyverse.com/help/sales-summary-report-back-office). A receipt that had it twice counts once.
"""

QUERY = """
SELECT month, store_id, currency, given.name AS name, given.type AS type,
    count(DISTINCT receipt) FILTER (WHERE is_sale) AS receipts,
    sum(given.amount) AS amount
FROM receipts, unnest(discounts) AS _(given) WHERE NOT is_cancelled GROUP BY ALL
"""
