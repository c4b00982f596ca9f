"""item_weekdays: one row per store, weekday of the business day, category, dish.

What the comparison of dishes on the same weekdays needs: the rows of a store and weekday add up to
the net sales of `days` for that store and weekday. Alone and in combos together, so that a receipt
counts once.
"""

QUERY = """
SELECT month, store_id, currency, CAST(isodow(business_day) - 1 AS INTEGER) AS weekday, category,
    item,
    count(DISTINCT receipt) FILTER (WHERE is_sale) AS receipts,
    sum(net) AS net_sales
FROM rows GROUP BY ALL
"""
