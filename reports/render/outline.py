"""Common parts of all forms of a page: headings, file names of charts and tables."""

from __future__ import annotations

from collections.abc import Iterator

from reports.figures.calendar import days_of
from reports.page import Chart, Page, Section, Table
from reports.sections.origin import day_of
from reports.values import Count, Day, Month, Name, Series, Text, Value, text

WORKBOOK = "tables.xlsx"


def heading(page: Page) -> Text:
    return Text(page.title.key, {"month": Month(page.month)})


def subtitle(page: Page) -> list[Text]:
    """Lines below the heading: stores, currencies, span of the data, version."""
    lines = []
    if page.stores:
        shown = [Name(store) for store in page.stores[:6]]
        more = [text("items.more", n=Count(len(page.stores) - 6))] if len(page.stores) > 6 else []
        lines.append(text("page.stores", n=Count(len(page.stores)), names=Series((*shown, *more))))
    lines.append(text("page.amounts", currencies=Series(tuple(Name(c) for c in page.currencies))))
    if page.since:
        lines.append(text("page.since", day=Day(page.since)))
    last = page.through or days_of(page.month)[-1]
    lines.append(text("page.through" if page.through else "page.closed", day=Day(last)))
    if "version" in page.lineage:
        version = Name(str(page.lineage["version"]))
        received = day_of(page.lineage.get("watermark"))
        key = "page.issued" if received else "page.version"
        lines.append(text(key, version=version, day=received))
    return lines


def file_name(page: Page, section: Section, part: Chart | Table) -> str:
    """Name of the file of `part`, without its ending; one for each currency."""
    return (
        f"{part.name}-{section.currency.lower()}"
        if len(page.currencies) > 1 and section.currency
        else part.name
    )


def charts(page: Page) -> Iterator[tuple[str, Chart]]:
    for section in page.shown:
        for chart in section.charts:
            yield file_name(page, section, chart), chart


def tables(page: Page) -> Iterator[tuple[str, Section, Table]]:
    """Every table with rows, by the name of its sheet."""
    for section in page.shown:
        for table in section.tables:
            if table.rows:
                yield file_name(page, section, table), section, table


def cut_note(shown: int, table: Table) -> Text | None:
    """The line below a table that shows `shown` rows; None where those are all."""
    if len(table.rows) <= shown:
        return None
    return text(
        "page.all_rows", shown=Count(shown), all=Count(len(table.rows)), file=Name(WORKBOOK)
    )


def no_content(section: Section, several: bool) -> Text:
    """The line of a section without content: its title and its sentence."""
    title: Value = section.title
    if several and section.currency:
        title = text("page.titled", title=section.title, currency=Name(section.currency))
    sentence = section.sentences[0] if section.sentences else text("page.nothing")
    return text("page.empty_line", title=title, sentence=sentence)
