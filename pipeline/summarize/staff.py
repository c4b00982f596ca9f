"""staff: one row per store and employee who made or refunded the sale.

The POS does not say who cancelled a receipt: it counts for the employee who made the sale.
"""

QUERY = """
SELECT month, store_id, currency, employee_id,
    count(*) FILTER (WHERE is_sale) AS receipts,
    sum(pick(NOT is_cancelled, net)) AS net_sales,
    sum(pick(NOT is_cancelled, discount)) AS discounts,
    count(*) FILTER (WHERE is_refund) AS refund_receipts,
    sum(pick(is_refund, -gross)) AS refunds,
    count(*) FILTER (WHERE is_cancelled) AS cancelled_receipts,
    sum(abs(cancelled_total)) AS cancelled_total
FROM receipts GROUP BY ALL
"""
