"""From gross sales to collected money by store, and the difference (0 if correct)."""

from __future__ import annotations

from reports.columns import columns_of
from reports.document import Finding, Section, Table, TableColumn
from reports.figures import Figures, Totals
from reports.figures.money import COUNTS, SUMS, total_by
from reports.sections.export_comparison import compare_exports
from reports.values import Count, Money, Name, Percent, Quantity, Rate, Value, divide, text

STEPS = (
    "gross_sales",
    "discounts",
    "refunds",
    "net_sales",
    "tax_added",
    "tips",
    "surcharges",
    "gift_cards",
    "rounding",
    "collected",
    "paid",
    "unpaid",
)
TOTALS = {"net_sales", "collected"}
SUBTRACTED = {"discounts", "refunds"}
SHARES = (
    "margin",
    "margin_before_tax",
    "cost_coverage",
    "refund_share",
    "discount_share",
    "identified_share",
    "combo_share",
)
ALWAYS = {"gross_sales", "discounts", "refunds", "net_sales", "collected", "paid", "unpaid"}


def as_figures(total: Totals, currency: str) -> dict[str, Value]:
    """All sums of `total` and the figures computed from them, by stable names."""
    money = (*SUMS, "discounts", "gross_profit", "difference", "unpaid")
    named: dict[str, Value] = {name: Money(getattr(total, name), currency) for name in money}
    named |= {name: Count(getattr(total, name)) for name in COUNTS}
    named["units"] = Quantity(total.units)
    for name in ("average_receipt", "average_before_refunds"):
        pair = getattr(total, name)
        named[name] = Money(divide(*pair), currency) if pair[1] else None
    named |= {name: Percent(*getattr(total, name)) for name in SHARES}
    named["units_per_receipt"] = Rate(total.units, 10_000 * total.receipts, 4)
    return named


def bridge(figures: Figures) -> Section:
    """The bridge of the month, with a column for each of up to four stores."""
    total, currency = figures.total, figures.currency
    by_store = total_by(figures.now["days"], "store_id")
    all_totals = (total, *by_store.values())
    steps = [step for step in STEPS if step in ALWAYS or any(getattr(t, step) for t in all_totals)]
    columns, shown_totals = [*columns_of("step", "total")], [total]
    if 1 < len(by_store) <= 4:
        for store, name in figures.stores.items():
            columns.append(TableColumn("store", "money", {"store": Name(name)}))
            shown_totals.append(by_store[store])
    rows = []
    for step in steps:
        sign = -1 if step in SUBTRACTED else 1
        rows.append((text(f"step.{step}"), *(sign * getattr(t, step) for t in shown_totals)))
    gap = total.difference or total.unpaid  # collected differs from its parts, or from the payments
    sentences = [
        text(
            "bridge.reconciled" if not gap else "bridge.not_reconciled",
            difference=Money(gap, currency),
            n=Count(total.receipts),
            refunds=Count(total.refund_receipts),
        )
    ]
    if total.tax_included > 0:
        sentences.append(text("bridge.included", tax=Money(total.tax_included, currency)))
    strong = frozenset(row for row, step in enumerate(steps) if step in TOTALS)
    title = text("bridge.table")
    tables = [
        Table.from_rows("bridge", title, tuple(columns), rows, currency, len(rows), strong=strong)
    ]
    if len(by_store) > 4:
        tables.append(_stores(figures, by_store))
    mismatch = text("bridge.finding", difference=Money(gap, currency))
    findings = (Finding(mismatch, abs(gap), "bridge", urgent=True),) if gap else ()
    exports = compare_exports(figures)
    figures_out = {
        "total": as_figures(total, currency),
        "stores": {s: as_figures(t, currency) for s, t in by_store.items()},
        **exports.figures,
    }
    return Section(
        "bridge",
        (*sentences, *exports.sentences),
        tables=(*tables, *exports.tables),
        findings=(*findings, *exports.findings),
        notes=(text("bridge.dating"), *exports.notes),
        figures=figures_out,
    )


def _stores(figures: Figures, by_store: dict[str, Totals]) -> Table:
    left_out = ("surcharges", "gift_cards", "rounding", "paid")
    steps = [step for step in STEPS if step not in left_out]
    columns = (
        *columns_of("store_name", "receipts"),
        *(
            TableColumn(step, "money", workbook_only=step not in TOTALS | {"gross_sales", "unpaid"})
            for step in steps
        ),
    )
    rows = [
        (name, by_store[s].receipts, *(getattr(by_store[s], step) for step in steps))
        for s, name in figures.stores.items()
    ]
    title = text("bridge.stores")
    return Table.from_rows("bridge-stores", title, columns, rows, figures.currency, shown=60)
