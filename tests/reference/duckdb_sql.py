"""All of it in DuckDB's SQL: `python -m tests.reference.duckdb_sql FILE OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from tests.reference import settings

MONEY = "decimal(14, 2)"
TAX = f'struct("type" varchar, "name" varchar, rate decimal(9, 4), money_amount {MONEY})'
LINE = (
    "struct(item_id varchar, variant_id varchar, item_name varchar, variant_name varchar, quantity"
    f" decimal(11, 4), price {MONEY}, "
    f"gross_total_money {MONEY}, total_discount {MONEY}, cost decimal(18, 6), cost_total {MONEY},"
    f" line_taxes {TAX}[], "
    f'line_modifiers struct("name" varchar, "option" varchar, money_amount {MONEY})[])'
)
COLUMNS = {
    "receipt_number": "varchar",
    "receipt_type": "varchar",
    "receipt_date": "timestamptz",
    "cancelled_at": "timestamptz",
    "updated_at": "timestamptz",
    "store_id": "varchar",
    "dining_option": "varchar",
    "total_discount": MONEY,
    "line_items": LINE + "[]",
}
LINES = """
create temp table line as
with flat as (
  select receipt_number, store_id, receipt_type, cancelled_at is not null as is_cancelled,
         receipt_date as sold_at,
         timezone('America/Mexico_City', receipt_date) as sold_at_local, dining_option,
         generate_subscripts(line_items, 1) as line, unnest(line_items) as l,
         case when cancelled_at is not null then 0 when receipt_type = 'REFUND' then -1 else 1
         end as factor
  from receipt
)
select receipt_number, store_id, receipt_type, is_cancelled, sold_at, sold_at_local,
       cast(sold_at_local - interval 5 hour as date) as business_day,
       case dining_option when 'Dine in' then 'dine_in' when 'To go' then 'takeaway'
            when 'Delivery' then 'delivery' else 'unmapped' end as channel,
       line, l.item_id as item_id, l.variant_id as variant_id, l.item_name as item_name,
       l.variant_name as variant_name, l.quantity as quantity,
       cast(l.price * 100 as bigint) as price, nullif(l.cost, 0) as unit_cost,
       cast(l.gross_total_money * 100 as bigint) as gross,
       cast(l.total_discount * 100 as bigint) as discount,
       coalesce(cast(list_sum([t.money_amount for t in l.line_taxes if t.type = 'INCLUDED'])
                     * 100 as bigint), 0) as included,
       coalesce(cast(list_sum([t.money_amount for t in l.line_taxes if t.type = 'ADDED'])
                     * 100 as bigint), 0) as added,
       cast(l.cost_total * 100 as bigint) as cost_total, l.cost <> 0 or l.cost_total <> 0 as costed,
       factor, l.item_name like 'Combo %' as is_combo,
       [{'name': m.name, 'option': m.option,
         'quantity': cast(l.quantity * factor as decimal(18, 4)),
         'amount': cast(m.money_amount * factor as decimal(18, 2))}
        for m in l.line_modifiers] as modifiers,
       case when l.item_name like 'Combo %' then l.line_modifiers end as choices
from flat
"""
CHOICES = """
create temp table choice as
select receipt_number, line, ordinal, m.name as name, m.option as option,
       cast(m.money_amount * 100 as bigint) as amount
from (select receipt_number, line, generate_subscripts(choices, 1) as ordinal,
             unnest(choices) as m
      from line where is_combo)
"""
# several objects hold several versions of a receipt
NEWEST = """
qualify row_number() over (partition by store_id, receipt_number order by updated_at desc) = 1
"""
WORDS = {
    "div": "//",
    "unit": "decimal(18, 6)",
    "none": "[]",
    "modifiers": (
        "list({'name': p.name, 'option': p.option, 'quantity': cast(l.quantity * l.factor as"
        " decimal(18, 4)), 'amount': cast(p.amount * l.factor * 0.01 as decimal(18, 2))} order by"
        " p.ordinal)"
    ),
}


def main(path: str, out: str) -> None:
    database = duckdb.connect()
    database.execute("set threads = 2; set timezone = 'UTC'; set preserve_insertion_order = false")
    database.execute(
        "create table dish(option varchar, name varchar, item_id varchar, variant_id varchar,"
        " category varchar, price bigint, known bool)"
    )
    database.executemany("insert into dish values (?, ?, ?, ?, ?, ?, ?)", settings.dishes())
    database.execute("create table item(item_id varchar, category varchar)")
    database.executemany(
        "insert into item values (?, ?)",
        [(settings.IDS[name][0], settings.CATEGORY[name]) for name in settings.PRICES],
    )
    kinds = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    database.execute(
        f"create view receipt as select * from read_json('{path}', format = 'newline_delimited',"
        f" columns = {{{kinds}}}){NEWEST if '*' in path else ''}"
    )
    database.execute(LINES)
    database.execute(CHOICES)
    rows = Path(__file__).with_name("sales.sql").read_text(encoding="utf-8").format(**WORDS)
    database.execute(
        f"copy ({rows} order by sold_at, receipt_number, line, component) to '{out}' "
        "(format parquet, compression zstd, partition_by (year, month), overwrite_or_ignore)"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
