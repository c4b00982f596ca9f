"""Summary tables of sales by day, hour, payment type and discount; data quality."""

from pipeline.schema.kinds import BY_STORE, Column, Dataset

DAYS = Dataset(
    "days",
    3,
    "business day, store and order type",
    ("business_day", "store_id", "channel"),
    (
        Column("business_day", "day", "Business day."),
        *BY_STORE,
        Column("channel", "label", "Order type."),
        Column("receipts", "count", "SALE receipts not cancelled."),
        Column("refund_receipts", "count", "REFUND receipts not cancelled."),
        Column("units", "quantity", "Units of SALE lines, combos as one, weighed lines as 1."),
        Column("gross_sales", "money", "Gross of SALE receipts."),
        Column("sale_discounts", "money", "Discounts on SALE receipts."),
        Column("refund_discounts", "money", "Discounts on REFUND receipts, positive."),
        Column("refunds", "money", "Gross of REFUND receipts, positive."),
        Column(
            "net_sales", "money", "gross_sales - (sale_discounts - refund_discounts) - refunds."
        ),
        Column("tax_included", "money", "Included tax, refunds deducted."),
        Column("tax_added", "money", "Added tax, refunds deducted."),
        Column("tips", "money", "Tips, refunds deducted."),
        Column("surcharges", "money", "Surcharges without tax, refunds deducted."),
        Column("gift_cards", "money", "Gift cards sold, refunds deducted."),
        Column("rounding", "money", "Cash rounding."),
        Column("collected", "money", "Totals of the receipts, refunds deducted."),
        Column("paid", "money", "Payments, refunds deducted; equal to collected."),
        Column("points_discounts", "money", "Discounts paid with points, refunds deducted."),
        Column("cost", "money", "Known cost of goods, refunds deducted."),
        Column("costed_net", "money", "Net sales of the rows whose cost is known."),
        Column("costed_tax_included", "money", "Included tax of the rows whose cost is known."),
        Column("identified_receipts", "count", "SALE receipts with a customer."),
        Column("cancelled_receipts", "count", "Cancelled receipts, sales and refunds."),
        Column(
            "cancelled_total",
            "money",
            "Totals of cancelled receipts before the cancellation, each positive.",
        ),
        Column("combo_receipts", "count", "SALE receipts with a combo."),
        Column(
            "first_sold_at",
            "local",
            "First receipt of the day; null where all were cancelled.",
            null=True,
        ),
        Column(
            "last_sold_at",
            "local",
            "Last receipt of the day; null where all were cancelled.",
            null=True,
        ),
    ),
)

HOURS = Dataset(
    "hours",
    1,
    "business day, store and local clock hour",
    ("business_day", "store_id", "hour"),
    (
        Column("business_day", "day", "Business day."),
        *BY_STORE,
        Column("hour", "ordinal", "Hour of the store's clock, 0 to 23."),
        Column("receipts", "count", "SALE receipts not cancelled."),
        Column("net_sales", "money", "Net sales, refunds in the hour they were made."),
    ),
)

CHANNEL_HOURS = Dataset(
    "channel_hours",
    1,
    "store, order type and local clock hour",
    ("store_id", "channel", "hour"),
    (
        *BY_STORE,
        Column("channel", "label", "Order type."),
        Column("hour", "ordinal", "Hour of the store's clock, 0 to 23."),
        Column("receipts", "count", "SALE receipts not cancelled."),
        Column("net_sales", "money", "Net sales, refunds in the hour they were made."),
    ),
)

TENDERS = Dataset(
    "tenders",
    1,
    "store and payment type",
    ("store_id", "tender", "tender_type"),
    (
        *BY_STORE,
        Column("tender", "label", "Payment type, as it is named at the POS."),
        Column("tender_type", "label", "Kind of payment type."),
        Column("payments", "count", "Payments on SALE receipts."),
        Column("refund_payments", "count", "Payments on REFUND receipts."),
        Column("sales_amount", "money", "Paid on SALE receipts."),
        Column("refunds_amount", "money", "Paid back, positive."),
    ),
)

DISCOUNTS = Dataset(
    "discounts",
    1,
    "store, discount name and type",
    ("store_id", "name", "type"),
    (
        *BY_STORE,
        Column("name", "label", "Discount."),
        Column("type", "label", "FIXED_PERCENT, ..., DISCOUNT_BY_POINTS."),
        Column("receipts", "count", "SALE receipts with it."),
        Column("amount", "money", "Discounts on sales less those on refunds."),
    ),
)

QUALITY = Dataset(
    "quality",
    4,
    "store, check and subject",
    ("store_id", "check", "subject"),
    (
        Column("store_id", "label", "Store; null where unreadable.", null=True),
        Column("currency", "label", "ISO 4217 code; null where unreadable.", null=True),
        Column(
            "check",
            "label",
            "received, counted, quarantined, superseded (older revisions),"
            " missing_cost, missing_category,"
            " unmapped_channel, unknown_component, clock_skew, late, payments_differ, rounding,"
            " orphan_refund, cancelled.",
        ),
        Column(
            "subject",
            "label",
            "Subject (reason, dining option, component, ...); empty where the check has none.",
        ),
        Column("count", "count", "Number of receipts, lines or records."),
        Column("amount", "money", "Money of these, if there is any.", null=True),
        Column("unknown", "count", "How many of these have unreadable money."),
        Column(
            "seconds",
            "count",
            "Longest delay; null for checks other than clock_skew and late.",
            "seconds",
            null=True,
        ),
    ),
)
