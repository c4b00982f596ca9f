"""The recipe of CONTRIBUTING.md for a new section: one file, one line and its texts."""

from __future__ import annotations

import json
from datetime import date

import pytest

import reports.compose
import reports.contents
import reports.localizer
from reports.compose import compose_cumulative, compose_monthly
from reports.contents import CUMULATIVE, MONTHLY
from reports.document import Section, Table, TableColumn
from reports.figures import Figures
from reports.localizer import TEXT_FOLDERS, Localizer, text_templates
from reports.render.figures_json import figures_json
from reports.render.markdown import markdown
from reports.values import Count, Name, Text, text

MONTH = date(2025, 9, 1)


@pytest.fixture(scope="module")
def tables(shop, make_summaries):
    return make_summaries(shop(receipts=2), [MONTH])


def hourly(figures: Figures) -> Section:
    """A section as a contributor writes it: a frame, its columns, a sentence."""
    sums = figures.now["hours"].groupby("hour")[["receipts", "net_sales"]].sum().reset_index()
    sums["name"] = [f"{hour} h" for hour in sums["hour"]]
    columns = (
        TableColumn("record", frame_column="name"),
        TableColumn("receipts", "count"),
        TableColumn("net_sales", "money"),
    )
    table = Table.from_frame("hourly", text("hourly.table"), sums, columns, figures.currency)
    return Section("hourly", (text("hourly.lead", n=Count(len(sums))),), tables=(table,))


def test_a_new_section_is_one_function_one_line_and_its_texts(tables, monkeypatch) -> None:
    texts = {
        "hourly.title": "By the hour",
        "hourly.lead": "{n:hour|hours} with sales.",
        "hourly.table": "By hour",
    }
    contents = (*MONTHLY[:4], hourly, *MONTHLY[4:])
    monkeypatch.setattr(reports.compose, "MONTHLY", contents)
    monkeypatch.setattr(
        reports.localizer,
        "text_templates",
        lambda locale, total=text_templates: {**total(locale), **texts},
    )
    document = compose_monthly(MONTH, tables, through=None, lake_decimals=2, lineage={})
    assert [section.number for section in document.shown_sections] == list(
        range(1, len(document.shown_sections) + 1)
    )
    assert len(document.sections) == len(contents) and document.sections[4].key == "hourly"
    place = document.sections[4].number
    localizer = Localizer("en_US", 2, document.currencies)
    printed = markdown(document, localizer)
    printed = printed.decode() if isinstance(printed, bytes) else printed
    assert f"{place}. By the hour" in printed and "By hour" in printed
    rows = document.sections[4].tables[0].rows
    hours = tables[MONTH]["hours"]
    assert sum(row[1].number for row in rows) == sum(hours.column("receipts").to_pylist())
    assert all(isinstance(row[0], Name) for row in rows)


@pytest.mark.parametrize("locale", TEXT_FOLDERS.values())
def test_every_section_has_a_title_in_each_language(tables, locale: str) -> None:
    monthly = compose_monthly(MONTH, tables, through=None, lake_decimals=2, lineage={})
    total = compose_cumulative(MONTH, tables, through=None, lake_decimals=2, lineage={})
    assert len(monthly.sections) == len(MONTHLY) and len(total.sections) == len(CUMULATIVE)
    for document in (monthly, total):
        for section in document.sections:
            assert isinstance(section.title, Text) and section.title.key in text_templates(locale)
        assert json.loads(figures_json(document))["report"] == document.report
