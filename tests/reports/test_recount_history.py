"""The cumulative report of every prefix of a history equals SQL over the verbatim receipts, and so
does one that ends in mid-month.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pytest

from reports.compose import compose_cumulative
from reports.render.figures_json import figures_json
from tests.reports import raw_shop
from tests.reports.recount_history import BUSY_HOURS, PRICES, Past, before
from tests.reports.test_recount import same
from tests.support.inputs import tries

FIRST, MONTHS = date(2022, 2, 1), 25
MONTH = [before(FIRST, -n) for n in range(MONTHS)]
OPEN, THROUGH = MONTH[15], MONTH[15] + timedelta(days=17)
WEEKEND = (5, 6)
# Prefixes beside each length at which a figure begins or changes; daily all of them.
LENGTHS = tries((2, 3, 5, 6, 12, 13, 25), range(1, MONTHS + 1))
SECTIONS = (
    "years",
    "receipts_and_average",
    "margin",
    "payments_over_time",
    "class_changes",
    "pairs_over_time",
    "loyalty",
)


class Prefix(NamedTuple):
    """The figures of a report through `last`, the recount of the same receipts, and the months that
    are over.
    """

    last: date
    figures: dict
    raw: Past
    closed: list[date]


@pytest.fixture(scope="module")
def prefixes(tmp_path_factory) -> list[Prefix]:
    """One for each of LENGTHS, and one for a month that is open."""
    result = raw_shop.age(
        raw_shop.receipts(3600, days=(before(FIRST, -MONTHS) - FIRST).days, closed=(0, 1, 2))
    )
    tables, raw = (
        raw_shop.summaries(result, MONTH),
        Past(result, tmp_path_factory.mktemp("raw"), MONTH[-1], FIRST),
    )
    built = [
        Prefix(last, figures(last, tables), Until(raw, last), MONTH[:n])
        for n in LENGTHS
        for last in [MONTH[n - 1]]
    ]
    cut = [entry for entry in result if raw_shop.business_day(entry) <= THROUGH]
    tables = tables | raw_shop.summaries(cut, [OPEN], THROUGH)
    raw = Past(cut, tmp_path_factory.mktemp("cut"), OPEN, FIRST)
    return [*built, Prefix(OPEN, figures(OPEN, tables, THROUGH), Until(raw, OPEN), MONTH[:15])]


class Until:
    """A recount whose receipts end with the month `last`: its r and s are cut views of all_r and
    all_s, which the first one makes.
    """

    def __init__(self, raw: Past, last: date):
        self.raw, self.last = raw, last
        if not raw.database.execute("from duckdb_tables() where table_name = 'all_r'").fetchall():
            raw.database.execute(
                "create table all_r as from r; create table all_s as from s; drop view s; drop"
                " table r"
            )

    def __getattr__(self, name: str):
        if self.raw.through != self.last:
            for table, month in (("r", "month"), ("s", "in_month")):
                self.raw.database.execute(
                    f"create or replace view {table} as select * from all_{table} where {month} <="
                    f" date '{self.last}'"
                )
            self.raw.through = self.last
        return getattr(self.raw, name)


def figures(last: date, tables: dict, through: date | None = None) -> dict:
    page = compose_cumulative(
        last, tables, through=through, lake_decimals=2, lineage={}, weekend=WEEKEND
    )
    return {section: {} for section in SECTIONS} | json.loads(figures_json(page))["currencies"][
        "MXN"
    ]


def keyed(months: list[date], value) -> dict[str, object]:
    return {f"{month:%Y-%m}": value(month) for month in months}


def test_summary_and_trend(prefixes):
    for last, shown, raw, closed in prefixes:
        expected = {"all_time": raw.totals(since=FIRST, month=last)}
        if len(closed) >= 12:
            expected["last_12"] = raw.totals(since=closed[-12], month=closed[-1])
        if len(closed) >= 24:
            expected["before_12"] = raw.totals(since=closed[-24], month=closed[-13])
        same(shown["summary"], expected, f"{last}")
        months = [*closed, *({last} - set(closed))]
        same(
            shown["trend"]["months"],
            keyed(months, lambda month, raw=raw: raw.totals(month=month)),
            f"{last}",
        )
        stores = {}
        for row in raw.rows("select store, month, sum(sign * net) as net from r group by all"):
            stores.setdefault(row["store"], {})[f"{row['month']:%Y-%m}"] = row["net"]
        same(shown["trend"]["stores"], stores, f"{last}")
        assert shown["trend"]["partial"] == [
            f"{month:%Y-%m}" for month in months if month not in closed
        ]


def test_years_and_seasons(prefixes):
    for last, shown, raw, closed in prefixes:
        expected = (
            {"months": raw.years(closed), "seasonality": raw.season(closed)}
            if len(closed) > 12
            else {}
        )
        same(shown["years"], expected, f"{last}")


def test_receipts_margin_and_payments(prefixes):
    for last, shown, raw, closed in prefixes:
        total = {month: raw.totals(month=month) for month in closed}
        if len(closed) < 3:
            assert (
                shown["receipts_and_average"]
                == shown["margin"]
                == shown["payments_over_time"]
                == {}
            )
            continue
        base = total[FIRST]
        for name in ("receipts", "average_receipt"):
            index = {
                month: 100 * Fraction(total[month][name]) / Fraction(base[name]) for month in closed
            }
            same(shown["receipts_and_average"][name], keyed(closed, index.get), f"{last} {name}")
        for section, names in (
            ("margin", ("gross_profit", "margin", "margin_before_tax", "cost_coverage")),
            ("payments_over_time", ("discount_share", "refund_share")),
        ):
            expected = keyed(
                closed,
                lambda month, names=names, total=total: {
                    name: total[month][name] for name in names
                },
            )
            same(
                {month: shown[section][month] for month in expected}, expected, f"{last} {section}"
            )
        count = min(6, len(closed) // 2)
        then, now = (
            raw.tenders(closed[0], closed[count - 1]),
            raw.tenders(closed[-count], closed[-1]),
        )
        same(
            {
                row["tender"]: (row["first_months"], row["latest_months"])
                for row in shown["payments_over_time"]["tenders"]
            },
            {
                tender: (then.get(tender, Fraction()), now.get(tender, Fraction()))
                for tender in {**then, **now}
            },
            f"{last}",
        )


def test_busy_hours_and_weekend(prefixes):
    for last, shown, raw, closed in prefixes:
        spans = (
            {"latest": (FIRST, last)}
            if len(closed) < 12
            else {"latest": (closed[-6], closed[-1]), "first": (closed[0], closed[5])}
        )
        expected = {
            name: {
                f"{row['weekday']}-{row['hour']:02d}": {
                    "receipts": row["receipts"],
                    "open_days": row["open_days"],
                }
                for row in raw.rows(BUSY_HOURS, since=since, month=month)
            }
            for name, (since, month) in spans.items()
        }
        same(shown["busy_hours"], expected, f"{last}")

        def each(pair: tuple) -> Fraction | None:
            return Fraction(pair[0]) / pair[1] if pair[1] else None

        week, end = raw.weekend(FIRST, last, WEEKEND)
        same(
            shown["weekend"]["all"],
            {
                "week": each(week),
                "week_days": week[1],
                "weekend": each(end),
                "weekend_days": end[1],
            },
            f"{last}",
        )
        same(
            shown["weekend"]["months"],
            keyed(
                closed,
                lambda month, raw=raw, each=each: dict(
                    zip(
                        ("week", "weekend"),
                        map(each, raw.weekend(month, month, WEEKEND)),
                        strict=True,
                    )
                ),
            ),
            f"{last}",
        )


def test_items_prices_and_classes(prefixes):
    changed = 0
    for last, shown, raw, closed in prefixes:
        key = lambda row: (row["item"], str(row["day"]))  # noqa: E731
        prices = [row | {"day": row["day"].isoformat()} for row in raw.rows(PRICES, month=last)]
        same(
            sorted(shown["lifecycle"]["price_changes"], key=key), sorted(prices, key=key), f"{last}"
        )
        changed = len(prices)
        if len(closed) >= 6:
            starts = [closed[position : position + 3] for position in range(len(closed) - 3)]
            season = [m.month for m in closed[-3:]]
            seasons = [span for span in starts if [m.month for m in span] == season]
            for name, span in (("first", (seasons or [closed])[0][:3]), ("latest", closed[-3:])):
                expected = raw.sold(span[0], span[-1])
                same(
                    {row["item"]: row for row in shown["lifecycle"]["items"][name]},
                    expected,
                    f"{last} {name}",
                )
                net = [Decimal(row["net_sales"]) for row in shown["lifecycle"]["items"][name]]
                assert net == sorted(net, reverse=True)
        half = min(6, len(closed) // 2)
        expected = (
            {
                "first": raw.classes(closed[0], closed[half - 1]),
                "latest": raw.classes(closed[-half], closed[-1]),
            }
            if half
            else {}
        )
        classed = [{(row["item"], row["category"]) for row in rows} for rows in expected.values()]
        if not classed or not classed[0] & classed[1]:
            expected = {}
        same(shown["class_changes"], expected, f"{last}")
    assert changed, "no price changed: the months are not awkward enough"


def test_combos_options_and_pairs(prefixes):
    for last, shown, raw, closed in prefixes:
        same(
            shown["choices_over_time"]["combo_share"],
            keyed(closed, lambda month, raw=raw: raw.totals(month=month)["combo_share"]),
            f"{last}",
        )
        half = len(closed) // 2
        then, now = (
            raw.options(span[0], span[-1]) if half else {}
            for span in (closed[:half], closed[-half:])
        )
        chosen = {key[:2]: every for key, (_, every) in then.items()}

        bases_then, bases_now = (
            raw.bases(span[0], span[-1]) if half else {} for span in (closed[:half], closed[-half:])
        )

        def share(part: dict, bases: dict, key: tuple, every: object) -> Fraction | None:
            if every < 20 or bases.get(key[0], 0) < 20:
                return None
            return Fraction(part.get(key, (0, 0))[0]) / Fraction(every)

        expected = {
            key: (
                share(then, bases_then, key, chosen.get(key[:2], 0)),
                share(now, bases_now, key, every),
            )
            for key, (_, every) in now.items()
        }
        same(
            {
                (r["item"], r["modifier"], r["option"]): (r["first_half"], r["latest_half"])
                for r in shown["choices_over_time"]["options"]
            },
            expected,
            f"{last}",
        )
        pairs = raw.pairs(FIRST, last)
        if not pairs:
            assert shown["pairs_over_time"] == {}
            continue
        lifts = [
            Fraction(p["both_"] * p["receipts"], p["with_first"] * p["with_second"]) for p in pairs
        ]
        same(
            [
                (p["first"], p["second"], p["receipts"], p["lift"])
                for p in shown["pairs_over_time"]["pairs"]
            ],
            [
                (p["first"], p["second"], p["both_"], lift)
                for p, lift in zip(pairs, lifts, strict=True)
            ],
            f"{last}",
        )
        months = [*closed, *({last} - set(closed))]
        middle = len(months) // 2
        halves = (
            [
                {frozenset((p["first"], p["second"])) for p in raw.pairs(span[0], span[-1], "")}
                for span in (months[:middle], months[middle:])
            ]
            if middle
            else [set(), set()]
        )
        assert shown["pairs_over_time"]["stable"] == sum(
            {p["first"], p["second"]} in halves[0] & halves[1] for p in pairs
        )


def test_customers(prefixes):
    for last, shown, raw, closed in prefixes:
        people = raw.rows(
            "select customer, sum(sign * net) as net from r where customer is not null and not gone"
            " group by all having count(*) filter (where sale) > 0 order by net desc"
        )
        expected: dict[str, object] = {"customers": len(people)}
        top = -(-len(people) // 10)
        if top >= 5:
            expected["concentration"] = {
                "customers": top,
                "net_sales": sum(p["net"] for p in people[:top]),
                "of": sum(p["net"] for p in people),
            }
        if cohorts := raw.cohorts(closed):
            expected["cohorts"] = cohorts
        if len(closed) >= 12 and (segments := raw.segments(closed[-1])):
            expected["segments"] = segments
        same(shown["loyalty"], expected, f"{last}")
    assert len(shown["loyalty"]["segments"]) > 3 and any(
        None in row["seen"] for row in shown["loyalty"]["cohorts"].values()
    )


def test_records_and_counts(prefixes):
    for last, shown, raw, closed in prefixes:
        same(
            {key: value for key, value in shown["records"].items() if key != "unusual_days"},
            raw.records(last, closed),
            f"{last}",
        )
        assert (
            shown["lineage"]["checks"]["counted"]["count"]
            == raw.rows("select count(*) as n from r")[0]["n"]
        )


def smoothed(given: dict[date, Fraction], month: date, origin: date) -> dict[date, float]:
    """Level and weekday shares by exponential smoothing over 52 weeks, in floating point."""
    span = min((origin - min(given)).days + 1, 364)
    days = [origin - timedelta(days=n) for n in reversed(range(span))]
    sold = [float(given.get(day, 0)) for day in days]
    start = min(span // 7, 4) * 7
    level = sum(sold[:start]) / start
    share = {
        day.weekday(): sum(sold[n:start:7]) * 7 / start / level for n, day in enumerate(days[:7])
    }
    for day, amount in zip(days, sold, strict=True):
        old_level, old_share = level, share[day.weekday()]
        if old_share > 0.05:
            level += (amount / old_share - level) / 10
        share[day.weekday()] += (amount / old_level - old_share) / 20
    length = (before(month, -1) - month).days
    ahead = [month + timedelta(days=n) for n in range(length)]
    return {day: max(level * share[day.weekday()], 0.0) for day in ahead}


def test_forecast(prefixes):
    """The same methods in plain Python over SQL's sums by day."""
    built: dict[str, int] = {}
    for last, shown, raw, closed in prefixes:
        net, through = raw.daily(last), None if last in closed else THROUGH

        def origin(month: date, through=through) -> date:
            return (
                month - timedelta(days=1)
                if through is None
                else before(month, 1) + timedelta(days=through.day - 1)
            )

        def guess(month: date, net=net, raw=raw, closed=closed, origin=origin) -> dict[str, dict]:
            given = {day: Fraction(v) for day, v in net.items() if day <= origin(month)}
            index = raw.season(
                [m for m in closed if before(m, -1) - timedelta(days=1) <= origin(month)]
            )
            days, naive = {}, {}
            for n in range((before(month, -1) - month).days):
                day = month + timedelta(days=n)
                past = sorted(
                    d
                    for d in (day - timedelta(weeks=w) for w in range(1, 20))
                    if d <= origin(month)
                )[-8:]
                mean = sum(given.get(d, 0) for d in past) / 8
                season = (
                    index[f"{month.month:02d}"] / (sum(index[f"{d.month:02d}"] for d in past) / 8)
                    if index
                    else 1
                )
                days[day], naive[day] = round(mean * season, 2), given.get(past[-1], 0)
            return {
                "usual": days,
                "smoothed": smoothed(given, month, origin(month)),
                "naive": naive,
            }

        trials = [m for m in closed if (origin(m) - min(net)).days >= 55][-6:]
        if len(trials) < 3:
            assert shown["outlook"] == {"reason": "short"}
            continue
        tried = [(guess(month), month) for month in trials]
        actual = {d: Fraction(net.get(d, 0)) for guesses, _ in tried for d in guesses["naive"]}
        errors = {
            name: sum(
                abs(actual[d] - Fraction(v))
                for guesses, _ in tried
                for d, v in guesses[name].items()
            )
            / sum(actual.values())
            for name in ("usual", "smoothed", "naive")
        }
        outlook = shown["outlook"]
        for name, error in errors.items():
            assert abs(Fraction(Decimal(outlook["errors"][name])) - error) < Fraction(1, 10**5), (
                last
            )
        best = min(errors, key=errors.__getitem__)
        assert outlook["method"] == best and outlook["error"] == outlook["errors"][best], last
        built[best] = built.get(best, 0) + 1
        expected = {d: Fraction(v) for d, v in guess(before(last, -1))[best].items()}
        assert abs(Fraction(Decimal(outlook["expected"])) - sum(expected.values())) < Fraction(
            len(expected), 20
        ), last
        assert shown["outlook"]["month"] == f"{before(last, -1):%Y-%m}" and shown["outlook"][
            "trials"
        ] == len(trials)
        for day, value in shown["outlook"]["days"].items():
            assert abs(
                Fraction(Decimal(value["expected"])) - expected[date.fromisoformat(day)]
            ) <= Fraction(1, 20), (last, day)
            assert Decimal(value["low"]) <= Decimal(value["expected"]) <= Decimal(value["high"])
    assert len(built) > 1, "one method is always the best: nothing is chosen"
    assert sum(built.values()) > len(prefixes) // 2, "a forecast stands wherever there are trials"
