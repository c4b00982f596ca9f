"""The kinds of columns: a key has one kind in all tables and in figures.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reports.document import Kind, TableColumn, value_of

if TYPE_CHECKING:
    import pandas as pd

_KEYS: Mapping[Kind, str] = {
    "money": """
        amount average_receipt before before_per_day cancelled charged collected combo_net
        contribution cost costed_net counted credited difference discounts expected fee from_sales
        given goal gross_profit gross_sales high in_export in_lake is left low net_per_hour
        net_sales over paid_back per_day refunded refunds refunds_amount remains sales_amount
        same_weekdays_change short spend_each tax_included total unit_contribution usual wages was
        year_before
    """,
    "count": """
        among both cancelled_receipts comparable_days compared count counted_shifts customers
        differing open_days payments rank rank_before receipts refund_payments refund_receipts
        version
    """,
    "quantity": "combo_units hours refunded_units units",
    "percent": """
        attach change comparable_change confidence cost_coverage labour_share margin
        margin_before_tax of_amount of_goal others_change points share share_before
        share_of_discounts share_of_modifier share_of_slot units_change
    """,
    "number": "lift receipts_per_day visits_each",
    "date": "day month received since when",
}
KINDS = {key: kind for kind, keys in _KEYS.items() for key in keys.split()}
"""The kind of a column by its key; the others are texts."""
OPTIONAL = frozenset({"category", "employee", "slot"})
"""Texts that a figure has only where they are not empty."""


def columns_of(*keys: str, **frame_columns: str) -> tuple[TableColumn, ...]:
    """Columns by their keys, and by the name in the frame where it is another one."""
    named = {**dict.fromkeys(keys, ""), **frame_columns}
    return tuple(
        TableColumn(key, KINDS.get(key, "text"), frame_column=name) for key, name in named.items()
    )


def figure_rows(frame: pd.DataFrame, currency: str, names: str) -> list[dict[str, object]]:
    """The columns `names` ("item units") of each row as figures; counts are integers."""
    keys = names.split()
    cells = [_figures(key, frame[key], currency) for key in keys]
    return [dict(zip(keys, row, strict=True)) for row in zip(*cells, strict=True)]


def _figures(name: str, column: pd.Series, currency: str) -> list[object]:
    kind = KINDS.get(name, "text")
    if kind == "text":
        return [raw or None for raw in column] if name in OPTIONAL else list(column)
    if kind == "count":
        return [int(raw) for raw in column]
    return [value_of(raw, kind, currency) for raw in column]
