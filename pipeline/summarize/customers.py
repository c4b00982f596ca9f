"""customers: one row per identified customer and store.

The identifier is the POS's or its HMAC, never a name. A visit is a SALE receipt; first and last
day are of visits, so a customer with only returns has none. New, returning, repeat rate, cohorts
and RFM (CRAN rfm) are counted from these rows of all months.
"""

QUERY = """
SELECT month, store_id, currency, customer_id,
    min(business_day) FILTER (WHERE is_sale) AS first_day,
    max(business_day) FILTER (WHERE is_sale) AS last_day,
    count(*) FILTER (WHERE is_sale) AS receipts,
    sum(net) AS net_sales
FROM receipts WHERE NOT is_cancelled AND customer_id IS NOT NULL GROUP BY ALL
"""
