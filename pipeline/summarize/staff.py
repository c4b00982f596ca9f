"""staff: one row per store and employee who rang the receipt up (for a refund: who refunded).

A cancellation is made in the back office and names nobody; it stands with whoever rang the receipt
up.
"""

QUERY = """
SELECT store_id, currency, employee_id,
    count(*) FILTER (WHERE is_sale) AS receipts,
    sum(pick(is_counted, net)) AS net_sales,
    sum(pick(is_counted, discount)) AS discounts,
    count(*) FILTER (WHERE is_refund) AS refund_receipts,
    sum(pick(is_refund, -gross)) AS refunds,
    count(*) FILTER (WHERE is_cancelled) AS cancelled_receipts,
    sum(abs(cancelled_total)) AS cancelled_total
FROM receipts GROUP BY ALL
"""
