"""What the owner writes down: how it is read, and what the report makes of it."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from holidays import country_holidays
from hypothesis import given
from hypothesis import strategies as st

import reports
from reports import check_stores, read_plans
from reports.figures import Figures
from reports.figures.expected_total import expected_total
from reports.figures.holidays import holidays_in
from reports.figures.special_days import commercial_days, nth_weekday, special_days
from reports.localizer import Localizer
from reports.plans import Daypart, Fee, Plans
from reports.sections.day_list import day_list, usual_by_weekday
from reports.sections.dayparts import DEFAULT
from reports.sections.fees import fee_of
from reports.values import Name, Text, TranslatedName

pytestmark = pytest.mark.usefixtures("undrawn")
MONTHS = [date(2025, 8, 1), date(2025, 9, 1)]
GOALS = '[goals]\n"2025-09" = 100000.50\n[stores.Centro]\n"2025-09" = 1\n'
FEES = '["Tarjeta"]\npercent = 3.6\n["Rappi"]\npercent = 25\nfixed = 2.5\n'


@pytest.fixture(scope="module")
def tables(shop, make_summaries):
    return make_summaries(shop(receipts=4), MONTHS)


def sections(tables, plans: Plans, **more: object) -> dict[str, dict]:
    files = reports.monthly(MONTHS[-1], tables, lake_decimals=2, lineage={}, plans=plans, **more)
    return json.loads(files["figures.json"])["currencies"]["MXN"]


@pytest.mark.parametrize(
    ("given_texts", "named"),
    [
        ({"goals": "["}, "goals.toml is not TOML"),
        ({"goals": '[goals]\n"2025-13" = 1'}, r"goals.toml: \[goals\] 2025-13"),
        ({"goals": '[goals]\n"2025-09" = -1'}, r"goals.toml: \[goals\] 2025-09"),
        ({"goals": "[goal]"}, "goals.toml: goal: unknown key"),
        ({"calendar": "[[days]]\nnote = 'x'"}, r"calendar.toml: \[\[days\]\] number 1"),
        ({"calendar": "paydays = [0]"}, "calendar.toml: paydays"),
        ({"fees": '["Tarjeta"]\nrate = 3'}, r'fees.toml: \["Tarjeta"\]'),
        ({"fees": '["Tarjeta"]\npercent = nan'}, r'fees.toml: \["Tarjeta"\]'),
        ({"goals": '[goals]\n"2025-09" = nan'}, r"goals.toml: \[goals\] 2025-09"),
        ({"goals": '[goals]\n"2025-09" = inf'}, r"goals.toml: \[goals\] 2025-09"),
        ({"dayparts": {"lunch": "noon"}}, r"menu.toml: \[dayparts\] lunch"),
        ({"dayparts": {"a": "7-12", "b": "11-15"}}, r"menu.toml: \[dayparts\] b"),
        ({"labour": "date,store\n"}, "labour.csv: the first line"),
        ({"labour": "date,store,hours,wages\n2025-09-01,Centro,x,1\n"}, "labour.csv: line 2"),
        ({"labour": "date,store,hours,wages\n2025-09-01,Centro,-1,1\n"}, "labour.csv: line 2"),
    ],
)
def test_an_error_names_the_file_and_the_key(given_texts, named):
    with pytest.raises(ValueError, match=named):
        read_plans(**given_texts)


def test_labour_of_an_unknown_store_names_its_line_and_the_known_stores():
    rows = ("2025-09-01,Centro,8,100", "2025-09-02,,8,100", "2025-09-03,s2,8,100")
    stores, days = {"s1": "Centro", "s2": "Roma Norte"}, [date(2025, 9, n) for n in range(1, 31)]

    def check(*more: str) -> None:
        text = "\n".join(("date,store,hours,wages", *rows, *more))
        check_stores(read_plans(labour=text), days, stores)

    check("2025-10-01,Roma,8,100")  # another month: its report is refused
    words = "line 5: no store is named 'Roma'; write one of Centro, Roma Norte,"
    with pytest.raises(ValueError, match=words):
        check("2025-09-04,Roma,8,100")


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("goals", '[stores.Roma]\n"2025-09" = 1\n', r"config/goals.toml: \[stores.'Roma'\]"),
        (
            "calendar",
            '[[days]]\ndate = 2025-09-04\nnote = "Fair"\nstores = ["Roma"]\n',
            "config/calendar.toml: 2025-09-04 'Fair'",
        ),
    ],
)
def test_a_goal_or_a_day_of_an_unknown_store_is_refused_in_its_month(
    file: str, text: str, place: str
) -> None:
    plans = read_plans(**{file: text})
    september, stores = [date(2025, 9, day) for day in (1, 4)], {"s1": "Centro"}
    with pytest.raises(ValueError, match=place + ": no store is named 'Roma'; write one of Centro"):
        check_stores(plans, september, stores)
    check_stores(plans, [date(2025, 10, 4)], stores)
    check_stores(plans, september, {"s1": "Roma"})
    check_stores(plans, september, {"Roma": "Centro"})


def test_nothing_written_is_nothing_shown(tables):
    assert read_plans() == Plans()
    figures_by_section = sections(tables, Plans())
    assert not {"goals", "fees", "labour"} & figures_by_section.keys()


def test_goals_fees_and_labour_are_exact(tables):
    rows = "".join(f"2025-09-{day:02d},Centro,10,500.25\n" for day in (1, 3, 4))
    plans = read_plans(goals=GOALS, fees=FEES, labour=f"date,store,hours,wages\n{rows}")
    figures_by_section = sections(tables, plans)
    assert figures_by_section["goals"]["goal"] == "100000.50" and figures_by_section["goals"][
        "stores"
    ] == {"s1": "1.00"}
    kept = {row["tender"]: row for row in figures_by_section["tenders"]["tenders"]}
    for tender, rate, fixed in (("Tarjeta", "0.036", 0), ("Rappi", "0.25", Decimal("2.5"))):
        amount = Decimal(kept[tender]["sales_amount"]) - Decimal(kept[tender]["refunds_amount"])
        fee = (amount * Decimal(rate) + fixed * kept[tender]["payments"]).quantize(Decimal("0.01"))
        assert abs(Decimal(figures_by_section["fees"]["fees"][tender]["fee"]) - fee) <= Decimal(
            "0.01"
        )
    assert (
        figures_by_section["labour"]["wages"] == "1500.75"
        and figures_by_section["labour"]["hours"] == "30"
    )
    days = tables[MONTHS[-1]]["days"].to_pylist()
    worked = {date(2025, 9, day) for day in (1, 3, 4)}
    net = sum(r["net_sales"] for r in days if r["business_day"] in worked and r["store_id"] == "s1")
    assert Decimal(figures_by_section["labour"]["net_sales"]) == net, (
        "days without labour are left out"
    )


def without(tables, store: str, month: date):
    """The tables of a month in which the store sold nothing; the POS still lists it."""

    def sold(name: str, table: pa.Table) -> pa.Table:
        if name == "stores" or "store_id" not in table.column_names:
            return table
        keep = [row != store for row in table["store_id"].to_pylist()]
        return table.filter(pa.array(keep, pa.bool_()))

    kept = {name: sold(name, table) for name, table in tables[month].items()}
    return tables | {month: kept}


CLOSED_GOALS = '[stores.Centro]\n"2025-09" = 100\n[stores."Roma Norte"]\n"2025-09" = 900000\n'


@pytest.mark.parametrize("locale", ["en_US", "es_MX"])
def test_the_goal_of_a_store_that_was_closed_all_month_counts(tables, locale):
    closed = without(tables, "s2", MONTHS[-1])
    files = reports.monthly(
        MONTHS[-1],
        closed,
        lake_decimals=2,
        lineage={},
        plans=read_plans(goals=CLOSED_GOALS),
        locale=locale,
    )
    goals = json.loads(files["figures.json"])["currencies"]["MXN"]["goals"]
    assert goals == {"goal": "900100.00", "stores": {"s1": "100.00", "s2": "900000.00"}}
    (row,) = re.findall(r"(?m)^\| Roma Norte \|.*900,000.00 .*$", files["report.md"].decode())
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2] == r"\$0.00" and cells[3].endswith("900,000.00") and "%" not in row


def test_a_closed_store_without_a_goal_takes_no_goal_away(tables):
    closed = without(tables, "s2", MONTHS[-1])
    plans = read_plans(goals='[stores.Centro]\n"2025-09" = 100\n')
    assert sections(closed, plans)["goals"]["goal"] == "100.00"
    assert sections(tables, plans)["goals"]["goal"] is None, "an open store has none"


def test_a_goal_by_name_is_that_of_the_open_store_of_two_of_that_name(tables):
    closed = without(tables, "s2", MONTHS[-1])
    stores = closed[MONTHS[-1]]["stores"]
    names = pa.array(["Centro"] * stores.num_rows).cast(stores.schema.field("name").type)
    stores = stores.set_column(stores.schema.get_field_index("name"), "name", names)
    closed[MONTHS[-1]] |= {"stores": stores}
    plans = read_plans(goals='[stores.Centro]\n"2025-09" = 100\n')
    assert sections(closed, plans)["goals"]["stores"] == {"s1": "100.00"}


@given(
    amount=st.integers(-(10**9), 10**9),
    payments=st.integers(0, 10**5),
    percent=st.decimals(0, 100, places=3),
)
def test_a_fee_is_rounded_once(amount, payments, percent):
    fee = Fee("x", percent / 100, Decimal("1.5"))
    exact = percent / 100 * amount + Decimal(150) * payments
    assert abs(fee_of(fee, amount, payments, 2) - exact) <= Decimal("0.5")


@given(start=st.integers(0, 24), end=st.integers(0, 24))
def test_a_daypart_has_each_of_its_hours_once(start, end):
    part = Daypart("x", start % 24, end % 24)
    assert len(part.hours) == len(set(part.hours)) == ((end - start) % 24 or 24)


def test_dayparts_add_up_to_net_sales(tables):
    assert sorted(hour for part in DEFAULT for hour in part.hours) == list(range(24))
    for plans in (Plans(), read_plans(dayparts={"lunch": "12-17", "Cierre": "22-1"})):
        figures_by_section = sections(tables, plans)
        parts = figures_by_section["dayparts"]["net_sales"]
        net = Decimal(figures_by_section["headline"]["total"]["net_sales"])
        assert sum(map(Decimal, parts.values())) == net
        assert ("rest" in parts) == (plans != Plans())


def test_the_course_of_an_open_month_holds_what_was_sold(shop, make_summaries):
    through = date(2025, 9, 17)
    tables = make_summaries(shop(receipts=4, closed=lambda day: day > through), MONTHS)
    figures = Figures(MONTHS[-1], through, "MXN", tables)
    course = expected_total(figures)
    assert figures.total.net_sales < course.low <= course.expected <= course.high
    usual = sum(
        row["net_sales"]
        for month in MONTHS
        for row in tables[month]["days"].to_pylist()
        if through - timedelta(28) < row["business_day"] <= through
    )
    rest = course.expected - figures.total.net_sales
    assert abs(rest - int(usual * 100) * 13 / 28) < rest * 0.15
    assert expected_total(Figures(MONTHS[-1], date(2025, 9, 30), "MXN", tables)) is None


def test_the_bounds_are_in_order_where_the_days_left_bring_refunds(shop, make_summaries):
    through = date(2025, 9, 29)  # what is left is a Tuesday, the closing day
    tables = make_summaries(
        shop(receipts=4, closed=lambda day: day > through or day.weekday() == 1), MONTHS
    )
    month = dict(tables[MONTHS[-1]])
    rows = month["days"].to_pylist()
    back = dict.fromkeys(rows[0], Decimal(0)) | {
        name: rows[0][name] for name in ("store_id", "currency", "channel")
    }
    counts = ("receipts", "refund_receipts", "identified_receipts", "cancelled_receipts")
    back |= dict.fromkeys((*counts, "combo_receipts"), 0) | {
        "business_day": date(2025, 9, 23),
        "net_sales": Decimal("-900.00"),
        "first_sold_at": None,
        "last_sold_at": None,
    }
    month["days"] = pa.Table.from_pylist([*rows, back], schema=month["days"].schema)
    figures = Figures(MONTHS[-1], through, "MXN", tables | {MONTHS[-1]: month})
    course = expected_total(figures)
    assert course.low < course.expected < course.high < figures.total.net_sales
    assert 1 not in usual_by_weekday(figures), "a day of refunds is no open day"


def test_wages_of_a_store_without_sales_count(tables):
    rows = "".join(f"2025-09-03,{store},10,500.25\n" for store in ("Centro", "Roma Norte"))
    plans = read_plans(labour=f"date,store,hours,wages\n{rows}")
    both, alone = (
        sections(source, plans)["labour"] for source in (tables, without(tables, "s2", MONTHS[-1]))
    )
    assert both["wages"] == alone["wages"] == "1000.50" and alone["hours"] == "20"


def test_special_days_name_notes_holidays_and_paydays():
    plans = read_plans(
        calendar='paydays = [15, "last"]\n[[days]]\ndate = 2026-05-09\nnote = "Fair"\n'
        '[[days]]\ndate = 2026-05-08\nnote = "Other"\nstores = ["Sur"]\n'
    )
    days = [date(2026, 5, day) for day in range(1, 32)]
    named = special_days({"America/Mexico_City"}, days, plans, ["Centro"])
    assert named[date(2026, 5, 9)] == [Name("Fair")] and date(2026, 5, 8) not in named
    assert named[date(2026, 5, 10)] == [Text("special_day.mothers_day")]
    assert {date(2026, 5, 15), date(2026, 5, 31)} <= named.keys()
    assert nth_weekday(2026, 5, 6, 2) in commercial_days("US", 2026)


@pytest.mark.parametrize(
    ("zone", "country"), [("America/Mexico_City", "MX"), ("Pacific/Guam", "GU"), ("Etc/UTC", None)]
)
def test_holidays_are_those_of_the_library(zone, country):
    days = [date(2026, 1, 1) + timedelta(day) for day in range(365)]
    named = holidays_in([zone], days)
    if country is None:
        assert named == {}
    else:
        language = country_holidays(country).default_language
        assert {day: name.text for day, name in named.items()} == dict(
            sorted(country_holidays(country, years=2026, language=language).items())
        )


def test_a_holiday_has_its_name_in_the_language_of_the_page():
    (name,) = holidays_in(["America/Mexico_City"], [date(2026, 9, 16)]).values()
    assert Localizer("es_MX", 2).format(name) == "Día de la Independencia"
    assert Localizer("en_US", 2).format(name) == "Independence Day"
    assert Localizer("en_US", 2).format(TranslatedName("敬老の日")) == "敬老の日"


def test_every_day_of_the_lake_is_listed_with_its_reason(tables):
    noted = date(2025, 9, 13)
    plans = read_plans(calendar=f'[[days]]\ndate = {noted}\nnote = "Fair"\n')
    figures = Figures(MONTHS[-1], None, "MXN", tables, plans=plans)
    (table,) = day_list(figures).tables
    assert [row[0].date for row in table.rows] == figures.calendar
    notes = {row[0].date: row[-1] for row in table.rows}
    assert Name("Fair") in notes[noted].items
    assert sum(row[2].units for row in table.rows) == figures.total.net_sales
