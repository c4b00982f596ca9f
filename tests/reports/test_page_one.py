"""Page one and the sentences that a message repeats: the answer first, and no figure without
ground.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from reports.closing import compose_closing_message
from reports.document import Section
from reports.figures import Figures
from reports.figures.history import History
from reports.figures.money import Totals
from reports.localizer import TEXT_FOLDERS, Localizer
from reports.plans import Plans, read_plans
from reports.sections.data_state import Check, DataState, traffic_light
from reports.sections.day_list import day_list
from reports.sections.headline import headline
from reports.sections.lineage import lineage
from reports.sections.loss_alerts import find_loss_alerts
from reports.sections.outlook import outlook
from reports.sections.records import records
from reports.sections.summary import summary
from reports.sections.tenders import tenders
from reports.sections.trend import trend
from reports.sections.weekdays import weekdays
from reports.values import Money
from reports.version_context import VersionContext
from tests.reports.shop import Shop, summaries

AUGUST, SEPTEMBER = date(2025, 8, 1), date(2025, 9, 1)
MONTHS = [AUGUST, SEPTEMBER]
SMALL = Shop(receipts=4, customers=0)


def figures_of(shop: Shop, months: list[date], through: date | None = None) -> Figures:
    return Figures(months[-1], through, "MXN", summaries(shop, months))


def sentences_of(section: Section, locale: str = "en_US") -> list[str]:
    localizer = Localizer(locale, 2, ("MXN",))
    return [localizer.format(sentence) for sentence in section.sentences]


def until(last: date) -> Shop:
    return replace(SMALL, closed=lambda day: day > last)


@pytest.mark.parametrize("locale", TEXT_FOLDERS.values())
def test_the_first_sentence_of_an_open_month_has_its_net_sales_and_last_day(locale: str) -> None:
    through = date(2025, 9, 20)
    for months in (MONTHS, MONTHS[1:]):
        sentences = sentences_of(headline(figures_of(until(through), months, through)), locale)
        lead = sentences[0]
        assert lead.startswith(("Net sales of $", "Ventas netas de $"))
        assert ("Sep 20, 2025" in lead) or ("20 sep 2025" in lead)
        is_compared = "the same days of August" in lead or "los mismos días de agosto" in lead
        assert is_compared == (months == MONTHS)
        assert (
            "same day." in " ".join(sentences) or "mismo día." in " ".join(sentences)
        ) == is_compared


def test_the_first_sentence_of_a_closed_month_names_no_day() -> None:
    lead, *_ = sentences_of(headline(figures_of(SMALL, MONTHS)))
    assert "through" not in lead and "the same days" not in lead


def test_the_tiles_name_no_month_that_the_lake_does_not_have() -> None:
    tiles = headline(figures_of(SMALL, MONTHS)).tiles
    localizer = Localizer("en_US", 2, ("MXN",))
    notes = [localizer.format(note) for tile in tiles for note in tile.notes]
    assert any("Aug 2025" in note for note in notes)
    assert not any("2024" in note for note in notes)


def months_to(last: date, count: int) -> list[date]:
    number = last.year * 12 + last.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(number - count + 1, number + 1)]


@pytest.mark.parametrize("locale", TEXT_FOLDERS.values())
def test_the_cumulative_report_begins_with_twelve_months_that_it_names(locale: str) -> None:
    through = date(2025, 9, 20)
    months = months_to(SEPTEMBER, 14)
    history = History(SEPTEMBER, through, "MXN", summaries(until(through), months))
    section = summary(history)
    lead, *_ = sentences_of(section, locale)
    assert lead.startswith(("12 months to August 2025", "12 meses hasta agosto de 2025"))
    localizer = Localizer(locale, 2, ("MXN",))
    assert {localizer.format(tile.notes[0]) for tile in section.tiles} <= {
        "12 months to Aug 2025",
        "12 meses hasta ago 2025",
    }


@pytest.mark.parametrize("locale", TEXT_FOLDERS.values())
def test_an_incomplete_month_is_marked_without_the_chart(locale: str) -> None:
    through = date(2025, 9, 20)
    history = History(SEPTEMBER, through, "MXN", summaries(until(through), months_to(SEPTEMBER, 3)))
    section = trend(history)
    (sentence,) = [s for s in sentences_of(section, locale) if "incomplet" in s]
    assert "September 2025 is" in sentence or "septiembre de 2025 está" in sentence
    localizer = Localizer(locale, 2, ("MXN",))
    marked = ["incomplet" in localizer.format(row[0]) for row in section.tables[0].rows]
    assert marked == [True, False, False]


@pytest.mark.parametrize(
    ("last", "is_usual"), [(date(2025, 9, 15), False), (date(2025, 9, 22), True)]
)
def test_a_weekday_of_two_days_has_no_usual_amount(last: date, is_usual: bool) -> None:
    """Each of the two would differ from their median by the same."""
    shop = replace(SMALL, closed=lambda day: day.weekday() != 0 or day <= date(2025, 9, 1))
    rows = day_list(figures_of(shop, MONTHS[1:], last)).tables[0].rows
    mondays = [row for row in rows if row[0].date.weekday() == 0 and row[0].date > SEPTEMBER]
    opened = [row for row in mondays if row[0].date <= last]
    assert len(opened) == 2 + is_usual


def test_the_closing_message_has_no_average_of_one_day() -> None:
    """In the first two weeks of a shop, a weekday before was open once at most."""
    shop = replace(SMALL, closed=lambda day: day < date(2025, 9, 8))
    tables = summaries(shop, MONTHS[1:])
    for day, is_compared in ((date(2025, 9, 20), False), (date(2025, 9, 27), True)):
        _, _, sections = compose_closing_message("daily", day, tables, lake_decimals=2)
        assert ("average Saturday" in sentences_of(sections[0])[0]) == is_compared


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (1_460_914_65, "$1,461,000"),
        (-45_056_60, "−$45,060"),
        (9_999_60, "$10,000"),
        (873_49, "$873"),
        (0, "$0.00"),
    ],
)
def test_an_expected_amount_has_four_digits(units: int, expected: str) -> None:
    value = Money(units, "MXN", rounded=True)
    assert Localizer("en_US", 2, ("MXN",)).format(value) == expected


def test_a_forecast_that_was_wrong_by_more_than_half_is_not_shown() -> None:
    months = months_to(SEPTEMBER, 12)
    usual, bad = replace(SMALL, receipts=6), replace(SMALL, receipts=6, refunds=0.75)
    tables = summaries(usual, months) | summaries(bad, [months[-4], months[-2]])
    (sentence,) = sentences_of(outlook(History(SEPTEMBER, None, "MXN", tables)))
    assert sentence.startswith("No forecast: tested on 6 past months, its error would have been")
    shown = outlook(History(SEPTEMBER, None, "MXN", summaries(usual, months)))
    assert shown.charts and "about $" in sentences_of(shown)[0]


def test_net_sales_below_zero_do_not_lack_costs() -> None:
    state = DataState({"received": Check(1), "counted": Check(1)})
    assert traffic_light(Totals(net_sales=-100, costed_net=-120), state) == "green"
    assert traffic_light(Totals(net_sales=100, costed_net=79), state) == "amber"


def test_the_checks_count_what_the_sentence_counts() -> None:
    figures = figures_of(SMALL, MONTHS[1:])
    counted = figures.total.receipts + figures.total.refund_receipts
    days = [date(2025, 8, 30), date(2025, 8, 31)]
    before = pd.DataFrame(
        {
            "receipt_number": ["1", "2"],
            "record": ["1", "2"],
            "business_day": days,
            "received": days,
            "store_id": ["s1", "s1"],
            "total": [100, None],
        }
    )
    checks = {"received": Check(counted), "counted": Check(counted)}
    state = DataState(checks, before_history=before, history_starts=SEPTEMBER)
    section = lineage(figures, VersionContext({}, 2, {}, state), ())
    assert f"received {counted + 2:,} =" in sentences_of(section)[0]
    rows = {row[0].key: row[1].number for row in section.tables[0].rows}
    assert rows["check.received"] == rows["check.counted"] + rows["check.outside"] == counted + 2


def with_rows(tables: dict, name: str, rows: list[dict]) -> dict:
    """`tables` of SEPTEMBER with more rows in `name`."""
    month = tables[SEPTEMBER]
    empty = dict.fromkeys(month[name].column_names)
    added = pa.Table.from_pylist([empty | row for row in rows], schema=month[name].schema)
    return tables | {SEPTEMBER: month | {name: pa.concat_tables([month[name], added])}}


def test_receipts_without_an_order_type_are_named_beside_unknown_types() -> None:
    row = {"store_id": "s1", "currency": "MXN", "check": "unmapped_channel", "unknown": 0}
    rows = [
        row | {"subject": subject, "count": count, "amount": Decimal(count)}
        for subject, count in (("", 90), ("PICKUP", 3))
    ]
    tables = with_rows(summaries(SMALL, MONTHS[1:]), "quality", rows)
    figures = Figures(SEPTEMBER, None, "MXN", tables)
    assert (
        "Without a rule in config/menu.toml: receipts without an order type and PICKUP."
        in sentences_of(weekdays(figures))
    )
    state = DataState({"received": Check(1), "counted": Check(1)})
    section = lineage(figures, VersionContext({}, 2, {}, state), ())
    (subjects,) = [table for table in section.tables if table.name == "subjects"]
    localizer = Localizer("en_US", 2)
    shown = [[localizer.format(value) for value in row[1:]] for row in subjects.rows]
    assert shown == [["without an order type", "90"], ["PICKUP", "3"]]


def test_a_discount_of_two_kinds_is_one_row() -> None:
    row = {"store_id": "s1", "currency": "MXN", "name": "2x1 martes", "type": "FIXED_AMOUNT"}
    rows = [row | {"receipts": 2, "amount": Decimal("5.00")}]
    tables = with_rows(summaries(SMALL, MONTHS[1:]), "discounts", rows)
    section = tenders(Figures(SEPTEMBER, None, "MXN", tables))
    (table,) = [table for table in section.tables if table.name == "discounts"]
    named = [row[0] for row in table.rows]
    assert sorted(name.text for name in named) == ["2x1 martes", "Descuento amigo"]
    assert len(section.figures["discounts"]) == 3


def test_cancelled_receipts_are_set_beside_those_of_the_month_before() -> None:
    tables = summaries(SMALL, MONTHS)
    spoiled = {
        month: tables[month]
        | {"days": with_column(tables[month]["days"], "cancelled_total", Decimal(amount))}
        for month, amount in ((AUGUST, "5.00"), (SEPTEMBER, "9.00"))
    }
    figures = Figures(SEPTEMBER, None, "MXN", spoiled)
    sentences = [
        Localizer("en_US", 2, ("MXN",)).format(f.sentence) for f in find_loss_alerts(figures)
    ]
    (sentence,) = [s for s in sentences if "cancelled, worth" in s]
    assert re.search(r"cancelled, worth \$[\d,.]+ \(Aug 2025: \d+, worth \$[\d,.]+\)$", sentence)


def with_column(table: pa.Table, name: str, value: Decimal) -> pa.Table:
    column = pa.array([value] * table.num_rows, table.schema.field(name).type)
    return table.set_column(table.schema.get_field_index(name), table.schema.field(name), column)


@pytest.mark.parametrize("locale", TEXT_FOLDERS.values())
def test_an_unusual_day_has_its_reason_in_the_cumulative_report(locale: str) -> None:
    months = months_to(SEPTEMBER, 2)
    shop = replace(SMALL, receipts=12)
    tables = summaries(shop, months)
    days = tables[SEPTEMBER]["days"]
    is_eve = pc.equal(days["business_day"], pa.scalar(date(2025, 9, 15)))
    net = pc.if_else(is_eve, pc.multiply(days["net_sales"], pa.scalar(9)), days["net_sales"])
    index = days.schema.get_field_index("net_sales")
    field = days.schema.field("net_sales")
    tables |= {
        SEPTEMBER: tables[SEPTEMBER] | {"days": days.set_column(index, field, net.cast(field.type))}
    }
    plans = read_plans(calendar='[[days]]\ndate = 2025-09-15\nnote = "Feria"\n')
    localizer = Localizer(locale, 2, ("MXN",))
    for given, reason in (
        (Plans(), {"eve of Independence Day", "noche del Grito"}),
        (plans, {"Feria"}),
    ):
        section = records(History(SEPTEMBER, None, "MXN", tables, plans=given))
        rows = [[localizer.format(value) for value in row] for row in section.tables[1].rows]
        assert next(row for row in rows if "15" in row[0])[-1] in reason
