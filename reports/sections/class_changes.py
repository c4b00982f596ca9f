"""Dishes whose class of menu engineering differs from half a year before."""

from __future__ import annotations

from collections import Counter

from reports.columns import columns_of
from reports.document import Section, Table
from reports.figures.history import History
from reports.figures.items import by_item
from reports.figures.menu import CLASSES, MenuItem, classify_items
from reports.sections.axis import both_spans
from reports.sections.item_charts import category_name
from reports.values import Count, text

HALF = 6


def class_changes(history: History) -> Section:
    """Dishes classified in both spans of complete months whose class differs."""
    span = min(HALF, len(history.complete_months) // 2)
    if span < 1:
        return Section("class_changes", (text("class_changes.short", n=Count(2)),))
    if not any(history.totals[m].costed_net > 0 for m in history.complete_months):
        return Section("class_changes", (text("class_changes.few"),))
    early, late = history.complete_months[:span], history.complete_months[-span:]
    then, now = (
        {(d.item, d.category): d for d in classify_items(by_item(history.stacked("items", months)))}
        for months in (early, late)
    )
    both = sorted(then.keys() & now.keys())
    if not both:
        return Section("class_changes", (text("class_changes.few"),))
    changed = [key for key in both if then[key].kind != now[key].kind]
    changed.sort(key=lambda key: (-now[key].contribution, key))
    counts = Counter(now[key].kind for key in now)
    sentences = (
        text(
            "class_changes.lead",
            n=Count(len(changed)),
            total=Count(len(both)),
            **both_spans(early, late),
        ),
        text("class_changes.now", **{kind: Count(counts[kind]) for kind in CLASSES}),
    )
    rows = [
        (item, category_name(category), *(text(f"menu.{kind}_one") for kind in kinds))
        for item, category in changed
        for kinds in [(then[item, category].kind, now[item, category].kind)]
    ]
    columns = columns_of("item", "category", "was_class", "class")
    title = text("class_changes.table")
    table = Table.from_rows("class-changes", title, columns, rows, history.currency, shown=15)
    figures_out = {"first": _as_figures(then), "latest": _as_figures(now)}
    return Section("class_changes", sentences, tables=(table,), figures=figures_out)


def _as_figures(dishes: dict[tuple[str, str], MenuItem]) -> list[dict[str, object]]:
    return [
        {"item": item, "category": category or None, "class": d.kind}
        for (item, category), d in sorted(dishes.items())
    ]
