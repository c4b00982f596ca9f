"""The receipts of a month as its report counts them.

Each version of a report keeps a copy, so that a later version can name the receipts that changed.
"""

from pipeline.schema.kinds import Column, Dataset

RECEIPT_FIGURES = Dataset(
    "receipt_figures",
    3,
    "receipt, and number of a receipt in quarantine",
    ("store_id", "receipt_number", "state"),
    (
        Column("store_id", "label", "Store; empty where unreadable."),
        Column("receipt_number", "text", "The POS's number; empty where unreadable."),
        Column(
            "state", "label", "counted (in the lake and not cancelled), cancelled or quarantined."
        ),
        Column("currency", "label", "ISO 4217 code; null where unreadable.", null=True),
        Column("receipt_type", "label", "SALE or REFUND; null where unreadable.", null=True),
        Column("business_day", "day", "Business day; null where unreadable.", null=True),
        Column("is_late", "flag", "Received more than a day after the sale."),
        Column(
            "total",
            "money",
            "Total, signed; of a cancelled receipt that before its cancellation.",
            null=True,
        ),
        Column("figures", "text", "Digest of all that it adds to figures."),
        Column("source", "text", "Digest of its money and state as the POS sent them."),
    ),
)
