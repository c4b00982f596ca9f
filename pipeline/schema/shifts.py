"""Shifts of the cash drawers: expected and counted cash."""

from pipeline.schema.kinds import BY_STORE, Column, Dataset

SHIFTS = Dataset(
    "shifts",
    1,
    "shift of the cash drawer of one register",
    ("business_day", "store_id", "register", "opened_at", "shift_id"),
    (
        Column("business_day", "day", "Business day of the opening."),
        *BY_STORE,
        Column("register", "label", "Name in the catalog, otherwise the id."),
        Column("shift_id", "text", "The POS's id."),
        Column("opened_at", "instant", "Opened."),
        Column("closed_at", "instant", "Closed; null while it is open.", null=True),
        Column("closed_day", "day", "Business day of the close; null while it is open.", null=True),
        Column("opened_at_local", "local", "Opened, on the store's clock.", unit=""),
        Column(
            "closed_at_local",
            "local",
            "Closed, on the store's clock; null while it is open.",
            unit="",
            null=True,
        ),
        Column("opened_by", "label", "Employee who opened it.", null=True),
        Column(
            "closed_by",
            "label",
            "Employee who closed it; null while open or where unknown.",
            null=True,
        ),
        Column("opening_cash", "money", "Cash in the drawer at the opening."),
        Column("cash_payments", "money", "Cash that customers paid."),
        Column("cash_refunds", "money", "Cash that customers got back."),
        Column("paid_in", "money", "Other cash put into the drawer."),
        Column("paid_out", "money", "Other cash taken out of the drawer."),
        Column(
            "expected_cash",
            "money",
            "As the POS states it: opening_cash + cash_payments - cash_refunds + paid_in"
            " - paid_out.",
        ),
        Column("counted_cash", "money", "Counted at the close; null if it was not.", null=True),
        Column(
            "difference",
            "money",
            "counted_cash - expected_cash: over, or short if negative; null if not counted.",
            null=True,
        ),
    ),
)
