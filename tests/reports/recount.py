"""The figures of the monthly report in SQL over verbatim receipts, written from the glossary alone;
no code of the pipeline.

`tell(receipts, month, before)` gives what figures.json should hold, section by section. Amounts are
Decimals, ratios Fractions. Rows of `sales` (combos shared out by largest remainders) are those of
tests/reference/sales.sql.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from pathlib import Path

import duckdb

from tests.reference import duckdb_sql, settings

PAID = f'struct("name" varchar, "type" varchar, money_amount {duckdb_sql.MONEY})[]'
GIVEN = f'struct("type" varchar, "name" varchar, money_amount {duckdb_sql.MONEY})[]'
COLUMNS = duckdb_sql.COLUMNS | {
    "updated_at": "timestamptz",
    "total_money": duckdb_sql.MONEY,
    "tip": duckdb_sql.MONEY,
    "surcharge": duckdb_sql.MONEY,
    "customer_id": "varchar",
    "employee_id": "varchar",
    "payments": PAID,
    "total_discounts": GIVEN,
    "total_taxes": duckdb_sql.TAX + "[]",
}

SETUP = """
create view receipt as select * from version qualify row_number() over (partition by store_id, receipt_number order by updated_at desc) = 1;
create table r as
with local as (select *, timezone('America/Mexico_City', receipt_date) as wall from receipt)
select receipt_number as number, store_id as store, dining_option, customer_id as customer, employee_id as employee, wall, payments,
    total_discounts, cast(wall - interval 5 hour as date) as day, cast(date_trunc('month', wall - interval 5 hour) as date) as month,
    isodow(wall - interval 5 hour) - 1 as weekday, hour(wall) as hour, cancelled_at is not null as gone,
    receipt_type = 'SALE' and not gone as sale, receipt_type = 'REFUND' and not gone as refund,
    case when receipt_type = 'SALE' then 1 else -1 end as way, case when gone then 0 else way end as sign,
    list_sum([l.gross_total_money for l in line_items]) as gross, total_discount as discount, gross - discount as net,
    list_sum([l.quantity for l in line_items]) as units,
    coalesce(list_sum([t.money_amount for t in total_taxes if t.type = 'INCLUDED']), 0) as included,
    coalesce(list_sum([t.money_amount for t in total_taxes if t.type = 'ADDED']), 0) as added, tip, surcharge, total_money as total,
    coalesce(list_sum([p.money_amount for p in payments]), 0) as paid,
    case dining_option when 'Dine in' then 'dine_in' when 'To go' then 'takeaway' when 'Delivery' then 'delivery' else 'unmapped' end as channel
from local;
create view s as select s.*, coalesce(combo, item) as sold_as, r.month as in_month, r.sale, r.sign, r.weekday, s.net - s.tax_included - s.cost as gain
from sales s join r on r.number = s.receipt_number and r.store = s.store_id where not r.gone;
"""
SUMS = """
count(*) filter (where sale) as receipts, count(*) filter (where refund) as refund_receipts, coalesce(sum(units) filter (where sale), 0) as units,
sum(gross) filter (where sale) as gross_sales, sum(discount) filter (where sale) as sale_discounts,
coalesce(sum(discount) filter (where refund), 0) as refund_discounts, coalesce(sum(gross) filter (where refund), 0) as refunds,
sum(sign * net) as net_sales, sum(sign * included) as tax_included, sum(sign * added) as tax_added, sum(sign * tip) as tips,
sum(sign * surcharge) as surcharges, 0 as gift_cards, sum(sign * total) as collected, sum(sign * paid) as paid,
count(*) filter (where sale and customer is not null) as identified_receipts, count(*) filter (where gone) as cancelled_receipts,
coalesce(sum(abs(total)) filter (where gone), 0) as cancelled_total, sum(sign * discount) as discounts
"""
GOODS = """
coalesce(sum(cost), 0) as cost, coalesce(sum(net) filter (where cost is not null), 0) as costed_net,
coalesce(sum(tax_included) filter (where cost is not null), 0) as costed_tax_included,
count(distinct receipt_number) filter (where sale and combo is not null) as combo_receipts
"""
ITEMS = """
select item, category, sum(units) filter (where sale) as units, coalesce(-sum(units) filter (where not sale), 0) as refunded_units,
    coalesce(sum(gross) filter (where sale), 0) as gross_sales, sum(discount) as discounts,
    coalesce(-sum(gross) filter (where not sale), 0) as refunds,
    sum(net) as net_sales, sum(tax_included) as tax_included, coalesce(sum(cost), 0) as cost,
    coalesce(sum(net) filter (where cost is not null), 0) as costed_net, coalesce(sum(net) filter (where combo is not null), 0) as combo_net,
    coalesce(sum(units) filter (where sale and combo is not null), 0) as combo_units
from s where in_month = $month {where} group by all
"""
RANKED = """
with items as ({items}), ranked as (
    select *, row_number() over (order by net_sales desc, units desc, item, coalesce(category, '')) as rank,
        sum(greatest(net_sales, 0)) over (order by net_sales desc, units desc, item, coalesce(category, '') rows unbounded preceding) as running,
        sum(greatest(net_sales, 0)) over () as whole from items)
select * exclude (running, whole), case when net_sales <= 0 then 'C' when rank = 1 or running * 100 <= 80 * whole then 'A'
    when running * 100 <= 95 * whole then 'B' else 'C' end as abc from ranked order by rank
"""
MENU = """
with dish as (
    select category, item, sum(units) filter (where sale) as units, sum(gain) filter (where cost is not null) as contribution,
        sum(units) filter (where cost is not null) as costed
    from s where in_month = $month and category is not null group by all having sum(units) filter (where sale) > 0 and costed > 0),
group_ as (select *, count(*) over w as n, sum(units) over w as all_units, sum(contribution) over w as all_gain, sum(costed) over w as all_costed
    from dish window w as (partition by category)),
rows_ as (select category, item, combo is not null as in_combo, count(distinct (store_id, receipt_number)) as receipts
    from s where in_month = $month and sale group by all),
base as (select category, item, max(receipts) as base from rows_ group by all),
judged as (select *, units * 10 * n >= 7 * all_units as popular,
    contribution * all_costed >= all_gain * costed as profitable from group_ where n >= 3)
select category, item, units, contribution, costed, case when popular and profitable then 'star' when popular then 'plowhorse'
    when profitable then 'puzzle' else 'dog' end as class from judged join base using (category, item) where base >= 20
"""
PAIRS = """
with sold as (select * from s where in_month = $month and sale),
mixed as (select distinct store_id, receipt_number from sold where combo is not null),
basket as (select distinct store_id, receipt_number, sold_as, (store_id, receipt_number) not in (select (store_id, receipt_number) from mixed) as plain
    from sold),
part as (select distinct combo, item from s where in_month = $month and combo is not null),
together as (select distinct a.item as one, b.item as other from part a join part b using (combo) where a.item < b.item),
held as (select false as among_plain, * from basket union all select true, * from basket where plain),
own as (select among_plain, sold_as, count(*) as n from held group by all),
pair as (select a.among_plain, a.sold_as as one, b.sold_as as other, count(*) as both_
    from held a join held b using (among_plain, store_id, receipt_number) left join together t on t.one = a.sold_as and t.other = b.sold_as
    where a.sold_as < b.sold_as and (t.one is not null) = a.among_plain group by all having count(*) >= 20),
placed as (select among_plain, both_, case when x.n < y.n or x.n = y.n then one else other end as first,
        case when x.n < y.n or x.n = y.n then other else one end as second,
    least(x.n, y.n) as with_first, greatest(x.n, y.n) as with_second,
    (select count(*) from r where month = $month and sale) - (case when among_plain then (select count(*) from mixed) else 0 end) as receipts
    from pair join own x using (among_plain) join own y using (among_plain) where x.sold_as = one and y.sold_as = other)
select * from placed where both_ * receipts > with_first * with_second
order by both_ * receipts - with_first * with_second desc, first, second
"""
SAME_WEEKDAYS = """
with span as (select * from r where month in ($month, $before)),
opened as (select month, store, weekday, count(distinct day) filter (where sale) as days from span group by all having days > 0),
both_ as (select n.store, n.weekday, n.days as now_days, b.days as base_days from opened n join opened b using (store, weekday)
    where n.month = $month and b.month = $before)
select sum(case when month = $month then {sum} * base_days / now_days else 0 end) as now, sum(case when month = $before then {sum} else 0 end) as base
from (select month, store, weekday, {expression} as {sum} from span group by all) join both_ using (store, weekday)
"""


class Recount:
    """The database over `receipts`; every method is one section."""

    def __init__(self, receipts: Iterable[dict], folder: Path, month: date, before: date):
        path = folder / "raw.ndjson"
        path.write_text("".join(json.dumps(entry) + "\n" for entry in receipts), encoding="utf-8")
        self.months = {"month": month, "before": before}
        self.database = duckdb.connect()
        self.database.execute("set timezone = 'UTC'; set threads = 1")
        self.database.execute(
            "create table dish(option varchar, name varchar, item_id varchar, variant_id varchar,"
            " category varchar, price bigint, known bool)"
        )
        self.database.executemany(
            "insert into dish values (?, ?, ?, ?, ?, ?, ?)", settings.dishes()
        )
        self.database.execute("create table item(item_id varchar, category varchar)")
        self.database.executemany(
            "insert into item values (?, ?)",
            [(settings.IDS[name][0], settings.CATEGORY[name]) for name in settings.PRICES],
        )
        kinds = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
        self.database.execute(
            f"create view version as select * from read_json('{path}', format ="
            f" 'newline_delimited', columns = {{{kinds}}})"
        )
        head, body = SETUP.split(";\n", 1)
        self.database.execute(head)
        self.database.execute(duckdb_sql.LINES)
        self.database.execute(duckdb_sql.CHOICES)
        rows = Path(duckdb_sql.__file__).with_name("sales.sql").read_text(encoding="utf-8")
        self.database.execute(f"create table sales as {rows.format(**duckdb_sql.WORDS)}")
        self.database.execute(body)

    def rows(self, query: str, **changed: object) -> list[dict]:
        expected = {
            name: value for name, value in (self.months | changed).items() if f"${name}" in query
        }
        result = self.database.execute(query, expected)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def totals(self, **where: object) -> dict[str, object]:
        """All sums and ratios of a month, of the months from `since` to it, or of one store's."""
        where.setdefault("since", where.get("month", self.months["month"]))
        store = "and store = $store" if "store" in where else ""
        (t,) = self.rows(
            f"select {SUMS} from r where month between $since and $month {store}", **where
        )
        (goods,) = self.rows(
            f"select {GOODS} from s where in_month between $since and $month"
            f" {store.replace('store =', 'store_id =')}",
            **where,
        )
        t |= goods | {"points_discounts": 0, "rounding": 0, "difference": 0, "unpaid": 0}
        base = t["costed_net"] - t["costed_tax_included"]

        def share(part: object, total: object) -> Fraction:
            return Fraction(part) / Fraction(total)

        return t | {
            "gross_profit": t["costed_net"] - t["cost"],
            "margin": share(t["costed_net"] - t["cost"], t["costed_net"]),
            "margin_before_tax": share(base - t["cost"], base),
            "cost_coverage": share(t["costed_net"], t["net_sales"]),
            "refund_share": share(t["refunds"], t["gross_sales"]),
            "discount_share": share(t["discounts"], t["gross_sales"]),
            "identified_share": share(t["identified_receipts"], t["receipts"]),
            "combo_share": share(t["combo_receipts"], t["receipts"]),
            "average_receipt": share(t["net_sales"], t["receipts"]),
            "units_per_receipt": share(t["units"], t["receipts"]),
            "average_before_refunds": share(t["gross_sales"] - t["sale_discounts"], t["receipts"]),
        }

    def same_weekdays(self, expression: str) -> tuple[Fraction, Fraction]:
        """(now on the base month's weekdays, base) of a sum, over what was open in both; exact by
        way of a fraction a row.
        """
        result = self.rows(
            SAME_WEEKDAYS.replace(
                "sum(case when month = $month then {sum} * base_days / now_days else 0 end) as now,"
                " sum(case when month = $before then {sum} else 0 end) as base",
                "*",
            ).format(sum="x", expression=expression)
        )
        now = sum(
            (
                Fraction(row["x"]) * row["base_days"] / row["now_days"]
                for row in result
                if row["month"] == self.months["month"]
            ),
            Fraction(),
        )
        return now, sum(
            (Fraction(row["x"]) for row in result if row["month"] == self.months["before"]),
            Fraction(),
        )

    def drivers(self) -> dict[str, object]:
        """The difference to the month before, in parts; a store that traded in one month only is a
        part of its own.
        """
        both = (
            "store in (select store from r where month = $month and sale intersect select store"
            " from r where month = $before and sale)"
        )
        sums = (
            "coalesce(sum(gross) filter (where sale), 0) as gross, coalesce(sum(gross) filter"
            f" (where sale and {both}), 0) as kept, coalesce(sum(sign * discount), 0) as discounts,"
            " coalesce(sum(gross) filter (where refund), 0) as refunds, sum(sign * net) as net"
        )
        (now,) = self.rows(f"select {sums} from r where month = $month")
        (base,) = self.rows(f"select {sums} from r where month = $before")
        gross, gross_base = self.same_weekdays("coalesce(sum(gross) filter (where sale), 0)")
        count, count_base = self.same_weekdays("count(*) filter (where sale)")
        more = (count - count_base) * gross_base / count_base
        return {
            "now": now["net"],
            "base": base["net"],
            "change": now["net"] - base["net"],
            "parts": {
                "stores": (now["gross"] - now["kept"]) - (base["gross"] - base["kept"]),
                "calendar": Fraction(now["kept"] - base["kept"]) - (gross - gross_base),
                "receipts": more,
                "average": gross - gross_base - more,
                "discounts": base["discounts"] - now["discounts"],
                "refunds": base["refunds"] - now["refunds"],
            },
        }

    def items(self, where: str = "", **more: object) -> list[dict]:
        return self.rows(RANKED.format(items=ITEMS.format(where=where)), **more)
