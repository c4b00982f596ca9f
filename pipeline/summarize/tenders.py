"""tenders: one row per store and payment type.

Amounts include tips and surcharges. The POS's own payment report leaves out card tips
(loyverse.town/topic/8314); this table equals what was collected.
"""

QUERY = """
SELECT month, store_id, currency, tender, tender_type,
    count(*) FILTER (WHERE is_sale) AS payments,
    count(*) FILTER (WHERE is_refund) AS refund_payments,
    sum(pick(is_sale, amount)) AS sales_amount,
    sum(pick(is_refund, -amount)) AS refunds_amount
FROM payments GROUP BY ALL
"""
