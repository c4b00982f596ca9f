"""prices: one row per store, item, variant and price at which it was sold.

With the first and last business day and the units. The price is the receipt's, without modifiers,
discounts and added tax, so a price change shows even when the catalog forgot the old price. SALE
lines only.
"""

QUERY = """
SELECT month, store_id, currency, item, variant, unit_price,
    min(business_day) AS first_day, max(business_day) AS last_day, sum(units) AS units
FROM lines WHERE is_sale GROUP BY ALL
"""
