"""Comparison of the POS's own exports with the lake."""

from pipeline.schema.kinds import Column, Dataset

EXPORT_REASONS = {
    "amount": "both have it, with different amounts: export its days again if it changed after the"
    " export; otherwise `pos explain NUMBER` shows how the lake counts it",
    "receipt_not_in_lake": "only the export has it: `pos rescan` reads its days again",
    "refund_not_in_lake": "only the export has this refund: `pos rescan` reads its days again",
    "receipt_not_in_export": "only the lake has it: export its days again, with all stores",
    "refund_not_in_export": "only the lake has this refund: export its days again",
    "quarantined": "the lake has it in quarantine: `pos explain NUMBER` shows the reason",
    "day": "the day's totals differ: export its receipts to see which",
}
"""Reasons of a difference, each with what to do."""

_FIGURE = (
    Column("file", "label", "The export's name in backoffice/."),
    Column("currency", "label", "ISO 4217 code."),
    Column("day", "day", "Calendar day on the store's clock, as the POS counts."),
)

_AGAINST = (
    Column(
        "figure",
        "label",
        "gross_sales, discounts, refunds, net_sales, surcharges, gift_cards, taxes, item_taxes"
        " (without those of surcharges), tips, collected.",
    ),
    Column(
        "export",
        "money",
        "What the export says, refunds negative; null where it does not name it.",
        null=True,
    ),
    Column("lake", "money", "The same from the lake; null where it does not have it.", null=True),
)

EXPORT_FILES = Dataset(
    "export_files",
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
        Column("difference", "money", "Sum of the differences of net sales, each taken positive."),
        Column("problem", "text", "Why it could not be compared.", null=True),
    ),
)

EXPORT_DIFFERENCES = Dataset(
    "export_differences",
    2,
    "figure of a receipt (of a summary: day) that differs",
    ("file", "currency", "day", "receipt_number", "figure"),
    (
        *_FIGURE,
        Column("receipt_number", "text", "Receipt; empty for a day of a summary."),
        *_AGAINST,
        Column("reason", "label", f"Why: {', '.join(EXPORT_REASONS)}."),
        Column("detail", "text", "Why it is in quarantine.", null=True),
    ),
)

EXPORT_TOTALS = Dataset(
    "export_totals",
    1,
    "export, calendar day and figure",
    ("file", "currency", "day", "figure"),
    (*_FIGURE, *_AGAINST),
)

BACKOFFICE = (EXPORT_FILES, EXPORT_DIFFERENCES, EXPORT_TOTALS)
