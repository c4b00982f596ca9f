"""quality: store, currency, check, subject, count, amount, unknown, seconds.

    check              subject         count                                    amount
    received           -               distinct receipts of the month           -
    superseded         -               older revisions of them                   -
    counted            -               receipts in the lake, cancelled ones too -
    quarantined        reason          invalid records                          readable totals
    missing_cost       -               rows of sales without cost               their net
    missing_category   -               rows of sales without category           their net
    unknown_component  name            component rows that no rule names        their net
    unmapped_channel   dining option   SALE receipts                            net, also of refunds
    clock_skew         -               receipts received before their sale      -
    late               -               receipts received LATE_SECONDS after it  -
    payments_differ    -               receipts whose payments are not their    absolute differences
                                       total
    rounding           -               receipts with a rounding                 absolute roundings
    orphan_refund      -               REFUND receipts that name no sale        paid back, positive
    cancelled          -               cancelled receipts                       their former totals

received = counted + quarantined: here every receipt in the lake is `counted`; elsewhere (the state
in receipt_figures, the reports) a counted receipt is one that is not cancelled. `unknown` counts
the records whose amount is unreadable; where there is no other, `amount` is null, never 0.
`seconds` is the longest delay of clock_skew and late. Cancelled receipts are in counted and
cancelled only. A refund of a sale of another month is no orphan.
"""

LATE_SECONDS = 3600
"""More than this after the sale is `late` here; [pos] max_days_late is about implausible dates."""

QUERY = f"""
SELECT * REPLACE (coalesce(unknown, 0) AS unknown) FROM (
SELECT month, NULL AS store_id, NULL AS currency, "check", '' AS subject, "count", NULL AS amount,
    NULL AS seconds FROM counts
UNION ALL BY NAME
SELECT month, store_id, currency, 'counted' AS "check", '' AS subject, count(*) AS "count"
FROM receipts GROUP BY ALL
UNION ALL BY NAME
SELECT month, store_id, currency, 'quarantined' AS "check", reason AS subject, count(*) AS "count",
    sum(total) AS amount,
    count(*) FILTER (WHERE total IS NULL) AS unknown
FROM lake_quarantine
    LEFT JOIN (SELECT month, store_id, currency FROM stores) USING (month, store_id)
GROUP BY ALL
UNION ALL BY NAME
SELECT month, store_id, currency, 'missing_cost' AS "check", '' AS subject, count(*) AS "count",
    sum(net) AS amount
FROM rows WHERE cost IS NULL GROUP BY ALL
UNION ALL BY NAME
SELECT month, store_id, currency, 'missing_category' AS "check", '' AS subject, count(*) AS "count",
    sum(net) AS amount
FROM rows WHERE category IS NULL GROUP BY ALL
UNION ALL BY NAME
SELECT month, store_id, currency, 'unknown_component' AS "check", item AS subject,
    count(*) AS "count", sum(net) AS amount
FROM rows WHERE NOT is_known GROUP BY ALL
UNION ALL BY NAME
SELECT month, store_id, currency, 'unmapped_channel' AS "check",
    coalesce(dining_option, '') AS subject, count(*) FILTER (WHERE is_sale) AS "count",
    sum(net) AS amount
FROM receipts WHERE NOT is_cancelled AND channel = 'unmapped' GROUP BY ALL
UNION ALL BY NAME
SELECT month, store_id, currency, 'clock_skew' AS "check", '' AS subject, count(*) AS "count",
    max(epoch_us(sold_at) - epoch_us(created_at)) // 1000000 AS seconds
FROM receipts WHERE NOT is_cancelled AND created_at < sold_at GROUP BY ALL
UNION ALL BY NAME
SELECT month, store_id, currency, 'late' AS "check", '' AS subject, count(*) AS "count",
    max(epoch_us(created_at) - epoch_us(sold_at)) // 1000000 AS seconds
FROM receipts
WHERE NOT is_cancelled AND epoch_us(created_at) - epoch_us(sold_at) > {LATE_SECONDS * 1_000_000}
GROUP BY ALL
UNION ALL BY NAME
SELECT month, store_id, currency, 'payments_differ' AS "check", '' AS subject, count(*) AS "count",
    sum(abs(paid - total)) AS amount
FROM receipts WHERE NOT is_cancelled AND paid <> total GROUP BY ALL
UNION ALL BY NAME
SELECT month, store_id, currency, 'rounding' AS "check", '' AS subject, count(*) AS "count",
    sum(abs(rounding)) AS amount
FROM receipts WHERE NOT is_cancelled AND rounding <> 0 GROUP BY ALL
UNION ALL BY NAME
SELECT month, store_id, currency, 'orphan_refund' AS "check", '' AS subject, count(*) AS "count",
    sum(-total) AS amount
FROM receipts WHERE is_refund AND refund_for IS NULL GROUP BY ALL
UNION ALL BY NAME
SELECT month, store_id, currency, 'cancelled' AS "check", '' AS subject, count(*) AS "count",
    sum(abs(cancelled_total)) AS amount
FROM receipts WHERE is_cancelled GROUP BY ALL)
"""
