"""The summary tables of a month: small, exact, mergeable; every report section reads them."""

from pipeline.schema.kinds import Column, Dataset

_BY_STORE = (
    Column("store_id", "label", "Store."),
    Column("currency", "label", "ISO 4217 code; currencies are never added up."),
)
_AMOUNTS = (
    Column("receipts", "count", "SALE receipts not cancelled."),
    Column("refund_receipts", "count", "REFUND receipts not cancelled."),
    Column("units", "quantity", "Units of SALE lines, combos as one, weighed lines as 1."),
    Column("gross_sales", "money", "Gross of SALE receipts.", "currency"),
    Column("sale_discounts", "money", "Discounts on SALE receipts.", "currency"),
    Column("refund_discounts", "money", "Discounts on REFUND receipts, positive.", "currency"),
    Column("refunds", "money", "Gross of REFUND receipts, positive.", "currency"),
    Column(
        "net_sales",
        "money",
        "gross_sales - (sale_discounts - refund_discounts) - refunds.",
        "currency",
    ),
    Column("tax_included", "money", "Included tax, refunds deducted.", "currency"),
    Column("tax_added", "money", "Added tax, refunds deducted.", "currency"),
)

DAYS = Dataset(
    "days",
    2,
    "business day, store and channel",
    ("business_day", "store_id", "channel"),
    (
        Column("business_day", "day", "Business day."),
        *_BY_STORE,
        Column("channel", "label", "Order type."),
        *_AMOUNTS,
        Column("tips", "money", "Tips, refunds deducted.", "currency"),
        Column("surcharges", "money", "Surcharges, refunds deducted.", "currency"),
        Column("rounding", "money", "Cash rounding.", "currency"),
        Column("collected", "money", "Totals of the receipts, refunds deducted.", "currency"),
        Column("paid", "money", "Payments, refunds deducted; equals collected.", "currency"),
        Column(
            "points_discounts", "money", "Discounts paid with points, refunds deducted.", "currency"
        ),
        Column("cost", "money", "Known cost of goods, refunds deducted.", "currency"),
        Column("costed_net", "money", "Net sales of the rows whose cost is known.", "currency"),
        Column(
            "costed_tax_included",
            "money",
            "Included tax of the rows whose cost is known.",
            "currency",
        ),
        Column("identified_receipts", "count", "SALE receipts with a customer."),
        Column("cancelled_receipts", "count", "Cancelled receipts, sales and refunds."),
        Column(
            "cancelled_total",
            "money",
            "What cancelled receipts had charged or paid back, each positive.",
            "currency",
        ),
        Column("combo_receipts", "count", "SALE receipts that hold a combo."),
        Column(
            "first_sold_at",
            "local",
            "First receipt of the day; null where all were cancelled.",
            "store's local time",
            null=True,
        ),
        Column(
            "last_sold_at",
            "local",
            "Last receipt of the day; null where all were cancelled.",
            "store's local time",
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
        *_BY_STORE,
        Column("hour", "ordinal", "Hour of the store's clock, 0 to 23."),
        Column("receipts", "count", "SALE receipts not cancelled."),
        Column("net_sales", "money", "Net sales, refunds in the hour they were made.", "currency"),
    ),
)
ITEMS = Dataset(
    "items",
    1,
    "store, category, item, as sold alone or within a combo",
    ("store_id", "category", "item", "in_combo"),
    (
        *_BY_STORE,
        Column("category", "label", "Category; null where none is known.", null=True),
        Column("item", "label", "United name of the dish."),
        Column(
            "in_combo",
            "flag",
            "Sold as a component of a combo; its money is the share credited to it.",
        ),
        Column("receipts", "count", "SALE receipts that hold it."),
        Column("units", "quantity", "Units of SALE rows."),
        Column("refunded_units", "quantity", "Units of REFUND rows, positive."),
        Column("gross_sales", "money", "Gross of SALE rows.", "currency"),
        Column(
            "discounts", "money", "Discounts on SALE rows less those on REFUND rows.", "currency"
        ),
        Column("refunds", "money", "Gross of REFUND rows, positive.", "currency"),
        Column("net_sales", "money", "gross_sales - discounts - refunds.", "currency"),
        Column("tax_included", "money", "Included tax, refunds deducted.", "currency"),
        Column("cost", "money", "Known cost, refunds deducted.", "currency"),
        Column(
            "costed_units", "quantity", "units - refunded_units of the rows whose cost is known."
        ),
        Column("costed_net", "money", "Net sales of the rows whose cost is known.", "currency"),
        Column(
            "costed_tax_included",
            "money",
            "Included tax of the rows whose cost is known.",
            "currency",
        ),
        Column("first_day", "day", "First business day with a SALE of it.", null=True),
        Column("last_day", "day", "Last business day with a SALE of it.", null=True),
    ),
)
ITEM_WEEKDAYS = Dataset(
    "item_weekdays",
    1,
    "store, weekday of the business day, category and item",
    ("store_id", "weekday", "category", "item"),
    (
        *_BY_STORE,
        Column("weekday", "ordinal", "Weekday of the business day, 0 = Monday to 6 = Sunday."),
        Column("category", "label", "Category; null where none is known.", null=True),
        Column("item", "label", "United name of the dish, alone and in combos."),
        Column("receipts", "count", "SALE receipts that hold it."),
        Column("net_sales", "money", "Net sales, refunds deducted.", "currency"),
    ),
)
CATEGORIES = Dataset(
    "categories",
    1,
    "store and category",
    ("store_id", "category"),
    (
        *_BY_STORE,
        Column(
            "category",
            "label",
            "Category of the dish, alone or in a combo; null where none is known.",
            null=True,
        ),
        Column(
            "receipts",
            "count",
            "SALE receipts that hold a dish of it (units and money: add up items).",
        ),
    ),
)
PRICES = Dataset(
    "prices",
    1,
    "store, item, variant and price on SALE lines, combos as one",
    ("store_id", "item", "variant", "unit_price"),
    (
        *_BY_STORE,
        Column("item", "label", "United name."),
        Column("variant", "label", "Variant.", null=True),
        Column("unit_price", "money", "Price on the receipt without modifiers.", "currency"),
        Column("first_day", "day", "First business day at this price."),
        Column("last_day", "day", "Last business day at this price."),
        Column("units", "quantity", "Units sold at it."),
    ),
)
COMBOS = Dataset(
    "combos",
    1,
    "store and combo as sold",
    ("store_id", "combo"),
    (
        *_BY_STORE,
        Column("combo", "label", "United name of the combo."),
        Column("receipts", "count", "SALE receipts that hold it."),
        Column("units", "quantity", "Combos sold."),
        Column("refunded_units", "quantity", "Combos refunded, positive."),
        Column("gross_sales", "money", "Gross of SALE rows.", "currency"),
        Column("discounts", "money", "Discounts, refunds deducted.", "currency"),
        Column("refunds", "money", "Gross of REFUND rows, positive.", "currency"),
        Column("net_sales", "money", "Net sales.", "currency"),
        Column("tax_included", "money", "Included tax, refunds deducted.", "currency"),
        Column("cost", "money", "Known cost, refunds deducted.", "currency"),
        Column(
            "costed_units",
            "quantity",
            "units - refunded_units of the combos whose every row has a cost.",
        ),
        Column("costed_net", "money", "Net sales of the rows whose cost is known.", "currency"),
        Column(
            "costed_tax_included",
            "money",
            "Included tax of the rows whose cost is known.",
            "currency",
        ),
    ),
)
COMBO_PARTS = Dataset(
    "combo_parts",
    1,
    "store, combo, slot and component",
    ("store_id", "combo", "slot", "item"),
    (
        *_BY_STORE,
        Column("combo", "label", "United name of the combo."),
        Column("slot", "label", "Modifier that chose it; null for a fixed part.", null=True),
        Column("item", "label", "United name of the component."),
        Column("is_known", "flag", "False where no rule names it."),
        Column("units", "quantity", "Units of SALE rows."),
        Column("net_sales", "money", "Net sales credited, refunds deducted.", "currency"),
        Column("upgrades", "money", "What choosing it charged on SALE rows.", "currency"),
    ),
)
CHOICES = Dataset(
    "choices",
    1,
    "store, dish, modifier and option",
    ("store_id", "item", "name", "option"),
    (
        *_BY_STORE,
        Column("item", "label", "United name of the dish."),
        Column("name", "label", "Modifier."),
        Column("option", "label", "Option, spellings united."),
        Column("units", "quantity", "Times chosen on SALE rows."),
        Column("amount", "money", "What was charged for it on SALE rows.", "currency"),
    ),
)
TENDERS = Dataset(
    "tenders",
    1,
    "store and payment type",
    ("store_id", "tender", "tender_type"),
    (
        *_BY_STORE,
        Column("tender", "label", "Payment type as the merchant named it."),
        Column("tender_type", "label", "Kind of payment type."),
        Column("payments", "count", "Payments on SALE receipts."),
        Column("refund_payments", "count", "Payments on REFUND receipts."),
        Column("sales_amount", "money", "Paid on SALE receipts.", "currency"),
        Column("refunds_amount", "money", "Paid back, positive.", "currency"),
    ),
)
DISCOUNTS = Dataset(
    "discounts",
    1,
    "store, discount name and type",
    ("store_id", "name", "type"),
    (
        *_BY_STORE,
        Column("name", "label", "Discount."),
        Column("type", "label", "FIXED_PERCENT, ..., DISCOUNT_BY_POINTS."),
        Column("receipts", "count", "SALE receipts that had it."),
        Column("amount", "money", "Given on sales less returned with refunds.", "currency"),
    ),
)
STAFF = Dataset(
    "staff",
    2,
    "store and employee",
    ("store_id", "employee_id"),
    (
        *_BY_STORE,
        Column("employee_id", "label", "Employee; null where the till names none.", null=True),
        Column("receipts", "count", "SALE receipts not cancelled."),
        Column("net_sales", "money", "Net sales, refunds deducted.", "currency"),
        Column("discounts", "money", "Discounts, refunds deducted.", "currency"),
        Column("refund_receipts", "count", "REFUND receipts."),
        Column("refunds", "money", "Gross of REFUND receipts, positive.", "currency"),
        Column("cancelled_receipts", "count", "Cancelled receipts."),
        Column(
            "cancelled_total",
            "money",
            "What cancelled receipts had charged or paid back, each positive.",
            "currency",
        ),
    ),
)
REFUNDED_ITEMS = Dataset(
    "refunded_items",
    1,
    "store, item and employee of REFUND rows",
    ("store_id", "item", "employee_id"),
    (
        *_BY_STORE,
        Column("item", "label", "United name of the dish, combos as one."),
        Column("employee_id", "label", "Who refunded.", null=True),
        Column("receipts", "count", "REFUND receipts."),
        Column("units", "quantity", "Units returned, positive."),
        Column("refunds", "money", "Gross returned, positive.", "currency"),
    ),
)
BASKETS = Dataset(
    "baskets",
    2,
    "store, item and partner item of SALE receipts, combos as one",
    ("store_id", "item", "partner"),
    (
        *_BY_STORE,
        Column("item", "label", "United name; the first of the pair in the alphabet."),
        Column("partner", "label", "The other; equal to item for the item's own receipts."),
        Column(
            "receipts",
            "count",
            "SALE receipts that hold both. A month of more than a million possible pairs holds"
            " pairs on 20 receipts or more.",
        ),
        Column("plain_receipts", "count", "Those of them that hold no combo."),
    ),
)
CUSTOMERS = Dataset(
    "customers",
    1,
    "customer and store",
    ("customer_id", "store_id"),
    (
        *_BY_STORE,
        Column("customer_id", "text", "Opaque identifier."),
        Column(
            "first_day",
            "day",
            "First business day with a SALE in the month; null where there were only refunds.",
            null=True,
        ),
        Column("last_day", "day", "Last such day.", null=True),
        Column("receipts", "count", "SALE receipts."),
        Column("net_sales", "money", "Net sales, refunds deducted.", "currency"),
    ),
)
QUALITY = Dataset(
    "quality",
    3,
    "store, check and subject",
    ("store_id", "check", "subject"),
    (
        Column("store_id", "label", "Store; null where unreadable.", null=True),
        Column("currency", "label", "ISO 4217 code; null where unreadable.", null=True),
        Column(
            "check",
            "label",
            "fetched, curated, quarantined, superseded, missing_cost, missing_category,"
            " unmapped_channel, unknown_component, clock_skew, late, payments_differ, rounding,"
            " orphan_refund, cancelled.",
        ),
        Column(
            "subject",
            "label",
            "What it concerns (reason, dining option, component, ...); empty where the check has"
            " none.",
        ),
        Column("count", "count", "Receipts, lines or records, as the check says."),
        Column("amount", "money", "Money concerned, where there is any.", "currency", null=True),
        Column("unknown", "count", "Records among them whose money cannot be read."),
        Column("seconds", "count", "Longest delay, for clock_skew and late.", "seconds", null=True),
    ),
)
STORES = Dataset(
    "stores",
    1,
    "store",
    ("store_id",),
    (
        *_BY_STORE,
        Column("name", "label", "Name in the catalog; the identifier where it has none."),
        Column("timezone", "label", "IANA time zone."),
        Column("day_starts_at", "label", "Cut-over of the business day, HH:MM local."),
    ),
)
EMPLOYEES = Dataset(
    "employees",
    1,
    "employee",
    ("employee_id",),
    (
        Column("employee_id", "label", "Employee."),
        Column("alias", "label", "First name and initial; no contacts ever reach the lake."),
    ),
)

SUMMARY = (
    DAYS,
    HOURS,
    ITEMS,
    ITEM_WEEKDAYS,
    CATEGORIES,
    PRICES,
    COMBOS,
    COMBO_PARTS,
    CHOICES,
    TENDERS,
    DISCOUNTS,
    STAFF,
    REFUNDED_ITEMS,
    BASKETS,
    CUSTOMERS,
    QUALITY,
    STORES,
    EMPLOYEES,
)

_FIGURE = (
    Column("file", "label", "The export's name in backoffice/."),
    Column("currency", "label", "ISO 4217 code."),
    Column("day", "day", "Calendar day on the store's clock, as the till counts."),
)
_AGAINST = (
    Column("figure", "label", "gross_sales, discounts, refunds, net_sales, taxes, collected."),
    Column(
        "till",
        "money",
        "What the export says, refunds negative; null where it does not name it.",
        "currency",
        null=True,
    ),
    Column(
        "ours",
        "money",
        "The same from the lake; null where it does not have it.",
        "currency",
        null=True,
    ),
)
TILL_FILES = Dataset(
    "till_files",
    2,
    "export of the Back Office that concerns the month",
    ("file", "currency"),
    (
        Column("file", "label", "Its name in backoffice/."),
        Column(
            "kind", "label", "receipts, items, summary; null where it cannot be read.", null=True
        ),
        Column("currency", "label", "ISO 4217 code of the receipts compared."),
        Column("first_day", "day", "First calendar day compared; null where none was.", null=True),
        Column("last_day", "day", "Last calendar day compared.", null=True),
        Column("compared", "count", "Receipts (of a summary: days) that both have."),
        Column(
            "differing", "count", "Receipts (days) that differ, or that only one of the two has."
        ),
        Column(
            "difference",
            "money",
            "Sum of the differences of net sales, each taken positive.",
            "currency",
        ),
        Column("problem", "text", "Why it could not be compared.", null=True),
    ),
)
TILL_DIFFERENCES = Dataset(
    "till_differences",
    1,
    "figure of a receipt (of a summary: day) that differs",
    ("file", "currency", "day", "receipt_number", "figure"),
    (
        *_FIGURE,
        Column("receipt_number", "text", "Receipt; empty for a day of a summary."),
        *_AGAINST,
    ),
)
TILL_TOTALS = Dataset(
    "till_totals",
    1,
    "export, calendar day and figure",
    ("file", "currency", "day", "figure"),
    (*_FIGURE, *_AGAINST),
)

BACKOFFICE = (TILL_FILES, TILL_DIFFERENCES, TILL_TOTALS)
