"""The sections of each report, in their order.

Section numbers and the table of contents follow from the order. A new section is one file in
`sections`, one line here and its texts in `text`. A section reads the figures of its report alone;
a `DependentSection` reads the sections that were built before it as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Generic, Literal, TypeVar

from reports.document import Section
from reports.figures import Figures
from reports.figures.history import History
from reports.sections.attention import attention
from reports.sections.baskets import baskets
from reports.sections.bridge import bridge
from reports.sections.busy_hours import busy_hours
from reports.sections.cash_drawer import cash_drawer
from reports.sections.changed_prices import changed_prices
from reports.sections.changes import changes
from reports.sections.choices_over_time import choices_over_time
from reports.sections.class_changes import class_changes
from reports.sections.combos import combos
from reports.sections.customers import customers
from reports.sections.day_list import day_list
from reports.sections.dayparts import dayparts
from reports.sections.days import days
from reports.sections.drivers import drivers
from reports.sections.fees import fees
from reports.sections.goals import goals
from reports.sections.headline import headline
from reports.sections.hours import hours
from reports.sections.items import items
from reports.sections.labour import labour
from reports.sections.lifecycle import lifecycle
from reports.sections.lineage import lineage, lineage_over_time
from reports.sections.loyalty import loyalty
from reports.sections.margin import margin
from reports.sections.menu import menu
from reports.sections.modifiers import modifiers
from reports.sections.outlook import outlook
from reports.sections.pairs_over_time import pairs_over_time
from reports.sections.payments_over_time import payments_over_time
from reports.sections.receipts_and_average import receipts_and_average
from reports.sections.records import records
from reports.sections.stores import stores
from reports.sections.summary import summary
from reports.sections.tenders import tenders
from reports.sections.trend import trend
from reports.sections.version_history import version_history
from reports.sections.weekdays import weekdays
from reports.sections.weekend import weekend
from reports.sections.years import years
from reports.version_context import VersionContext

Subject = TypeVar("Subject", Figures, History)


@dataclass(frozen=True)
class DependentSection(Generic[Subject]):
    """A section that is built after others: those of a lower `stage` come first."""

    build: Callable[[Subject, VersionContext, Sequence[Section]], Section]
    stage: int = 1


MONTHLY: tuple[Callable[[Figures], Section] | DependentSection[Figures], ...] = (
    headline,
    drivers,
    DependentSection(attention, 2),
    goals,
    days,
    items,
    hours,
    dayparts,
    menu,
    labour,
    fees,
    cash_drawer,
    bridge,
    day_list,
    weekdays,
    changed_prices,
    combos,
    modifiers,
    baskets,
    customers,
    tenders,
    stores,
    DependentSection(changes, 3),
    DependentSection(lineage),
)
CUMULATIVE: tuple[Callable[[History], Section] | DependentSection[History], ...] = (
    summary,
    trend,
    outlook,
    years,
    receipts_and_average,
    weekend,
    margin,
    loyalty,
    busy_hours,
    lifecycle,
    class_changes,
    choices_over_time,
    pairs_over_time,
    payments_over_time,
    records,
    DependentSection(version_history, 2),
    DependentSection(lineage_over_time),
)

FIRST_PAGE_SECTIONS = {"monthly": 3, "cumulative": 2}
"""How many sections are on page one."""
ALWAYS = {"headline", "attention", "summary", "trend"}
"""Sections that are numbered even if they have only one sentence."""
ANNEX = {"monthly": "day_list", "cumulative": "busy_hours"}
"""The first section of the annex."""


def build_sections(
    report: Literal["monthly", "cumulative"],
    contents: Sequence[Callable[[Subject], Section] | DependentSection[Subject]],
    subject: Subject,
    context: VersionContext,
) -> list[Section]:
    """The sections of `contents` in their order.

    ALWAYS and those with content are numbered from 1; tables without rows are left out.
    """
    stages = [entry.stage if isinstance(entry, DependentSection) else 0 for entry in contents]
    built: dict[int, Section] = {}
    for index in sorted(range(len(contents)), key=stages.__getitem__):
        entry = contents[index]
        built[index] = (
            entry.build(subject, context, list(built.values()))
            if isinstance(entry, DependentSection)
            else entry(subject)
        )
    sections = [built[index] for index in sorted(built)]
    annex_begins, numbers = [section.key for section in sections].index(ANNEX[report]), count(1)
    return [
        replace(
            section,
            tables=[table for table in section.tables if table.rows],
            currency=subject.currency,
            number=next(numbers) if section.key in ALWAYS or not section.is_empty else 0,
            is_front=index < FIRST_PAGE_SECTIONS[report],
            is_annex=index >= annex_begins,
        )
        for index, section in enumerate(sections)
    ]
