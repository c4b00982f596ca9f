"""The daily and the weekly message: their figures are those of the days, in both languages."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest

import reports
from reports.plans import read_plans
from reports.render import mail, message, slack

MONTHS = [date(2025, 8, 1), date(2025, 9, 1)]
SATURDAY = date(2025, 9, 20)


@pytest.fixture(scope="module")
def tables(shop, make_summaries):
    return make_summaries(shop(receipts=4), MONTHS)


def read(tables, period: str, day: date, locale: str = "en_US", **inputs) -> message.Message:
    data = reports.closing_message(period, day, tables, locale=locale, lake_decimals=2, **inputs)
    return message.read_message(data, version=1, is_correction=False, has_pdf=False)


def net_of(tables, *days: date) -> Decimal:
    rows = [row for month in tables for row in tables[month]["days"].to_pylist()]
    return sum((row["net_sales"] for row in rows if row["business_day"] in days), Decimal(0))


def test_the_day_is_set_beside_the_same_weekday(tables):
    text = mail.render_text(read(tables, "daily", SATURDAY))
    past = [net_of(tables, SATURDAY - timedelta(7 * k)) for k in range(1, 5)]
    usual = (sum(past) / 4).quantize(Decimal("0.01"))
    assert f"Net sales of ${net_of(tables, SATURDAY):,.2f}" in text
    assert f"an average Saturday of the last four weeks (${usual:,.2f})" in text


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


def without(tables, store: str, *days: date):
    """The tables without what a store sold on some days."""
    return {
        month: kept
        | {
            "days": kept["days"].filter(
                [
                    row["store_id"] != store or row["business_day"] not in days
                    for row in kept["days"].to_pylist()
                ]
            )
        }
        for month, kept in tables.items()
    }


def usual_of(tables, store: str, *days: date) -> Decimal:
    """What a store usually sells on these days: of each, the mean of four weeks."""
    rows = [r for month in tables.values() for r in month["days"].to_pylist()]
    usual = Decimal(0)
    for day in days:
        past = [day - timedelta(7 * k) for k in range(1, 5)]
        sold = [r for r in rows if r["store_id"] == store and r["business_day"] in past]
        opened = {r["business_day"] for r in sold if r["receipts"]}
        if opened:
            usual += sum(r["net_sales"] for r in sold if r["business_day"] in opened) / len(opened)
    return usual.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_a_store_that_is_closed_on_a_weekday_is_found_in_a_week_too(shop, make_summaries):
    """Of a week that begins in the month before, four weeks reach two months back."""
    months = [date(2025, 8, 1), date(2025, 9, 1), date(2025, 10, 1)]
    tables, last = make_summaries(shop(receipts=12), months), date(2025, 10, 2)
    week = [last - timedelta(n) for n in range(7)]
    text = mail.render_text(read(without(tables, "s2", *week), "weekly", last))
    assert f"Roma Norte sold $0.00; average: ${usual_of(tables, 's2', *week):,.2f}" in text


@pytest.mark.parametrize(
    ("period", "words"),
    [("daily", "No receipt on this day"), ("weekly", "No receipt in this week")],
)
def test_an_account_without_stores_and_receipts_has_a_message_too(tables, period, words):
    empty = {
        month: {name: table.slice(0, 0) for name, table in kept.items()}
        for month, kept in tables.items()
    }
    text = mail.render_text(read(empty, period, SATURDAY, currency="MXN"))
    assert words in text and "$0.00 so far" in text


def test_a_store_without_sales_since_the_month_began_is_found(shop, make_summaries):
    tables, first = make_summaries(shop(receipts=40), MONTHS), date(2025, 9, 1)
    text = mail.render_text(read(without(tables, "s2", first), "daily", first))
    assert f"Roma Norte sold $0.00; average: ${usual_of(tables, 's2', first):,.2f}" in text


def test_days_before_the_history_are_no_base(tables):
    starts = date(2025, 8, 20)
    begun = {
        month: {
            name: table.filter([day >= starts for day in table["business_day"].to_pylist()])
            if "business_day" in table.column_names
            else table
            for name, table in kept.items()
        }
        for month, kept in tables.items()
    }
    text = mail.render_text(read(begun, "daily", date(2025, 9, 28), history_starts=starts))
    assert "last week" in text and "August" not in text
    text = mail.render_text(read(begun, "weekly", date(2025, 8, 31), history_starts=starts))
    assert "week before" not in text


def test_a_week_names_special_days_of_the_month_before(tables):
    plans = read_plans(calendar='[[days]]\ndate = 2025-08-30\nnote = "Fair"\n')
    text = mail.render_text(read(tables, "weekly", date(2025, 9, 3), plans=plans))
    assert "Special days: Saturday (Fair)" in text


@pytest.mark.parametrize(
    ("day", "words"), [(29, "to go"), (30, "The goal is missed by")], ids=["open", "over"]
)
def test_nothing_is_to_go_on_the_last_day_of_a_month(tables, day, words):
    plans = read_plans(goals='[goals]\n"2025-09" = 9000000\n')
    text = mail.render_text(read(tables, "daily", date(2025, 9, day), plans=plans))
    assert words in text
