"""items: one row per store, category and dish, alone or within a combo.

A component has the part of its combo's money that is credited to it, so the rows add up to net
sales. Net sales as in the Back Office (help.loyverse.com/help/sales-summary-report-back-office). An
unknown cost is not 0: margin and unit contribution (Kasavana and Smith, 1982) use the costed_*
columns alone.
"""

QUERY = """
SELECT month, store_id, currency, category, item, combo IS NOT NULL AS in_combo,
    count(DISTINCT receipt) FILTER (WHERE is_sale) AS receipts,
    sum(pick(is_sale, units)) AS units,
    sum(pick(is_refund, -units)) AS refunded_units,
    sum(pick(is_sale, gross)) AS gross_sales,
    sum(discount) AS discounts,
    sum(pick(is_refund, -gross)) AS refunds,
    gross_sales - discounts - refunds AS net_sales,
    sum(tax_included) AS tax_included,
    coalesce(sum(cost), 0) AS cost,
    sum(pick(cost IS NOT NULL, units)) AS costed_units,
    sum(pick(cost IS NOT NULL, net)) AS costed_net,
    sum(pick(cost IS NOT NULL, tax_included)) AS costed_tax_included,
    min(business_day) FILTER (WHERE is_sale) AS first_day,
    max(business_day) FILTER (WHERE is_sale) AS last_day
FROM rows GROUP BY ALL
"""
