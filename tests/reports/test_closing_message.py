"""The daily and the weekly message: their figures are those of the days, in both languages."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest

import reports
from reports.render import mail, message, slack

MONTHS = [date(2025, 8, 1), date(2025, 9, 1)]
SATURDAY = date(2025, 9, 20)


@pytest.fixture(scope="module")
def tables(shop, make_summaries):
    return make_summaries(shop(receipts=4), MONTHS)


def read(tables, period: str, day: date, locale: str = "en_US") -> message.Message:
    data = reports.closing_message(period, day, tables, locale=locale, lake_decimals=2)
    return message.read_message(data, version=1, is_correction=False, has_pdf=False)


def net_of(tables, *days: date) -> Decimal:
    rows = [row for month in tables for row in tables[month]["days"].to_pylist()]
    return sum((row["net_sales"] for row in rows if row["business_day"] in days), Decimal(0))


def test_the_day_is_set_beside_the_same_weekday(tables):
    text = mail.render_text(read(tables, "daily", SATURDAY))
    past = [net_of(tables, SATURDAY - timedelta(7 * k)) for k in range(1, 5)]
    usual = (sum(past) / 4).quantize(Decimal("0.01"))
    assert f"Net sales of ${net_of(tables, SATURDAY):,.2f}" in text
    assert f"a usual Saturday (${usual:,.2f})" in text


@pytest.mark.parametrize(
    ("period", "locale", "words"),
    [
        ("daily", "en_US", "Closing of Sat, Sep 20, 2025: ${net}"),
        ("daily", "es_MX", "Cierre del sáb 20 sep 2025: ${net}"),
        ("weekly", "en_US", "Week through Sat, Sep 20, 2025: ${net}"),
        ("weekly", "es_MX", "Semana hasta el sáb 20 sep 2025: ${net}"),
    ],
)
def test_the_subject_says_what_it_is_and_what_was_sold(tables, period, locale, words):
    days = [SATURDAY - timedelta(n) for n in range(1 if period == "daily" else 7)]
    content = read(tables, period, SATURDAY, locale)
    assert content.subject == words.format(net=f"{net_of(tables, *days):,.2f}")
    assert mail.render_text(content).startswith(content.subject)


def test_the_subject_of_a_day_without_receipts_has_no_amount(tables):
    tuesday = SATURDAY - timedelta(4)
    assert read(tables, "daily", tuesday).subject == "Closing of Tue, Sep 16, 2025"


def test_weeks_add_up(tables):
    days = [SATURDAY - timedelta(n) for n in range(7)]
    text = mail.render_text(read(tables, "weekly", SATURDAY))
    assert f"Net sales of ${net_of(tables, *days):,.2f}" in text
    assert f"${net_of(tables, *(day - timedelta(7) for day in days)):,.2f}" in text


def test_days_after_it_do_not_count(tables, shop, make_summaries):
    earlier = make_summaries(shop(receipts=4, closed=lambda day: day > SATURDAY), MONTHS)
    cut = {
        month: {
            name: table.filter([day <= SATURDAY for day in table["business_day"].to_pylist()])
            if "business_day" in table.column_names
            else table
            for name, table in kept.items()
        }
        for month, kept in tables.items()
    }
    total, before = (
        reports.closing_message("daily", SATURDAY, source, lake_decimals=2)
        for source in (tables, cut)
    )
    assert total == before and set(earlier) == set(tables)


@pytest.mark.parametrize("locale", ["en_US", "es_MX"])
@pytest.mark.parametrize("period", ["daily", "weekly"])
def test_a_message_is_short_in_each_form(tables, period, locale):
    content = read(tables, period, SATURDAY, locale)
    findings = [f for section in content.page["sections"] for f in section["findings"]]
    assert len(findings) <= 3
    assert len(mail.render_text(content)) < 1500 and "PDF" not in mail.render_text(content)
    assert "<script" not in mail.render_html(content)
    assert 2 <= len(slack.render_blocks(content)) <= 12
    assert json.dumps(content.page, ensure_ascii=False).count("None") == 0


def test_a_day_without_a_receipt_asks(tables):
    closed = date(2025, 9, 16)  # a Tuesday
    text = mail.render_text(read(tables, "daily", closed))
    assert "No receipt on this day" in text


def test_no_percentage_on_few_receipts(shop, make_summaries):
    few = make_summaries(shop(receipts=1, stores=(("s1", "Centro", "MXN"),)), MONTHS)
    text = mail.render_text(read(few, "daily", SATURDAY))
    assert "%" not in text.partition("The week so far")[0]
