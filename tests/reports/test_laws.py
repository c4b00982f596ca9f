"""Laws of the reports over random shops: what adds up, and what is never stated.

The pages are composed, not rendered: a law is checked on every value of every sentence, tile,
chart title and table cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reports.compose import compose_cumulative, compose_monthly
from reports.document import Document, Section
from reports.figures import Figures
from reports.figures.calendar import on_same_weekdays, same_weekdays_parts
from reports.figures.customers import Group, MonthCustomers
from reports.figures.money import SUMS, by_day
from reports.render.figures_json import json_value
from reports.sections.combos import combos
from reports.sections.comparison import growth, points, ratio, share
from reports.sections.customers import customers
from reports.sections.days import days
from reports.sections.loyalty import _cohorts
from reports.sections.modifiers import modifiers
from reports.values import Money, Percent, Points, Series, Text, Value
from tests.reports.shop import MENU, Shop, summaries
from tests.support.inputs import tries

AUGUST, SEPTEMBER = date(2025, 8, 1), date(2025, 9, 1)
GLOSSARY = "glossary."
RANKINGS = {
    "items.best",
    "items.rose",
    "items.fell",
    "items.abc",
    "items.chart",
    "items.category_chart",
    "days.best",
    "days.only",
    "weekdays.best",
    "weekdays.chart",
    "weekdays.channel",
    "hours.peak",
    "hours.chart",
    "hours.more",
    "hours.fewer",
    "stores.lead",
    "stores.chart",
    "stores.employee",
    "tenders.lead",
    "tenders.chart",
    "menu.step",
    "menu.finding",
    "menu.star",
    "menu.dog",
    "combos.chart",
    "combos.choice",
    "baskets.lead",
    "baskets.lead_plain",
    "summary.best",
    "trend.chart",
    "busy_hours.peak",
    "busy_hours.chart",
    "lifecycle.chart",
    "lifecycle.steady",
    "lifecycle.first",
    "records.lead",
}

quickly = settings(
    max_examples=tries(4, 6),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a shop takes seconds: a failure is not shrunk
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def shops(draw: st.DrawFn, receipts: st.SearchStrategy[int]) -> Shop:
    """Shops that close on other weekdays from month to month and from store to store, some of them
    with more refunds than sales.
    """
    closed = {month: draw(st.sets(st.integers(0, 6), max_size=5)) for month in (AUGUST.month, 9)}
    days_open = draw(st.sampled_from((3, 17, 31)))
    return replace(
        Shop(),
        seed=draw(st.integers(0, 10_000)),
        receipts=draw(receipts),
        refunds=draw(st.sampled_from((0.0, 0.05, 0.5, 0.9, 1.0))),
        stores=Shop().stores[: draw(st.integers(1, 2))],
        menu=MENU[: draw(st.integers(1, 12))],
        closed=lambda day: day.weekday() in closed.get(day.month, set()) or day.day > days_open,
    )


def sections_of(document: Document) -> Iterator[Section]:
    yield from document.sections


def values_of(section: Section) -> Iterator[tuple[str, Value]]:
    """Every value that a reader of the section sees, with the key of its sentence or column."""
    for sentence in (
        *section.sentences,
        *(note for note in section.notes if not note.key.startswith(GLOSSARY)),
        *(finding.sentence for finding in (*section.findings, *section.attention)),
        *(part for chart in section.charts for part in (chart.title, chart.alt)),
        *(note for tile in section.tiles for note in tile.notes),
    ):
        yield from leaves(sentence.key, sentence)
    for tile in section.tiles:
        yield from leaves(tile.label.key, tile.value)
    for chart in section.charts:
        for row in chart.data.get("rows", ()):
            if isinstance(row, tuple):
                for value in row:
                    yield from leaves(f"chart {chart.name}", value)
        for row in chart.data.get("cells", ()):
            for cell in row:
                yield from leaves(f"chart {chart.name}", cell[0] if cell else None)
    for table in section.tables:
        for row in table.rows:
            for column, value in zip(table.columns, row, strict=True):
                yield from leaves(f"cell {table.name}.{column.key}", value)


def leaves(key: str, value: object) -> Iterator[tuple[str, Value]]:
    match value:
        case Text(name, values):
            yield name, value
            for inner in values.values():
                yield from leaves(name, inner)
        case Series(items):
            for inner in items:
                yield from leaves(key, inner)
        case _:
            yield key, value


def monthly_of(shop: Shop, months: tuple[date, ...] = (AUGUST, SEPTEMBER), **more) -> Document:
    tables = summaries(shop, list(months))
    return compose_monthly(
        months[-1], tables, through=more.pop("through", None), lake_decimals=2, lineage={}, **more
    )


def cumulative_of(shop: Shop, months: list[date]) -> Document:
    tables = summaries(shop, months)
    return compose_cumulative(months[-1], tables, through=None, lake_decimals=2, lineage={})


def months_of(count: int) -> list[date]:
    return [date(2024 + i // 12, i % 12 + 1, 1) for i in range(count)]


@quickly
@given(shops(st.integers(0, 6)))
def test_changes_of_items_categories_and_stores_on_the_same_weekdays_add_up_to_the_headline(shop):
    tables = summaries(shop, [AUGUST, SEPTEMBER])
    figures = Figures(SEPTEMBER, None, "MXN", tables)
    change = figures.same_weekdays.now.net_sales - figures.same_weekdays.base.net_sales
    for parts in (
        figures.items_on_same_weekdays,
        figures.categories_on_same_weekdays,
        figures.stores_on_same_weekdays,
    ):
        assert sum(part.change for part in parts.values()) == change
        assert sum(part.base for part in parts.values()) == figures.same_weekdays.base.net_sales
    document = compose_monthly(SEPTEMBER, tables, through=None, lake_decimals=2, lineage={})
    output = {s.key: json_value(s.figures, 2, {}) for s in document.sections}
    headline = output["headline"]
    if "now_same_weekdays" not in headline or "same_weekdays" not in output["items"]:
        return
    rounded = headline["now_same_weekdays"].keys()
    assert not rounded & {"difference", "unpaid"}, "what rounding leaves is no difference"
    expected = Decimal(headline["now_same_weekdays"]["net_sales"]) - Decimal(
        headline["before_same_weekdays"]["net_sales"]
    )
    for name in ("item", "category"):
        rows = output["items"]["same_weekdays"][name]
        assert sum(Decimal(row["change"]) for row in rows) == expected
    table = next(t for s in document.sections for t in s.tables if t.name == "items-same-weekdays")
    assert sum(row[3].units for row in table.rows) == expected * 100
    if "stores" in output and output["stores"].get("same_weekdays"):
        rows = output["stores"]["same_weekdays"]
        assert sum(Decimal(row["change"]) for row in rows) == expected


@pytest.mark.parametrize("open_stores", [1, 2])
def test_a_store_that_closed_is_compared_with_the_month_before(open_stores):
    shop = replace(Shop(), stores=(*Shop().stores, ("s3", "Norte", "MXN")), employees=())
    left = replace(shop, stores=shop.stores[:open_stores])
    tables = summaries(shop, [AUGUST]) | summaries(left, [SEPTEMBER])
    document = compose_monthly(SEPTEMBER, tables, through=None, lake_decimals=2, lineage={})
    section = next(section for section in document.sections if section.key == "stores")
    (table,) = (table for table in section.tables if table.name == "stores")
    figures, keys = Figures(SEPTEMBER, None, "MXN", tables), [c.key for c in table.columns]
    for column, total in (("net_sales", figures.total), ("before", figures.total_before)):
        cells = [row[keys.index(column)] for row in table.rows]
        assert sum(cell.units for cell in cells if cell) == total.net_sales
    closed = [
        row for row in table.rows if row[0].text in ("Roma Norte", "Norte")[open_stores - 1 :]
    ]
    assert [row[1].units for row in closed] == [0] * len(closed)
    assert json_value(section.figures, 2, {})["stores"]["s3"]["net_sales"] == "0.00"


def test_a_weekday_that_one_month_was_not_open_is_left_out_for_items_too():
    # Sundays are open in August only: what items sold then is on neither side.
    shop = replace(Shop(), closed=lambda day: day.month == 9 and day.weekday() == 6)
    figures = Figures(SEPTEMBER, None, "MXN", summaries(shop, [AUGUST, SEPTEMBER]))
    rows = figures.before["item_weekdays"]
    plain_base = rows[rows["weekday"] != 6].groupby("item")["net_sales"].sum()
    assert {
        item: part.base for item, part in figures.items_on_same_weekdays.items()
    } == plain_base.to_dict()
    assert (rows["weekday"] == 6).any()


def test_the_change_of_an_item_is_that_of_its_own_weekdays():
    # Twice as many Fridays in September would double whatever sells on Fridays alone; a factor of
    # the whole shop would not see it.
    shop = replace(
        Shop(),
        closed=lambda day: (
            day.weekday() not in (0, 4) or (day.month == 8 and day.weekday() == 4 and day.day > 14)
        ),
    )
    figures = Figures(SEPTEMBER, None, "MXN", summaries(shop, [AUGUST, SEPTEMBER]))
    rows, opened = figures.now["item_weekdays"], {(0, 5), (4, 4)}
    before = {0: 4, 4: 2}
    for item, part in figures.items_on_same_weekdays.items():
        own = rows[rows["item"] == item].groupby("weekday")["net_sales"].sum().to_dict()
        exact = sum(own.get(w, 0) * Decimal(before[w]) / n for w, n in opened)
        assert abs(part.now - exact) <= 1, item


@quickly
@given(shops(st.just(0)), st.integers(1, 9))
def test_nothing_is_ranked_and_no_percentage_stands_on_under_20_receipts(shop, count):
    small = replace(
        shop,
        receipts=1,
        stores=Shop().stores[:1],
        refunds=0.0,
        closed=lambda day: day.day > count or (day.month == 8 and day.day > 2),
    )
    pages = [
        monthly_of(small),
        monthly_of(replace(small, receipts=1), (SEPTEMBER,)),
        cumulative_of(replace(small, closed=lambda day: day.day != 5), months_of(7)),
    ]
    for document in pages:
        for section in document.sections:
            for key, value in values_of(section):
                assert not isinstance(value, (Percent, Points)), (section.key, key, value)
                assert key not in RANKINGS, (section.key, key)


@quickly
@given(shops(st.integers(0, 4)))
def test_no_share_or_best_of_a_total_that_is_zero_or_negative(shop):
    for document in (monthly_of(shop), cumulative_of(shop, [AUGUST, SEPTEMBER])):
        for section in document.sections:
            for key, value in values_of(section):
                if isinstance(value, Percent):
                    assert value.base > 0, (section.key, key, value)
                if isinstance(value, Points):
                    assert value.now_total > 0 and value.before_total > 0, (section.key, key)
                if isinstance(value, Text) and key in RANKINGS:
                    for name, inner in value.values.items():
                        if isinstance(inner, Money) and name in ("net", "amount", "high"):
                            assert inner.units > 0, (key, inner)
            for table in section.tables:
                if {"net_sales", "share"} <= {column.key for column in table.columns}:
                    position = {column.key: i for i, column in enumerate(table.columns)}
                    for row in table.rows:
                        if row[position["net_sales"]].units <= 0:
                            assert row[position["share"]] is None
                            assert "rank" not in position or row[position["rank"]] is None
                            assert "abc" not in position or row[position["abc"]] is None


@pytest.mark.parametrize("day", [2, 10, 31])
def test_days_before_the_lake_are_no_days_without_sales(day):
    august = [AUGUST.replace(day=day), AUGUST.replace(day=31)]
    shop = replace(Shop(), closed=lambda d: not august[0] <= d <= august[1])
    document = monthly_of(shop, (AUGUST,), history_starts=august[0])
    section = next(s for s in document.sections if s.key == "days")
    assert not any(sentence.key == "days.closed" for sentence in section.sentences)
    assert min(section.figures["days"]) == august[0].isoformat() == document.since.isoformat()
    (table,) = next(s for s in document.sections if s.key == "day_list").tables
    assert len(table.rows) == 32 - day
    for chart in section.charts:
        assert len(chart.data["values"]) == 32 - day


@pytest.mark.parametrize("returned", [0, 1, 3])
def test_the_lowest_day_that_a_chart_names_is_that_of_the_days_it_counts(returned):
    figures = Figures(SEPTEMBER, None, "MXN", summaries(Shop(), [SEPTEMBER]))
    rows = figures.now["days"]
    for day in figures.now.open_days[:returned]:
        rows.loc[rows["business_day"] == day, "net_sales"] = -1
    (chart,) = days(figures).charts
    named, net = chart.alt.values, [units for units, _ in by_day(rows).values()]
    positive = [units for units in net if units > 0]
    assert (named["n"].number, named["low"].units) == (len(net), min(positive))
    assert (named["ranked"] or named["n"]).number == len(positive) == len(net) - returned


@pytest.mark.parametrize("others", [0, 1, 4, 5, 20])
@pytest.mark.parametrize("is_before", [False, True])
def test_no_repeat_rate_tells_a_small_group_of_its_month(others, is_before):
    figures = Figures(SEPTEMBER, None, "MXN", summaries(Shop(), [AUGUST, SEPTEMBER]))

    def month(first: date, others: int) -> MonthCustomers:
        everyone = Group(30, 90, 900)
        return MonthCustomers(first, everyone, Group(), Group(), 30 - others, False)

    months = {AUGUST: month(AUGUST, 10), SEPTEMBER: month(SEPTEMBER, 10)}
    changed = AUGUST if is_before else SEPTEMBER
    months[changed] = month(changed, others)
    figures.__dict__["customers_by_month"] = months
    keys = {sentence.key for sentence in customers(figures).sentences}
    is_shown = others in (0, 5, 20)
    assert ("customers.repeat_against" in keys) == is_shown
    assert ("customers.repeat" in keys) == (is_before or is_shown)


@pytest.mark.parametrize("seen", range(13))
def test_a_group_by_first_purchase_tells_no_small_one(seen):
    months = months_of(3)
    history = SimpleNamespace(months=months, complete_months=months)
    by_month = {months[0]: {months[0]: 9}, months[1]: {months[1]: 12, months[2]: seen}}
    _, ((_, size, cells),) = _cohorts(history, by_month)
    is_shown = seen in (0, 5, 6, 7, 12)
    assert (size, cells) == (12, [12, seen if is_shown else None])


def test_an_option_is_counted_as_charged_only_where_it_was():
    def charged(figures: Figures) -> list[Value]:
        sections = modifiers(figures), combos(figures)
        keys = ("modifiers.paid", "combos.paid", "combos.paid_others")
        sentences = [text for section in sections for text in section.sentences]
        named = [text.values["n"] for text in sentences if text.key in keys]
        assert len(named) == 2
        return [*named, *sections[0].figures["paid"]]

    figures = Figures(SEPTEMBER, None, "MXN", summaries(Shop(), [SEPTEMBER]))
    before = charged(figures)
    figures.now["choices"]["units"] += 50_000  # free ones, of every option
    assert charged(figures) == before


@pytest.mark.parametrize("count", [7, 8, 9, 10, 20])
def test_a_list_of_days_says_how_many_more_there_are(count):
    shop = replace(Shop(), closed=lambda day: day.day <= count)
    document = monthly_of(shop, (SEPTEMBER,))
    section = next(s for s in document.sections if s.key == "days")
    (closed,) = (s for s in section.sentences if s.key == "days.closed")
    named = [v for v in closed.values["days"].items if not isinstance(v, Text)]
    more = [v.values["n"].number for v in closed.values["days"].items if isinstance(v, Text)]
    assert closed.values["n"].number == count == len(named) + sum(more)


def test_days_that_the_lake_does_not_hold_are_left_out_of_the_calendar():
    held = [AUGUST.replace(day=3), *(AUGUST.replace(day=day) for day in range(10, 32))]
    shop = replace(Shop(), closed=lambda day: day not in held)
    document = monthly_of(shop, (AUGUST,), history_starts=held[0], covered=held)
    section = next(s for s in document.sections if s.key == "days")
    assert list(section.figures["days"]) == [day.isoformat() for day in held]
    assert not any(sentence.key == "days.closed" for sentence in section.sentences)
    assert document.since == held[0]


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(0, 40), st.integers(0, 40))
def test_percentages_of_small_bases_and_of_totals_of_zero_or_less_do_not_exist(
    part, whole, receipts, receipts_before
):
    output = ratio(part, whole, receipts)
    assert (output is None) == (receipts < 20 or whole <= 0)
    assert share(part, whole, receipts) == (output if 0 < part <= whole else None)
    change = growth((part, 1), (whole, 1), receipts)
    assert change is None if receipts < 20 or whole <= 0 else change.base == whole
    moved = points((part, whole), (part, 7), receipts, receipts_before)
    assert (moved is None) == (min(receipts, receipts_before) < 20 or whole <= 0)


SALES = st.lists(
    st.tuples(
        st.integers(1, 28), st.sampled_from("st"), st.sampled_from("abc"), st.integers(-300, 999)
    ),
    max_size=25,
)


@settings(quickly, max_examples=tries(50, 150))
@given(SALES, SALES)
def test_parts_of_a_change_on_the_same_weekdays_add_up_whatever_is_sold_when(now, base):
    def frames(sales: list, month: date) -> tuple[pd.DataFrame, pd.DataFrame]:
        rows = pd.DataFrame(sales, columns=["day", "store_id", "item", "net_sales"])
        rows["business_day"] = [month.replace(day=day) for day in rows["day"]]
        rows["weekday"] = [day.weekday() for day in rows["business_day"]]
        rows["receipts"] = 1
        return rows, rows.reindex(columns=[*SUMS, "store_id", "business_day"], fill_value=0)

    (sold, days), (sold_base, days_base) = frames(now, SEPTEMBER), frames(base, AUGUST)
    same_weekdays = on_same_weekdays(days, days_base)
    sold, sold_base = (rows.assign(store=rows["store_id"]) for rows in (sold, sold_base))
    for key in ("item", "store"):
        parts = same_weekdays_parts(sold, sold_base, (days, days_base), key)
        assert sum(part.now for part in parts.values()) == same_weekdays.now.net_sales
        assert sum(part.base for part in parts.values()) == same_weekdays.base.net_sales
        assert sum(part.receipts for part in parts.values()) == same_weekdays.base.receipts
