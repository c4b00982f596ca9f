"""The recipe of CONTRIBUTING.md for a new section: one file, one line and its texts."""

from __future__ import annotations

import json
from datetime import date

import pytest

import reports.compose
import reports.contents
import reports.words
from reports.compose import compose_cumulative, compose_monthly
from reports.contents import CUMULATIVE, MONTHLY
from reports.figures import Figures
from reports.page import Section, Table, TableColumn
from reports.render.machine import figures_json
from reports.render.markdown import markdown
from reports.values import Count, Name, Text, text
from reports.words import CATALOGS, Words, catalog

MONTH = date(2025, 9, 1)


@pytest.fixture(scope="module")
def tables(shop, make_summaries):
    return make_summaries(shop(receipts=2), [MONTH])


def hourly(figures: Figures) -> Section:
    """A section as a contributor writes it: a frame, its columns, a sentence."""
    sums = figures.now["hours"].groupby("hour")[["receipts", "net_sales"]].sum().reset_index()
    sums["name"] = [f"{hour} h" for hour in sums["hour"]]
    columns = (
        TableColumn("record", source="name"),
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
        reports.words, "catalog", lambda locale, total=catalog: {**total(locale), **texts}
    )
    page = compose_monthly(MONTH, tables, through=None, lake_decimals=2, lineage={})
    assert [section.number for section in page.shown] == list(range(1, len(page.shown) + 1))
    assert len(page.sections) == len(contents) and page.sections[4].key == "hourly"
    place = page.sections[4].number
    words = Words("en_US", 2, page.currencies)
    printed = markdown(page, words)
    printed = printed.decode() if isinstance(printed, bytes) else printed
    assert f"{place}. By the hour" in printed and "By hour" in printed
    rows = page.sections[4].tables[0].rows
    hours = tables[MONTH]["hours"]
    assert sum(row[1].number for row in rows) == sum(hours.column("receipts").to_pylist())
    assert all(isinstance(row[0], Name) for row in rows)


@pytest.mark.parametrize("locale", CATALOGS.values())
def test_every_section_has_a_title_in_each_language(tables, locale: str) -> None:
    monthly = compose_monthly(MONTH, tables, through=None, lake_decimals=2, lineage={})
    total = compose_cumulative(MONTH, tables, through=None, lake_decimals=2, lineage={})
    assert len(monthly.sections) == len(MONTHLY) and len(total.sections) == len(CUMULATIVE)
    for page in (monthly, total):
        for section in page.sections:
            assert isinstance(section.title, Text) and section.title.key in catalog(locale)
        assert json.loads(figures_json(page))["report"] == page.report
