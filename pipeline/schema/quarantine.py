"""Records that no figure counts: rejected ones, and those before the history."""

from pipeline.schema.kinds import Column, Dataset

QUARANTINE = Dataset(
    "quarantine",
    4,
    "one rejected record",
    ("raw_partition", "record"),
    (
        Column(
            "business_day",
            "day",
            "Its business day; the day of its arrival if its date is implausible; the day of its"
            " raw partition if its date is unreadable.",
        ),
        Column("store_id", "label", "Store, where readable.", null=True),
        Column("receipt_number", "text", "Number, where readable.", null=True),
        Column("receipt_type", "label", "SALE or REFUND, where readable.", null=True),
        Column(
            "reason",
            "label",
            "Why: implausible_date, excess_precision, missing_field, wrong_type, not_json, ...",
        ),
        Column("pointer", "text", "JSON pointer to the value that fails the check."),
        Column("detail", "text", "The value there, at most 200 characters."),
        Column("total", "money", "total_money, signed, where readable.", null=True),
        Column("raw_partition", "label", "Raw partition of the record."),
        Column("record", "text", "Object and position in it."),
        Column("verbatim", "text", "The record as it was received."),
    ),
    ("business_day", "raw_partition", "record"),
)

BEFORE_HISTORY = Dataset(
    "outside",
    4,
    "one receipt before the history of the lake",
    ("raw_partition", "record"),
    (
        Column("received", "day", "Business day of its arrival, on the clock of [shop]."),
        Column("business_day", "day", "Its business day, before [pos] history_starts."),
        Column("store_id", "label", "Store, where readable.", null=True),
        Column("receipt_number", "text", "Number, where readable.", null=True),
        Column("receipt_type", "label", "SALE or REFUND, where readable.", null=True),
        Column("is_cancelled", "flag", "Cancelled: its amounts are 0."),
        Column("reason", "label", "Why it would be rejected; null if it is valid.", null=True),
        Column(
            "total",
            "money",
            "Collected, signed, 0 where cancelled; null where unreadable.",
            null=True,
        ),
        Column("currency", "label", "ISO 4217 code."),
        Column("raw_partition", "label", "Raw partition of its newest revision."),
        Column("record", "text", "Object and position in it."),
    ),
    ("received", "store_id", "receipt_number", "record"),
)
