"""days: one row per business day, store and channel.

Refunds count on the day of the refund receipt. Gross, discounts, refunds and net sales as in the
Back Office (help.loyverse.com/help/sales-summary-report-back-office); collected = net sales + added
tax + tips + surcharges + gift cards sold + rounding (loyverse.town/topic/8314). A day on which
every receipt was cancelled has a row too; an open day is one with `receipts` above 0.
"""

QUERY = """
WITH money AS (
    SELECT month, business_day, store_id, currency, channel,
        count(*) FILTER (WHERE is_sale) AS receipts,
        count(*) FILTER (WHERE is_refund) AS refund_receipts,
        sum(pick(is_sale, units)) AS units,
        sum(pick(is_sale, gross)) AS gross_sales,
        sum(pick(is_sale, discount)) AS sale_discounts,
        sum(pick(is_refund, -discount)) AS refund_discounts,
        sum(pick(is_refund, -gross)) AS refunds,
        gross_sales - (sale_discounts - refund_discounts) - refunds AS net_sales,
        sum(pick(NOT is_cancelled, tax_included)) AS tax_included,
        sum(pick(NOT is_cancelled, tax_added + surcharge_tax)) AS tax_added,
        sum(pick(NOT is_cancelled, tip)) AS tips,
        sum(pick(NOT is_cancelled, surcharge)) AS surcharges,
        sum(pick(NOT is_cancelled, gift_cards)) AS gift_cards,
        sum(pick(NOT is_cancelled, rounding)) AS rounding,
        sum(pick(NOT is_cancelled, total)) AS collected,
        sum(pick(NOT is_cancelled, points_discount)) AS points_discounts,
        count(*) FILTER (WHERE is_sale AND customer_id IS NOT NULL) AS identified_receipts,
        count(*) FILTER (WHERE is_cancelled) AS cancelled_receipts,
        sum(abs(cancelled_total)) AS cancelled_total,
        min(sold_at_local) FILTER (WHERE NOT is_cancelled) AS first_sold_at,
        max(sold_at_local) FILTER (WHERE NOT is_cancelled) AS last_sold_at
    FROM receipts GROUP BY ALL
), goods AS (
    SELECT month, business_day, store_id, currency, channel,
        coalesce(sum(cost), 0) AS cost,
        sum(pick(cost IS NOT NULL, net)) AS costed_net,
        sum(pick(cost IS NOT NULL, tax_included)) AS costed_tax_included,
        count(DISTINCT receipt)
            FILTER (WHERE is_sale AND combo IS NOT NULL) AS combo_receipts
    FROM rows GROUP BY ALL
), takings AS (
    SELECT month, business_day, store_id, currency, channel, sum(amount) AS paid
    FROM payments JOIN (SELECT receipt, channel FROM receipts) USING (receipt)
    GROUP BY ALL
)
SELECT money.*, coalesce(paid, 0) AS paid, coalesce(cost, 0) AS cost,
    coalesce(costed_net, 0) AS costed_net,
    coalesce(costed_tax_included, 0) AS costed_tax_included,
        coalesce(combo_receipts, 0) AS combo_receipts
FROM money
    LEFT JOIN goods USING (month, business_day, store_id, currency, channel)
    LEFT JOIN takings USING (month, business_day, store_id, currency, channel)
"""
