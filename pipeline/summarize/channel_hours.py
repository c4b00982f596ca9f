"""channel_hours: one row per store, channel and local hour, for dayparts."""

QUERY = """
SELECT month, store_id, currency, channel, extract(hour FROM sold_at_local) AS hour,
    count(*) FILTER (WHERE is_sale) AS receipts,
    sum(net) AS net_sales
FROM receipts WHERE NOT is_cancelled GROUP BY ALL
"""
