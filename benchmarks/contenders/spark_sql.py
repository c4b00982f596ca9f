"""The same SQL on Spark, local[2].

python -m benchmarks.contenders.spark_sql FILE OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

from pyspark.sql import SparkSession

from tests.reference import settings

TAX = "array<struct<type: string, money_amount: decimal(14, 2)>>"
LINE = (
    "struct<item_id: string, variant_id: string, item_name: string, variant_name: string,"
    " quantity: decimal(11, 4), price: decimal(14, 2), gross_total_money: decimal(14, 2),"
    " total_discount: decimal(14, 2), cost: decimal(18, 6), cost_total: decimal(14, 2),"
    f" line_taxes: {TAX}, line_modifiers: array<struct<name: string, option: string, money_amount:"
    " decimal(14, 2)>>>"
)
RECEIPT = (
    "receipt_number string, receipt_type string, receipt_date timestamp, cancelled_at timestamp,"
    f" store_id string, dining_option string, line_items array<{LINE}>"
)
TAXED = (
    "cast(aggregate(filter(l.line_taxes, t -> t.type = '{}'), cast(0 as decimal(24, 2)), "
    "(s, t) -> cast(s + t.money_amount as decimal(24, 2))) * 100 as bigint)"
)
LINES = """
create temporary view line as
with flat as (
  select receipt_number, store_id, receipt_type, cancelled_at is not null as is_cancelled,
         receipt_date as sold_at, dining_option, at + 1 as line, l,
         cast(from_utc_timestamp(receipt_date, 'America/Mexico_City') as timestamp_ntz)
           as sold_at_local,
         case when cancelled_at is not null then 0 when receipt_type = 'REFUND' then -1 else 1 end
           as factor
  from receipt lateral view posexplode(line_items) as at, l
)
select receipt_number, store_id, receipt_type, is_cancelled, sold_at, sold_at_local, factor,
       cast(sold_at_local - interval 5 hour as date) as business_day,
       case dining_option when 'Dine in' then 'dine_in' when 'To go' then 'takeaway'
                          when 'Delivery' then 'delivery' else 'unmapped' end as channel,
       line, l.item_id as item_id, l.variant_id as variant_id, l.item_name as item_name,
       l.variant_name as variant_name, l.quantity as quantity,
       cast(l.price * 100 as bigint) as price, nullif(l.cost, 0) as unit_cost,
       cast(l.gross_total_money * 100 as bigint) as gross,
       cast(l.total_discount * 100 as bigint) as discount, {included} as included, {added} as added,
       cast(l.cost_total * 100 as bigint) as cost_total, l.cost <> 0 or l.cost_total <> 0 as costed,
       l.item_name like 'Combo %' as is_combo,
       transform(l.line_modifiers, m -> struct(
         m.name as name, m.option as option,
         cast(l.quantity * factor as decimal(18, 4)) as quantity,
         cast(m.money_amount * factor as decimal(18, 2)) as amount)) as modifiers,
       case when l.item_name like 'Combo %' then l.line_modifiers end as choices
from flat
"""
CHOICES = """
create temporary view choice as
select receipt_number, line, at + 1 as ordinal, m.name as name, m.option as option,
       cast(m.money_amount * 100 as bigint) as amount
from line lateral view posexplode(choices) as at, m
"""
ITEM = (
    "struct(p.ordinal, p.name, p.option,"
    " cast(l.quantity * l.factor as decimal(18, 4)) as quantity, "
    "cast(p.amount * l.factor * 0.01 as decimal(18, 2)) as amount)"
)
WORDS = {
    "div": "div",
    "unit": "decimal(18, 6)",
    "modifiers": (
        f"transform(sort_array(collect_list({ITEM})), m -> struct(m.name, m.option, m.quantity,"
        " m.amount))"
    ),
    "none": (
        "cast(array() as array<struct<name: string, option: string, quantity: decimal(18, 4),"
        " amount: decimal(18, 2)>>)"
    ),
}


def main(path: str, out: str) -> None:
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "6g")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.sql.parquet.compression.codec", "zstd")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    spark.read.schema(RECEIPT).json(path).createOrReplaceTempView("receipt")
    spark.createDataFrame(
        settings.dishes(),
        "option string, name string, item_id string, variant_id string, category string, price"
        " long, known boolean",
    ).createOrReplaceTempView("dish")
    spark.createDataFrame(
        [(settings.IDS[name][0], settings.CATEGORY[name]) for name in settings.PRICES],
        "item_id string, category string",
    ).createOrReplaceTempView("item")
    spark.sql(LINES.format(included=TAXED.format("INCLUDED"), added=TAXED.format("ADDED")))
    spark.catalog.cacheTable("line")
    spark.sql(CHOICES)
    rows = (
        Path(settings.__file__).with_name("sales.sql").read_text(encoding="utf-8").format(**WORDS)
    )
    months = (
        spark.sql(rows)
        .repartition("year", "month")
        .sortWithinPartitions("year", "month", "sold_at", "receipt_number", "line", "component")
    )
    months.write.partitionBy("year", "month").mode("overwrite").parquet(out)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
