"""The kinds of the columns of tables: each key has the same kind in every table."""

from __future__ import annotations

from collections.abc import Mapping

from reports.page import Kind, TableColumn

_KEYS: Mapping[Kind, str] = {
    "money": """
        amount average_receipt before before_per_day cancelled charged collected contribution
        counted credited difference discounts expected fair_change fee from_sales given goal
        gross_profit high in_export in_lake is left low net_per_hour net_sales over paid_back
        per_day refunded remains short spend_each total unit_contribution usual wages was
        year_before
    """,
    "count": """
        among both cancelled_receipts comparable_days count counted_shifts customers open_days
        payments rank rank_before receipts refund_receipts version
    """,
    "quantity": "combo_units hours units",
    "percent": """
        attach change confidence cost_coverage labour_share like_for_like margin margin_before_tax
        of_amount of_goal others_change points share share_before share_of_discounts
        share_of_modifier share_of_slot units_change
    """,
    "number": "lift receipts_per_day visits_each",
    "date": "day month received since when",
}
KINDS = {key: kind for kind, keys in _KEYS.items() for key in keys.split()}
"""The kind of a column by its key; the others are texts."""


def columns_of(*keys: str, **sources: str) -> tuple[TableColumn, ...]:
    """Columns by their keys, and by the name in the frame where it is another one."""
    named = {**dict.fromkeys(keys, ""), **sources}
    return tuple(
        TableColumn(key, KINDS.get(key, "text"), source=source) for key, source in named.items()
    )
