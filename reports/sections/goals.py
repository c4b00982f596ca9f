"""Goals: what was reached, and the expected total of an open month."""

from __future__ import annotations

from decimal import Decimal

from reports.columns import columns_of
from reports.document import Finding, Section, Table
from reports.figures import Figures
from reports.figures.calendar import dates_of_month
from reports.figures.expected_total import ExpectedTotal, expected_total
from reports.figures.money import Totals, total_by
from reports.sections.comparison import ratio
from reports.values import Count, Money, Text, amounts, rounded_amounts, text


def goals(figures: Figures) -> Section:
    """Net sales against the goal, also by store; the expected total of an open month."""
    course = expected_total(figures) if figures.through else None
    by_store = _by_store(figures)
    goal = _goal(figures, by_store)
    if goal is None and course is None and not by_store:
        return Section("goals", (text("goals.none"),))
    sentences = _goal_sentences(figures, goal, course)
    table = _table(figures, by_store) if by_store else ()
    figures_out: dict[str, object] = {
        "goal": Money(goal, figures.currency) if goal is not None else None,
        "stores": amounts(figures.currency, **by_store),
    }
    if course is not None:
        figures_out["course"] = amounts(figures.currency, **course._asdict())
    findings = _finding(figures, goal, course)
    notes = _notes(figures, by_store) if goal is None else ()
    return Section(
        "goals", sentences, tables=table, notes=notes, findings=findings, figures=figures_out
    )


def _notes(figures: Figures, by_store: dict[str, int]) -> tuple[Text, ...]:
    """How many stores have a goal, where all of them together have none."""
    if not by_store:
        return ()
    with_goal, stores = Count(len(by_store)), Count(len(figures.stores.keys() | by_store.keys()))
    return (text("goals.some_stores", n=with_goal, total=stores),)


def _units(figures: Figures, amount: Decimal) -> int:
    return int((amount * 10**figures.lake_decimals).to_integral_value())


def _stores(figures: Figures) -> dict[str, str]:
    """The stores that may have a goal: with sales, and others that the POS lists.

    A name that several stores have is that of a store with sales.
    """
    others = {
        name: store
        for store, name in figures.listed_stores.items()
        if store not in figures.stores and name not in figures.stores.values()
    }
    return {**figures.stores, **{store: name for name, store in others.items()}}


def _by_store(figures: Figures) -> dict[str, int]:
    """Goals by store identifier; plans name stores by name or identifier.

    A store that was closed all month keeps its goal.
    """
    month = f"{figures.month:%Y-%m}"
    named = figures.plans.goals
    return {
        store: _units(figures, months[month])
        for store, name in _stores(figures).items()
        if month in (months := named.get(name) or named.get(store) or {})
    }


def _goal(figures: Figures, by_store: dict[str, int]) -> int | None:
    """The goal of the shop: its own, or the sum where each store with sales has one."""
    total_goal = figures.plans.goals.get("", {}).get(f"{figures.month:%Y-%m}")
    if total_goal is not None:
        return _units(figures, total_goal)
    return sum(by_store.values()) if by_store and by_store.keys() >= figures.stores.keys() else None


def _goal_sentences(
    figures: Figures, goal: int | None, course: ExpectedTotal | None
) -> tuple[Text, ...]:
    net, currency, sentences = figures.total.net_sales, figures.currency, []
    if course is not None:
        sentences.append(text("goals.course", **rounded_amounts(currency, **course._asdict())))
    if goal is None:
        return tuple(sentences)
    if figures.through in (None, dates_of_month(figures.month)[-1]):
        key = "reached" if net >= goal else "missed"
    elif net >= goal:
        key = "already"
    elif course is None:
        key = "under_way"
    else:
        key = "ahead" if course.low >= goal else "behind" if course.high < goal else "open"
    share = ratio(net, goal, figures.total.receipts)
    values = amounts(currency, goal=goal, net=net, left=abs(goal - net))
    sentences.append(text(f"goals.{key}", share=share, **values))
    return tuple(sentences)


def _finding(
    figures: Figures, goal: int | None, course: ExpectedTotal | None
) -> tuple[Finding, ...]:
    """A goal that was missed, or that will be."""
    reached = course.expected if course else figures.total.net_sales
    is_sure = course is None or course.high < (goal or 0)
    if goal is None or reached >= goal or not is_sure or (figures.through and course is None):
        return ()
    key = "goals.finding" if course is None else "goals.finding_open"
    values = amounts(figures.currency, gap=goal - reached, goal=goal)
    if course is not None:
        values |= rounded_amounts(figures.currency, gap=goal - reached)
    sentence = text(key, **values)
    return (Finding(sentence, goal - reached, "goals"),)


def _table(figures: Figures, by_store: dict[str, int]) -> tuple[Table, ...]:
    totals, names = total_by(figures.now["days"], "store_id"), _stores(figures)
    rows = []
    for store, goal in by_store.items():
        sold = totals.get(store, Totals())
        net, receipts = sold.net_sales, sold.receipts
        difference = Money(net - goal, figures.currency, signed=True)
        rows.append((names[store], goal, net, difference, ratio(net, goal, receipts)))
    rows.sort(key=lambda row: -row[2])
    columns = columns_of("store_name", "goal", "net_sales", "difference", "of_goal")
    return (Table.from_rows("goals", text("goals.table"), columns, rows, figures.currency),)
