"""Shifts of the cash drawers: expected and counted cash."""

from pipeline.schema.kinds import BY_STORE, Column, Dataset


def _cash(name: str, meaning: str, *, null: bool = False) -> Column:
    return Column(name, "money", meaning, null=null)


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
        _cash("opening_cash", "Cash in the drawer at the opening."),
        _cash("cash_payments", "Cash that customers paid."),
        _cash("cash_refunds", "Cash that customers got back."),
        _cash("paid_in", "Other cash put into the drawer."),
        _cash("paid_out", "Other cash taken out of the drawer."),
        _cash(
            "expected_cash",
            "As the POS states it: opening_cash + cash_payments - cash_refunds + paid_in"
            " - paid_out.",
        ),
        _cash("counted_cash", "Counted at the close; null if it was not.", null=True),
        _cash(
            "difference",
            "counted_cash - expected_cash: over, or short if negative; null if not counted.",
            null=True,
        ),
    ),
)
