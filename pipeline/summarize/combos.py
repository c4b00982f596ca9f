"""combos: one row per store and combo, as it was sold.

The money is the sum of what its components are credited with, so that both views of a combo, as
sold and as credited, add up to the same. A combo has a costed unit only where each of its parts has
a cost.
"""

QUERY = """
SELECT month, store_id, currency, combo,
    count(DISTINCT receipt) FILTER (WHERE is_sale) AS receipts,
    sum(pick(is_sale, units)) AS units,
    sum(pick(is_refund, -units)) AS refunded_units,
    sum(pick(is_sale, gross)) AS gross_sales,
    sum(discount) AS discounts,
    sum(pick(is_refund, -gross)) AS refunds,
    gross_sales - discounts - refunds AS net_sales,
    sum(tax_included) AS tax_included,
    sum(cost) AS cost,
    sum(pick(is_costed, units)) AS costed_units,
    sum(costed_net) AS costed_net,
    sum(costed_tax_included) AS costed_tax_included
FROM lines WHERE combo IS NOT NULL GROUP BY ALL
"""
