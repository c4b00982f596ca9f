"""Summary tables of customers and staff, and the stores."""

from pipeline.schema.kinds import BY_STORE, Column, Dataset

CUSTOMERS = Dataset(
    "customers",
    1,
    "customer and store",
    ("customer_id", "store_id"),
    (
        *BY_STORE,
        Column("customer_id", "text", "Opaque identifier."),
        Column(
            "first_day",
            "day",
            "First business day with a SALE in the month; null where there were only refunds.",
            null=True,
        ),
        Column("last_day", "day", "Last such day.", null=True),
        Column("receipts", "count", "SALE receipts."),
        Column("net_sales", "money", "Net sales, refunds deducted."),
    ),
)

STAFF = Dataset(
    "staff",
    2,
    "store and employee",
    ("store_id", "employee_id"),
    (
        *BY_STORE,
        Column("employee_id", "label", "Employee; null where the POS names none.", null=True),
        Column("receipts", "count", "SALE receipts not cancelled."),
        Column("net_sales", "money", "Net sales, refunds deducted."),
        Column("discounts", "money", "Discounts, refunds deducted."),
        Column("refund_receipts", "count", "REFUND receipts."),
        Column("refunds", "money", "Gross of REFUND receipts, positive."),
        Column("cancelled_receipts", "count", "Cancelled receipts."),
        Column(
            "cancelled_total",
            "money",
            "Totals of cancelled receipts before the cancellation, each positive.",
        ),
    ),
)

EMPLOYEES = Dataset(
    "employees",
    1,
    "employee",
    ("employee_id",),
    (
        Column("employee_id", "label", "Employee."),
        Column("alias", "label", "First name and initial; the lake has no contacts."),
    ),
)

STORES = Dataset(
    "stores",
    1,
    "store",
    ("store_id",),
    (
        *BY_STORE,
        Column("name", "label", "Name in the catalog; the identifier where it has none."),
        Column("timezone", "label", "IANA time zone."),
        Column("day_starts_at", "label", "Start of the business day, HH:MM local."),
    ),
)
