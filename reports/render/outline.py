"""Common parts of all formats of a report: headings, names of files and tables."""

from __future__ import annotations

from collections.abc import Iterator

from reports.document import Chart, Document, Section, Table
from reports.figures.calendar import dates_of_month
from reports.sections.lineage_table import day_of
from reports.values import Count, Day, Month, Name, Series, Text, Value, text

WORKBOOK = "tables.xlsx"


def heading(document: Document) -> Text:
    return Text(document.title.key, {"month": Month(document.month)})


def subtitle(document: Document) -> list[Text]:
    """Lines below the heading: stores, currencies, span of the data, version."""
    lines = []
    if document.stores:
        names: list[Value] = [Name(store) for store in document.stores[:6]]
        if len(document.stores) > 6:
            names.append(text("items.more", n=Count(len(document.stores) - 6)))
        n = Count(len(document.stores))
        lines.append(text("page.stores", n=n, names=Series(tuple(names))))
    lines.append(text("page.amounts", currencies=Series(tuple(map(Name, document.currencies)))))
    if document.since:
        lines.append(text("page.since", day=Day(document.since)))
    last = document.through or dates_of_month(document.month)[-1]
    lines.append(text("page.through" if document.through else "page.closed", day=Day(last)))
    if "version" in document.lineage:
        version = Name(str(document.lineage["version"]))
        last_day = day_of(document.lineage.get("last_day"))
        key = "page.issued" if last_day and last_day.date > last else "page.version"
        lines.append(text(key, version=version, day=last_day))
    return lines


def file_name(document: Document, section: Section, part: Chart | Table) -> str:
    """Name of the file of `part`, without its ending; one for each currency."""
    return (
        f"{part.name}-{section.currency.lower()}"
        if len(document.currencies) > 1 and section.currency
        else part.name
    )


def charts(document: Document) -> Iterator[tuple[str, Chart]]:
    for section in document.shown_sections:
        for chart in section.charts:
            yield file_name(document, section, chart), chart


def tables(document: Document) -> Iterator[tuple[str, Section, Table]]:
    """Every table with rows, by the name of its sheet."""
    for section in document.shown_sections:
        for table in section.tables:
            if table.rows:
                yield file_name(document, section, table), section, table


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
