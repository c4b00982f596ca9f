"""A sentence that says why something is not shown: the reason holds in each case of the sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from reports.compose import compose_monthly
from reports.document import Section
from reports.figures import Figures
from reports.figures.calendar import next_month
from reports.figures.history import History
from reports.localizer import Localizer
from reports.plans import Fee, Plans, WorkedShift
from reports.render.markdown import markdown
from reports.sections.busy_hours import busy_hours
from reports.sections.changes import changes
from reports.sections.choices_over_time import choices_over_time
from reports.sections.class_changes import class_changes
from reports.sections.customers import customers
from reports.sections.data_state import Check, DataState, absence_findings, traffic_light
from reports.sections.drivers import drivers
from reports.sections.fees import fees
from reports.sections.goals import goals
from reports.sections.headline import headline
from reports.sections.hours import hours
from reports.sections.labour import labour
from reports.sections.loyalty import loyalty
from reports.sections.margin import margin
from reports.sections.menu import menu
from reports.sections.outlook import outlook
from reports.sections.receipts_and_average import receipts_and_average
from reports.sections.records import records
from reports.sections.stores import stores
from reports.sections.summary import summary
from reports.sections.years import years
from reports.values import Text
from reports.version_context import VersionContext
from tests.reports.shop import MENU, Shop, summaries

START = date(2024, 1, 1)
SMALL = Shop(stores=Shop().stores[:1], menu=MENU[:4], combo=None, customers=0, refunds=0.0)


def months_of(count: int) -> list[date]:
    months = [START]
    while len(months) < count:
        months.append(next_month(months[-1]))
    return months


def history_of(shop: Shop, count: int, through: date | None = None) -> History:
    months = months_of(count)
    return History(months[-1], through, "MXN", summaries(shop, months))


def sentence(section: Section, key: str) -> Text:
    """The one sentence `key` of the section."""
    (chosen,) = (text for text in section.sentences if text.key == key)
    return chosen


def test_one_map_of_busy_hours_says_which_months_it_shows() -> None:
    def keys(section: Section) -> list[str]:
        return [text.key for text in section.sentences]

    shop = replace(SMALL, receipts=3)
    few_then = replace(shop, closed=lambda day: day.month <= 6 and (day.month, day.day) != (1, 1))
    none_now = replace(shop, closed=lambda day: day.month > 6)
    assert keys(busy_hours(history_of(shop, 12)))[1] in ("busy_hours.same", "busy_hours.moved")
    assert keys(busy_hours(history_of(shop, 11))) == ["busy_hours.peak", "busy_hours.few"]
    section = busy_hours(history_of(few_then, 12))
    assert keys(section) == ["busy_hours.peak", "busy_hours.few_then"]
    values = sentence(section, "busy_hours.few_then").values
    assert [values[name].first.month for name in ("first", "last", "start", "end")] == [1, 6, 7, 12]
    assert sum(section.figures["latest"][cell]["receipts"] for cell in section.figures["latest"])
    assert keys(busy_hours(history_of(none_now, 12))) == ["busy_hours.none_now"]


def figures_of(shop: Shop, *months: date, **more: object) -> Figures:
    """The figures of the last of `months`."""
    through = more.pop("through", None)
    return Figures(months[-1], through, "MXN", summaries(shop, list(months)), **more)


AUGUST, SEPTEMBER = date(2025, 8, 1), date(2025, 9, 1)
ALL_REFUNDED = replace(SMALL, receipts=3, refunds=1.0)
LOSSES = replace(SMALL, receipts=6, refunds=0.62)


def keys_of(section: Section) -> list[str]:
    return [text.key for text in (*section.sentences, *section.notes)]


def english(section: Section) -> str:
    localizer = Localizer("en_US", 2, ("MXN",))
    return " ".join(localizer.format(text) for text in section.sentences)


def test_a_month_without_the_one_before_is_not_called_the_first() -> None:
    first = headline(figures_of(SMALL, SEPTEMBER))
    later = headline(figures_of(SMALL, date(2024, 9, 1), SEPTEMBER))
    assert keys_of(first) == ["headline.alone"] and "begin with the next" not in english(first)
    assert keys_of(later) == ["headline.gap"]
    assert "data of August 2025 are missing or incomplete" in english(later)


def test_no_percentage_is_not_put_down_to_few_receipts() -> None:
    refunded = replace(
        Shop(), menu=MENU[:3], combo=None, refunds=0.75, closed=lambda day: day.month == 9
    )
    tables = summaries(refunded, [AUGUST]) | summaries(SMALL, [SEPTEMBER])
    figures = Figures(SEPTEMBER, None, "MXN", tables)
    assert figures.total_before.receipts >= 20 and figures.total_before.net_sales <= 0
    section = headline(figures)
    assert keys_of(section) == ["headline.small"] and "too few" not in english(section)


def test_a_small_month_does_not_blame_the_month_before() -> None:
    small = replace(SMALL, closed=lambda day: day.month == 9 and day.day > 1, receipts=10)
    assert keys_of(drivers(figures_of(small, AUGUST, SEPTEMBER))) == ["drivers.few"]
    assert keys_of(drivers(figures_of(small, SEPTEMBER))) == ["drivers.alone"]


def test_costs_without_net_sales_are_no_missing_costs() -> None:
    for shop, key in (
        (replace(SMALL, receipts=3, costs=False), "no_costs"),
        (ALL_REFUNDED, "no_costed_sales"),
    ):
        figures = figures_of(shop, SEPTEMBER)
        tile = next(t for t in headline(figures).tiles if t.label.key == "tile.gross_profit")
        assert [note.key for note in tile.notes] == [f"headline.{key}"]
        assert keys_of(menu(figures)) == [f"menu.{key}"]


def test_costs_in_the_open_month_alone_are_costs() -> None:
    shop = replace(SMALL, receipts=3)
    assert keys_of(margin(history_of(shop, 1, through=date(2024, 1, 20)))) == ["margin.few"]
    without = replace(shop, costs=False)
    assert keys_of(margin(history_of(without, 1))) == ["menu.no_costs"]


def test_a_year_with_few_receipts_before_is_a_year_before() -> None:
    small_year = replace(
        SMALL, receipts=2, closed=lambda day: day.year == 2024 and (day.month, day.day) != (1, 1)
    )
    assert "summary.year_small" in keys_of(summary(history_of(small_year, 24)))
    assert "summary.year_alone" in keys_of(summary(history_of(small_year, 13)))


def test_one_month_is_too_short_for_classes_with_and_without_costs() -> None:
    shop = replace(SMALL, receipts=3)
    assert keys_of(class_changes(history_of(shop, 1))) == ["class_changes.short"]
    without = replace(shop, costs=False)
    assert keys_of(class_changes(history_of(without, 2))) == ["class_changes.few"]


def test_combos_of_the_open_month_are_combos() -> None:
    shop = replace(Shop(), stores=Shop().stores[:1], receipts=3)
    (sold,) = (total.combo_receipts for total in history_of(shop, 1).totals.values())
    assert sold
    section = choices_over_time(history_of(shop, 1, through=date(2024, 1, 20)))
    assert keys_of(section) == ["choices_over_time.few"]
    section = choices_over_time(history_of(replace(SMALL, receipts=3), 1))
    assert keys_of(section) == ["choices_over_time.none"]
    empty = choices_over_time(History(START, None, "MXN", {START: {}}))
    assert "month" not in english(empty)


def test_goals_of_some_stores_are_shown() -> None:
    plans = Plans(goals={"Centro": {"2025-09": Decimal(1000)}})
    section = goals(figures_of(replace(Shop(), receipts=2), SEPTEMBER, plans=plans))
    assert keys_of(section) == ["goals.some_stores"] and not section.is_empty
    assert [len(table.rows) for table in section.tables] == [1]
    plans = Plans(goals={"Centro": {"2025-08": Decimal(1000)}})
    section = goals(figures_of(replace(Shop(), receipts=2), SEPTEMBER, plans=plans))
    assert keys_of(section) == ["goals.none"] and section.is_empty


def test_fees_and_labour_of_others_are_not_denied() -> None:
    plans = Plans(
        fees=(Fee("Uber Eats", Decimal("0.3"), Decimal(0)),),
        labour=(WorkedShift(date(2025, 8, 1), "Centro", Decimal(8), Decimal(500)),),
    )
    figures = figures_of(replace(SMALL, receipts=2), SEPTEMBER, plans=plans)
    assert english(fees(figures)).startswith("No payment type of this month has a fee")
    assert english(labour(figures)).startswith("There are no labour data for the days with sales")


def test_new_customers_are_unknown_after_a_gap_too() -> None:
    shop = replace(SMALL, receipts=10, customers=30)
    for months in ((SEPTEMBER,), (date(2025, 7, 1), SEPTEMBER)):
        section = customers(figures_of(shop, *months, customers_since=months[0]))
        assert "customers.first" in keys_of(section)
        assert "not all earlier months are known" in english(section)


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        (lambda: loyalty(history_of(SMALL, 2)), "No receipt names a customer"),
        (
            lambda: stores(figures_of(replace(SMALL, employees=()), SEPTEMBER)),
            "At most one store and one employee have receipts",
        ),
        (
            lambda: records(history_of(LOSSES, 1)),
            "No month has net sales above zero",
        ),
        (
            lambda: outlook(history_of(replace(ALL_REFUNDED, receipts=1), 8)),
            "in the months of the test, or just before them, almost nothing was sold",
        ),
        (lambda: years(with_gap(30)), "24 complete months without a gap"),
        (lambda: receipts_and_average(history_of(LOSSES, 3)), "and net sales above zero"),
        (
            lambda: loyalty(history_of(replace(SMALL, receipts=3, customers=6), 2)),
            "no groups of 5 new customers or more",
        ),
    ],
)
def test_a_reason_is_that_of_all_its_cases(section: Callable[[], Section], reason: str) -> None:
    assert reason in english(section())


def with_gap(count: int) -> History:
    """Every sixth month is missing."""
    history = history_of(replace(SMALL, receipts=3), count)
    kept = {m: tables for m, tables in history.summaries.items() if m.month % 6}
    return replace(history, summaries=kept)


def test_the_best_day_of_a_month_of_losses_is_above_zero() -> None:
    history = history_of(LOSSES, 1)
    assert max(net for net, _ in history.by_day.values()) > 0
    assert keys_of(records(history)) == ["records.none"]


def test_light_and_absence_hold_with_receipts_before_the_history() -> None:
    state = DataState({"counted": Check(0)})
    figures = figures_of(SMALL, SEPTEMBER)
    assert traffic_light(figures.total, state) == "red"
    localizer = Localizer("en_US", 2, ("MXN",))
    (finding,) = absence_findings(state, figures.total)
    assert localizer.format(finding.sentence).startswith("No receipt is in the figures")
    assert "or the figures lack receipts" in localizer.format(Text("lineage.red"))
    assert "something is missing or unchecked" in localizer.format(Text("lineage.amber"))


@pytest.mark.parametrize("read_through", [None, date(2025, 10, 2)])
def test_the_report_says_to_which_day_changes_are_read(read_through: date | None) -> None:
    tables = summaries(SMALL, [SEPTEMBER])
    document = compose_monthly(
        SEPTEMBER, tables, lake_decimals=2, lineage={}, read_through=read_through
    )
    text = markdown(document, Localizer("en_US", 2, ("MXN",))).decode()
    sentence = "The POS was read through Oct 2, 2025. Receipts of this month that were changed"
    assert (sentence in text) == (read_through is not None)


@pytest.mark.parametrize(("day", "is_more"), [(20, True), (25, False)])
def test_days_were_added_only_where_there_are_more(day: int, is_more: bool) -> None:
    past = {"through": f"2025-09-{day}", "currencies": {}, "lineage": {}}
    context = VersionContext({}, 2, {}, DataState({}), past)
    section = changes(figures_of(SMALL, SEPTEMBER, through=date(2025, 9, 25)), context, [])
    assert ("changes.more" in keys_of(section)) is is_more


def test_months_without_a_common_weekday_have_no_difference() -> None:
    shop = replace(SMALL, receipts=12)
    apart = replace(shop, closed=lambda day: day.weekday() != day.month % 2)
    assert [c.name for c in hours(figures_of(apart, AUGUST, SEPTEMBER)).charts] == ["hours"]
    assert len(hours(figures_of(shop, AUGUST, SEPTEMBER)).charts) == 2
