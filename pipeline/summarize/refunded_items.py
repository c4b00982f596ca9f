"""refunded_items: REFUND lines by store, item (combos as one) and employee."""

QUERY = """
SELECT month, store_id, currency, item, employee_id,
    count(DISTINCT receipt) AS receipts, sum(-units) AS units, sum(-gross) AS refunds
FROM lines JOIN (SELECT receipt, employee_id FROM receipts WHERE is_refund) USING (receipt)
WHERE is_refund GROUP BY ALL
"""
