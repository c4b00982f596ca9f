"""The figures of the cumulative report in SQL over verbatim receipts, written from the glossary
alone; no code of the pipeline.

A span is the months from `since` to `month`, both within; whole months are those that are over.
Amounts are Decimals, ratios Fractions.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise

from tests.reports.recount import MENU, PAIRS, Recount

SPAN = "between $since and $month"
PRICES = """
with line as (
    select distinct month, store, number, line, sold_as, variant_, price, units, day
    from (select r.month, r.day, s.store_id as store, s.receipt_number as number, s.line, s.sold_as,
        case when combo is null then s.variant end as variant_, case when combo is null then s.unit_price else s.combo_price end as price,
        case when combo is null then s.units else s.combo_quantity end as units
        from s join r on r.number = s.receipt_number and r.store = s.store_id where s.sale and r.month <= $month)),
price as (select month, sold_as, variant_, price, sum(units) as units, min(day) as day from line group by all having sum(units) >= 10),
usual as (select * from price qualify row_number() over (partition by month, sold_as, variant_ order by units desc, price) = 1),
moved as (select *, lag(price) over w as was, lag(month) over w as then_, lag(day) over w as old_day from usual
    window w as (partition by sold_as, variant_ order by month)),
began as (select month, sold_as, variant_, price, min(day) as day from line group by all)
select m.sold_as as item, m.variant_ as variant, min(b.day) as day, was, m.price as "is" from moved m
join began b on b.sold_as = m.sold_as and b.variant_ is not distinct from m.variant_ and b.price = m.price
    and b.month between then_ and m.month and b.day > old_day
where was <> m.price and was > 0 group by m.sold_as, m.variant_, m.month, was, m.price
"""
OPTIONS = f"""
with chosen as (select item, m.name as modifier, m.option as option, sum(m.quantity) as units
    from (select item, unnest(modifiers) as m from s where in_month {SPAN} and sale) group by all)
select item, modifier, option, units, sum(units) over (partition by item, modifier) as whole from chosen
"""
BUSY_HOURS = f"""
with sold as (select weekday, hour, day, count(*) as n from r where sale and month {SPAN} group by all),
opened as (select weekday, count(distinct day) as days from sold group by all)
select weekday, hour, sum(n) as receipts, any_value(days) as open_days from sold join opened using (weekday) group by all
"""
LIKE = """
with open_day as (select store, day, sum(sign * net) as net from r group by all having count(*) filter (where sale) > 0)
select a.net as now, b.net as base, a.day from open_day a join open_day b on b.store = a.store and b.day = a.day - 364
where date_trunc('month', a.day) = $month
"""
PEOPLE = f"""
select customer, count(*) filter (where sale) as receipts, sum(sign * net) as net, max(day) filter (where sale) as last
from r where customer is not null and not gone and month {SPAN} group by all having receipts > 0
"""
SEGMENTS = """
case when rr >= 4 and ff >= 4 and mm >= 4 then 'champions' when rr >= 2 and ff >= 3 and mm >= 3 then 'loyal'
when rr >= 3 and ff <= 3 and mm <= 3 then 'potential' when rr >= 4 and ff = 1 and mm = 1 then 'new'
when rr in (3, 4) and ff = 1 and mm = 1 then 'promising' when rr in (2, 3) and ff in (2, 3) and mm in (2, 3) then 'attention'
when rr in (2, 3) and ff <= 2 and mm <= 2 then 'sleeping' when rr <= 2 and ff >= 2 and mm >= 2 then 'at_risk'
when rr = 1 and ff >= 4 and mm >= 4 then 'cannot_lose' when rr <= 2 and ff <= 2 and mm <= 2 then 'lost' else 'others' end
"""
RFM = f"""
with people as ({PEOPLE}), scored as (select *, 1 + 5 * (rank() over (order by last) - 1) // count(*) over () as rr,
    1 + 5 * (rank() over (order by receipts) - 1) // count(*) over () as ff,
    1 + 5 * (rank() over (order by net) - 1) // count(*) over () as mm from people)
select {SEGMENTS} as segment, count(*) as customers, sum(net) as net_sales from scored group by all order by customers desc, segment
"""
COHORTS = """
with seen as (select distinct customer, month from r where sale and customer is not null),
first as (select customer, min(month) as start from seen group by all)
select start, month, count(*) as n from seen join first using (customer) group by all
"""


def before(month: date, months: int) -> date:
    number = month.year * 12 + month.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


class Past(Recount):
    """What the sections of a report through some month should hold."""

    def __init__(self, *given: object):
        super().__init__(*given)
        self.through = date.max  # the last month that its tables show
        self.totals = cache(self.totals)  # of the same span for whatever prefix, so counted once
        self.weekend = cache(self.weekend)

    def net(self, **span: date) -> dict[date, object]:
        rows = self.rows(
            f"select month, sum(sign * net) as net from r where month {SPAN} group by all", **span
        )
        return {row["month"]: row["net"] for row in rows}

    def daily(self, last: date) -> dict[date, object]:
        rows = self.rows(
            "select day, sum(sign * net) as net from r where month <= $month group by all",
            month=last,
        )
        return {row["day"]: row["net"] for row in rows}

    def season(self, months: list[date]) -> dict[str, Fraction]:
        net, result = self.net(since=months[0], month=months[-1]), {}
        for month in months[6:-6]:
            mean = (
                Fraction(
                    sum(net[before(month, n)] + net[before(month, n + 1)] for n in range(-6, 6))
                )
                / 24
            )
            result.setdefault(f"{month.month:02d}", []).append(Fraction(net[month]) / mean)
        return (
            {m: sum(result[m], Fraction()) / len(result[m]) for m in sorted(result)}
            if len(months) >= 24
            else {}
        )

    def years(self, months: list[date]) -> dict[str, dict]:
        net, result = self.net(since=months[0], month=months[-1]), {}
        for month in months[12:]:
            rows = self.rows(LIKE, month=month)
            result[f"{month:%Y-%m}"] = {
                "net_sales": net[month],
                "base": net[before(month, 12)],
                "comparable_days": sum(r["now"] for r in rows),
                "comparable_days_base": sum(r["base"] for r in rows),
                "days": len({r["day"] for r in rows}),
            }
        return result

    def weekend(self, since: date, month: date, days: tuple[int, ...]) -> list[tuple[object, int]]:
        """(net sales, open days) of the week and of the weekend."""
        result = []
        for way in ("not", ""):
            (row,) = self.rows(
                "select coalesce(sum(sign * net), 0) as net, count(distinct day) filter (where"
                f" sale) as days from r where month {SPAN} and {way} weekday in {days}",
                since=since,
                month=month,
            )
            result.append((row["net"], row["days"]))
        return result

    def sold(self, since: date, month: date) -> dict[str, dict]:
        rows = self.rows(
            "select item, sum(net) as net_sales, coalesce(sum(units) filter (where sale), 0) as"
            f" units from s where in_month {SPAN} group by all",
            since=since,
            month=month,
        )
        return {row["item"]: row for row in rows}

    def classes(self, since: date, month: date) -> list[dict]:
        rows = self.rows(
            MENU.replace("in_month = $month", f"in_month {SPAN}"), since=since, month=month
        )
        return sorted(
            ({name: row[name] for name in ("item", "category", "class")} for row in rows),
            key=lambda d: (d["item"], d["category"]),
        )

    def options(self, since: date, month: date) -> dict[tuple, tuple]:
        return {
            (r["item"], r["modifier"], r["option"]): (r["units"], r["whole"])
            for r in self.rows(OPTIONS, since=since, month=month)
        }

    def bases(self, since: date, month: date) -> dict[str, int]:
        """Receipts that hold an item at the least: alone, or in combos, of one category."""
        rows = self.rows(
            "select item, max(n) as n from (select item, category, combo is not null as in_combo,"
            " count(distinct (store_id, receipt_number)) filter (where sale) as n from s"
            f" where in_month {SPAN} group by all) group by all",
            since=since,
            month=month,
        )
        return {row["item"]: row["n"] for row in rows}

    def pairs(self, since: date, month: date, most: str = "limit 10") -> list[dict]:
        return self.rows(PAIRS.replace("= $month", SPAN) + most, since=since, month=month)

    def cohorts(self, closed: list[date]) -> dict[str, dict]:
        seen = {}
        for row in self.rows(COHORTS):
            seen.setdefault(row["start"], {})[row["month"]] = row["n"]
        result = {}
        for start in closed[1:]:
            cells = [seen.get(start, {}).get(month, 0) for month in closed if month >= start][:12]
            if cells[0] >= 5:
                result[f"{start:%Y-%m}"] = {
                    "size": cells[0],
                    "seen": [None if 0 < n < 5 or 0 < cells[0] - n < 5 else n for n in cells],
                }
        result = dict(list(result.items())[-12:])
        return result if any(len(row["seen"]) > 1 for row in result.values()) else {}

    def segments(self, month: date) -> dict[str, dict]:
        since = before(month, 11)
        named = {
            r["segment"]: [r["customers"], r["net_sales"]]
            for r in self.rows(RFM, since=since, month=month)
        }
        if sum(n for n, _ in named.values()) < 25:
            return {}
        others = named.pop("others", [0, 0])
        for name in sorted(named, key=lambda n: (named[n][0], [-ord(c) for c in n])):
            if named[name][0] < 5 or 0 < others[0] < 5:
                others = [a + b for a, b in zip(others, named.pop(name), strict=True)]
        return {
            n: {"customers": c, "net_sales": m}
            for n, (c, m) in {**named, "others": others}.items()
            if c
        }

    def tenders(self, since: date, month: date) -> dict[str, Fraction]:
        rows = self.rows(
            "select p.name as tender, sum(sign * p.money_amount) as n from (select sign,"
            f" unnest(payments) as p from r where month {SPAN}) group by all",
            since=since,
            month=month,
        )
        return {
            row["tender"]: Fraction(row["n"]) / Fraction(sum(r["n"] for r in rows)) for row in rows
        }

    def records(self, last: date, closed: list[date]) -> dict[str, object]:
        days = self.rows(
            "select day, sum(sign * net) as net from r where month <= $month group by all "
            "having count(*) filter (where sale) > 0 order by 1",
            month=last,
        )
        best, run, longest = max(days, key=lambda r: (r["net"], r["day"])), 1, 1
        for entry, other in pairwise(row["day"] for row in days):
            run = run + 1 if other - entry == timedelta(days=1) else 1
            longest = max(longest, run)
        net = self.net(since=date.min, month=last)
        month = max(net, key=lambda m: (net[m], m))
        return {
            "best_day": {"day": best["day"].isoformat(), "net_sales": best["net"]},
            "best_month": {
                "month": f"{month:%Y-%m}",
                "net_sales": net[month],
                "partial": month not in closed,
            },
            "longest_run": longest,
        }
