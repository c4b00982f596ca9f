"""Columns that many datasets share."""

from pipeline.schema.kinds import Column

BY_STORE = (
    Column("store_id", "label", "Store."),
    Column("currency", "label", "ISO 4217 code; currencies are never added up."),
)
