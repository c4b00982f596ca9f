"""hours: one row per business day, store and hour of the store's clock.

The hour is the clock's, the day the business day: if days begin at 05:00, hour 0 of a Saturday row
is the night after Saturday. When the clock is set back the hour that comes twice is one row. A
refund counts in the hour it was made.
"""

QUERY = """
SELECT month, business_day, store_id, currency, extract(hour FROM sold_at_local) AS hour,
    count(*) FILTER (WHERE is_sale) AS receipts,
    sum(net) AS net_sales
FROM receipts WHERE NOT is_cancelled GROUP BY ALL
"""
