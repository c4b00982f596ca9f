"""What changed since the previous version of this report.

Every figure that differs, both values, and the receipts that changed it.

Takes the figures of this version, and figures.json of the version before. A change of settings,
language, paper or code is stated by itself and is no correction of data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any, NamedTuple, cast

from reports.columns import columns_of
from reports.document import Section, Table
from reports.figures import Figures
from reports.figures.changed_figures import ChangedFigure, Path, changed_figures, leaves
from reports.localizer import text_templates
from reports.render.figures_json import json_value
from reports.sections.bridge import STEPS
from reports.sections.lineage_table import day_of, month_of
from reports.values import (
    QUANTITY_UNIT,
    Count,
    Money,
    Name,
    Percent,
    Points,
    Quantity,
    Rate,
    Text,
    Value,
    text,
)
from reports.version_context import VersionContext, figures_by_section

SHOWN = 20
CAUSES = ("data", "more", "settings", "same", "first")
"""Why a version was issued, the most important reason first."""
BOOKKEEPING = ("lineage", "checks", "superseded")
"""Older revisions of receipts: they grow when a receipt was only touched, and correct nothing."""
COUNTED = ("receipts", "refund_receipts", "cancelled_receipts")
WHY = ("late", "edited", "cancelled", "refunded", "new", "left", "quarantined")
RATIO = 1_000_000
ENUMS = {
    "customers": "customers",
    "dayparts": "daypart",
    "drivers": "drivers",
    "lineage": "check",
    "loyalty": "segment",
    "weekdays": "channel",
    "weekend": "weekend",
}
"""The table of texts that names the keys of a section's figures."""

Plain = Mapping[str, Any]


class Compared(NamedTuple):
    """A version beside the one before."""

    past: Plain
    """The figures of the version before."""
    changed: list[ChangedFigure]
    others: list[str]
    """Of "settings" and "code", what is another than in the version before."""


def compare(sections: Sequence[Section], context: VersionContext, currency: str) -> Compared | None:
    """The figures of `sections` beside those of the version before; None without one."""
    if context.before is None:
        return None
    past = context.before.get("currencies", {}).get(currency, {})
    now = cast(
        Plain, json_value(figures_by_section(sections), context.lake_decimals, context.decimals)
    )
    lineage, past_lineage = context.lineage, context.before.get("lineage", {})
    others = [
        name
        for name in ("settings", "code")
        if name in lineage and str(lineage[name]) != past_lineage.get(name, "")
    ]
    return Compared(past, changed_figures(now, past), others)


def changes(figures: Figures, context: VersionContext, sections: Sequence[Section]) -> Section:
    """What differs from the version before, and the receipts that changed it.

    A receipt of `context.changed_receipts` has number, currency, day, total, why, and whether the
    POS's data changed (is_data).
    """
    currency = figures.currency
    compared = compare(sections, context, currency)
    if compared is None:
        return Section(
            "changes", (text("changes.first"),), figures={"cause": "first", "changed": []}
        )
    _, changed, others = compared
    own = [
        row for row in context.changed_receipts if row.get("currency", currency) in ("", currency)
    ]
    named = [row for row in own if row.get("is_data", True) or not others] if changed else []
    is_longer = has_more_days(figures.through, context)
    cause = cause_of(compared, is_data=bool(named), is_longer=is_longer)
    sentences = [
        text("changes.some" if changed else "changes.none", n=Count(len(changed))),
        *([text("changes.more")] if is_longer else []),
        *(text(f"changes.{name}") for name in others),
    ]
    recounted = len(own) - len(named) if changed else 0
    if recounted:
        sentences.append(text("changes.recounted", n=Count(recounted)))
    table = changed_figures_table(sections, changed, context, currency, figures.compared_stores)
    for row, figure in zip(table.rows, _ordered(changed), strict=True):
        if figure.path == ("bridge", "total", "net_sales"):
            sentences.append(text("changes.net", before=row[1], now=row[2]))
    if named:
        sentences.append(text("changes.receipts", n=Count(len(named))))
    tables = (table, _receipts(named, currency, context.lake_decimals))
    return Section("changes", sentences, tables=tables, figures=as_figures(changed, cause))


def has_more_days(through: date | None, context: VersionContext) -> bool:
    """Whether a month that was in progress has more days than in the version before.

    `through` is the last day of a month in progress, None of a closed one.
    """
    past = (context.before or {}).get("through")
    return bool(past) and past != (through.isoformat() if through else None)


def cause_of(compared: Compared, is_data: bool, is_longer: bool) -> str:
    """Why a version was issued: one of CAUSES.

    `is_data` if the POS sent other data, `is_longer` if the version has more days.
    """
    _, changed, others = compared
    if is_longer:
        return "more"
    if is_data or (not others and any(figure.path[:3] != BOOKKEEPING for figure in changed)):
        return "data"
    return "settings" if others else "same"


def as_figures(changed: Sequence[ChangedFigure], cause: str) -> dict[str, object]:
    """The figures of a section about changes."""
    return {
        "cause": cause,
        "changed": [
            {"figure": ".".join(figure.path), "was": figure.was, "is": figure.now}
            for figure in _ordered(changed)
        ],
    }


def changed_figures_table(
    sections: Sequence[Section],
    changed: Sequence[ChangedFigure],
    context: VersionContext,
    currency: str,
    names: Mapping[str, str],
) -> Table:
    """Every figure that changed, as the report states it; `names` are the stores'."""
    keys = {figure.path[0] for figure in changed}
    typed = dict(
        leaves({key: own for key, own in figures_by_section(sections).items() if key in keys})
    )
    kinds = {(path[0], path[-1]): value for path, value in typed.items() if value is not None}
    rows = []
    for path, *values in _ordered(changed):
        kind = typed.get(path) or kinds.get((path[0], path[-1]))
        cells = (_value(raw, kind, currency, context.lake_decimals) for raw in values)
        rows.append((_label(path, names), *cells))
    columns = columns_of("figure", "was", "is")
    return Table("changes", text("changes.table"), columns, tuple(rows), shown=SHOWN)


def _ordered(changed: Sequence[ChangedFigure]) -> list[ChangedFigure]:
    """The totals from sales to payments first, then in the order of the sections."""
    return sorted(changed, key=lambda figure: _rank(figure.path))


def _rank(path: Path) -> tuple[int, int]:
    if path[:2] == ("bridge", "total"):
        order = (*COUNTED, *STEPS)
        return (0, order.index(path[2]) if path[2] in order else len(order))
    heads = (("customers",), ("bridge", "stores"), ("days",), ("tenders",), ("items",))
    return next((i for i, head in enumerate(heads, 1) if path[: len(head)] == head), 9), 0


def _value(raw: object, kind: object, currency: str, lake_decimals: int) -> Value:
    """A figure of figures.json as a value; a text where its kind is not known."""
    if raw is None:
        return None
    if isinstance(raw, bool):
        return text("changes.yes" if raw else "changes.no")
    match kind:
        case Money():
            return Money(int(Decimal(str(raw)).scaleb(lake_decimals)), currency)
        case Quantity():
            return Quantity(int(Decimal(str(raw)) * QUANTITY_UNIT))
        case Percent():
            return Percent(int(Decimal(str(raw)) * RATIO), RATIO, decimals=2)
        case Rate() | Points():
            return Rate(int(Decimal(str(raw)) * RATIO), RATIO, decimals=4)
    if isinstance(raw, int):
        return Count(raw)
    return Name(str(raw))


def _label(path: Path, names: Mapping[str, str]) -> Text:
    match path:
        case ("bridge", "total", step) if step in STEPS:
            return text(f"step.{step}")
        case ("bridge", "total", name) if name in COUNTED:
            return text(f"column.{name}")
        case ("customers", group, "customers"):
            return text("changes.customers", group=text(f"customers.{group}"))
        case ("bridge", "stores", store, "net_sales"):
            return text("changes.store", store=Name(names.get(store, store)))
        case ("days", "days", day, "net_sales"):
            return text("changes.day", day=day_of(day))
        case ("tenders", "tenders", name, _, "amount"):
            return text("changes.tender", name=Name(name))
        case ("items", "items", *_, name, "net_sales"):
            return text("changes.item", name=Name(name))
    section, *middle, leaf = path if len(path) > 1 else (*path, "")
    steps = [step_label(section, step, names) for step in middle] or [text("changes.all")]
    return text(
        "changes.figure",
        section=text(f"{section}.title"),
        name=reduce(lambda left, right: text("changes.within", outer=left, inner=right), steps),
        leaf=step_label(section, leaf, names),
    )


def step_label(section: str, step: str, names: Mapping[str, str]) -> Value:
    """A step of the path of a figure in words; a name of the merchant stays as it is."""
    if step in names:
        return Name(names[step])
    if span := day_of(step) or month_of(step, short=True):
        return span
    templates = text_templates("en_US")
    tables = (ENUMS.get(section, "figure"), "figure", "column", "step")
    for key in (*(f"{table}.{step}" for table in tables), f"{step}.title"):
        if "{" not in templates.get(key, "{"):
            return text(key)
    return Name(step.replace("_", " "))


def _receipts(rows: Sequence[Mapping[str, object]], currency: str, lake_decimals: int) -> Table:
    def total(raw: object) -> int | None:
        return None if raw in (None, "") else int(Decimal(str(raw)).scaleb(lake_decimals))

    cells = [
        (
            str(row.get("number") or ""),
            text(f"changes.{row['why']}") if row.get("why") in WHY else str(row["why"]),
            day_of(row.get("day")),
            total(row.get("total")),
        )
        for row in rows
    ]
    columns, title = columns_of("receipt", "why", "day", "total"), text("changes.because")
    return Table.from_rows("changed-receipts", title, columns, cells, currency, shown=SHOWN)
