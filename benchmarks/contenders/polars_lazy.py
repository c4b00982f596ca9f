"""The same work in lazy Polars, written through its sink.

    python -m benchmarks.contenders.polars_lazy FILE OUT

Polars reads no decimals from JSON, so amounts pass through floats; rint(x * 100) is exact for two
decimals below 2^51.
"""

from __future__ import annotations

import sys

import polars as pl

from tests.reference import settings

TAX = pl.List(pl.Struct({"type": pl.String, "money_amount": pl.Float64}))
LINE = pl.Struct(
    {
        "item_id": pl.String,
        "variant_id": pl.String,
        "item_name": pl.String,
        "variant_name": pl.String,
        "quantity": pl.Float64,
        "price": pl.Float64,
        "gross_total_money": pl.Float64,
        "total_discount": pl.Float64,
        "cost": pl.Float64,
        "cost_total": pl.Float64,
        "line_taxes": TAX,
        "line_modifiers": pl.List(
            pl.Struct({"name": pl.String, "option": pl.String, "money_amount": pl.Float64})
        ),
    }
)
RECEIPT = {
    "receipt_number": pl.String,
    "receipt_type": pl.String,
    "receipt_date": pl.String,
    "cancelled_at": pl.String,
    "store_id": pl.String,
    "dining_option": pl.String,
    "line_items": pl.List(LINE),
}
KEY = ["receipt_number", "line"]
CHANNELS = {"Dine in": "dine_in", "To go": "takeaway", "Delivery": "delivery"}
MONEY = ("gross", "discount", "net", "tax_included", "tax_added")


def cents(name: str) -> pl.Expr:
    """A column of amounts in cents."""
    return (pl.col(name) * 100).round().cast(pl.Int64)


def amount(expression: pl.Expr) -> pl.Expr:
    """Cents as a decimal amount."""
    return (expression.cast(pl.Decimal(18, 0)) * pl.lit("0.01").cast(pl.Decimal(3, 2))).cast(
        pl.Decimal(18, 2)
    )


def taxed(kind: str) -> pl.Expr:
    """The taxes of a line of a kind, in cents."""
    rows = pl.col("line_taxes").list.eval(
        pl.when(pl.element().struct.field("type") == kind)
        .then(pl.element().struct.field("money_amount"))
        .otherwise(0.0)
    )
    return (rows.list.sum() * 100).round().cast(pl.Int64)


def shared(rows: pl.LazyFrame, total: pl.Expr, weight: pl.Expr, name: str) -> pl.LazyFrame:
    """Divide a line's `total` among its components, largest remainders first."""
    weight = pl.when(weight.sum().over(KEY) == 0).then(1).otherwise(weight)
    rows = rows.with_columns(weight.alias("w"), total.alias("t")).with_columns(
        pl.col("w").sum().over(KEY).alias("W")
    )
    rows = rows.with_columns(
        (pl.col("t") * pl.col("w") // pl.col("W")).alias("q"),
        (pl.col("t") * pl.col("w") % pl.col("W")).alias("r"),
    )
    rank = (pl.col("r") * 64 - pl.col("component")).rank("ordinal", descending=True).over(KEY)
    extra = (rank <= pl.col("t") - pl.col("q").sum().over(KEY)).cast(pl.Int64)
    return rows.with_columns((pl.col("q") + extra).alias(name))


def lines_of(path: str) -> pl.LazyFrame:
    """The lines of all receipts, with the columns of `sales` that need no combo."""
    sold = (
        pl.col("receipt_date")
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us")
        .dt.replace_time_zone("UTC")
    )
    frame = pl.scan_ndjson(path, schema=RECEIPT).with_columns(
        sold.alias("sold_at"),
        pl.col("cancelled_at").is_not_null().alias("is_cancelled"),
        pl.int_ranges(1, pl.col("line_items").list.len() + 1, dtype=pl.Int32).alias("line"),
        pl.when(pl.col("cancelled_at").is_not_null())
        .then(0)
        .when(pl.col("receipt_type") == "REFUND")
        .then(-1)
        .otherwise(1)
        .alias("factor"),
        pl.col("dining_option").replace_strict(CHANNELS, default="unmapped").alias("channel"),
    )
    frame = (
        frame.explode("line_items", "line")
        .unnest("line_items")
        .drop("receipt_date", "cancelled_at", "dining_option")
    )
    return frame.with_columns(
        pl.col("sold_at")
        .dt.convert_time_zone("America/Mexico_City")
        .dt.replace_time_zone(None)
        .alias("sold_at_local"),
        (pl.col("quantity").cast(pl.Decimal(18, 4)) * pl.col("factor"))
        .cast(pl.Decimal(18, 4))
        .alias("quantity"),
        cents("price"),
        cents("gross_total_money").alias("gross"),
        cents("total_discount").alias("discount"),
        cents("cost_total"),
        taxed("INCLUDED").alias("tax_included"),
        taxed("ADDED").alias("tax_added"),
        ((pl.col("cost") != 0) | (pl.col("cost_total") != 0)).alias("costed"),
        pl.when(pl.col("cost") != 0)
        .then(
            (pl.col("cost") * 1_000_000).round().cast(pl.Decimal(24, 0))
            * pl.lit("0.000001").cast(pl.Decimal(7, 6))
        )
        .cast(pl.Decimal(24, 6))
        .alias("unit_cost"),
    ).with_columns(
        (pl.col("sold_at_local") - pl.duration(hours=5)).dt.date().alias("business_day"),
        (pl.col("gross") - pl.col("discount")).alias("net"),
    )


def listed(choices: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    """The modifiers of each key as a list of structs."""
    row = pl.struct(
        "name",
        "option",
        pl.col("quantity"),
        amount(pl.col("charge") * pl.col("factor")).alias("amount"),
    )
    return (
        choices.sort(*key, "ordinal").group_by(key, maintain_order=True).agg(row.alias("modifiers"))
    )


def choices_of(lines: pl.LazyFrame) -> pl.LazyFrame:
    """A row for each modifier of the lines."""
    picked = lines.select(
        *KEY,
        "quantity",
        "factor",
        "line_modifiers",
        pl.int_ranges(pl.col("line_modifiers").list.len()).alias("ordinal"),
    )
    picked = (
        picked.filter(pl.col("line_modifiers").list.len() > 0)
        .explode("line_modifiers", "ordinal")
        .unnest("line_modifiers")
    )
    return picked.with_columns(cents("money_amount").alias("charge")).drop("money_amount")


def components_of(lines: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Components of combos with their money, and the other modifiers by component."""
    names = ["option", "dish", "dish_id", "dish_variant", "dish_category", "list_price", "known"]
    dishes = pl.LazyFrame(settings.dishes(), schema=names, orient="row", infer_schema_length=None)
    picked = choices_of(lines)
    burger = pl.col("name").str.starts_with("Burger")
    is_part = burger | pl.col("name").is_in(["Side", "Drink"])
    parts = (
        picked.filter(is_part)
        .join(dishes, on="option", how="left")
        .sort(*KEY, "ordinal")
        .with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(KEY).alias("component"),
            pl.when(burger).then(burger.cast(pl.Int32).cum_sum().over(KEY)).alias("nth"),
        )
    )
    burgers = parts.group_by(KEY).agg(pl.col("nth").max().alias("burgers"))
    other = (
        picked.filter(~is_part)
        .sort(*KEY, "ordinal")
        .with_columns(
            pl.when(pl.col("name") == "Sauce")
            .then((pl.col("name") == "Sauce").cast(pl.Int32).cum_sum().over(KEY))
            .alias("nth")
        )
    )
    other = other.join(burgers, on=KEY, how="left").with_columns(
        pl.min_horizontal(pl.col("nth"), "burgers").alias("burger")
    )
    placed = parts.filter(pl.col("nth").is_not_null()).select(*KEY, "nth", pl.col("component"))
    other = (
        other.with_columns(
            pl.when(pl.col("nth").is_not_null()).then(pl.col("burger")).alias("burger")
        )
        .join(placed, left_on=[*KEY, "burger"], right_on=[*KEY, "nth"], how="left")
        .with_columns(pl.col("component").fill_null(1))
    )
    extra = other.group_by(*KEY, "component").agg(pl.col("charge").sum().alias("extra"))
    rows = parts.join(extra, on=[*KEY, "component"], how="left").with_columns(
        (pl.col("charge") + pl.col("extra").fill_null(0)).alias("own")
    )
    rows = rows.drop("quantity", "factor").join(lines.drop("line_modifiers", "line_taxes"), on=KEY)
    prices = pl.col("list_price").count().over(KEY)
    price_sum = pl.col("list_price").sum().over(KEY)
    rows = shared(
        rows,
        pl.col("gross") - pl.col("own").sum().over(KEY),
        (pl.col("list_price") * prices).fill_null(price_sum),
        "gross_part",
    )
    rows = rows.with_columns((pl.col("gross_part") + pl.col("own")).alias("gross_part"))
    rows = shared(rows, pl.col("discount"), pl.col("gross_part"), "discount_part")
    rows = shared(rows, pl.col("cost_total"), pl.col("gross_part"), "cost_part").with_columns(
        (pl.col("gross_part") - pl.col("discount_part")).alias("net_part")
    )
    for name in ("tax_included", "tax_added"):
        rows = shared(rows, pl.col(name), pl.col("net_part"), f"{name}_part")
    return (
        rows.with_columns(
            pl.col("cost_part").alias("cost_total"),
            *(pl.col(f"{name}_part").alias(name) for name in MONEY),
        ),
        other,
    )


def main(path: str, out: str) -> None:
    lines = lines_of(path)
    combo = pl.col("item_name").str.starts_with("Combo ")
    plain, combos = lines.filter(~combo), lines.filter(combo)
    items = pl.LazyFrame(
        [(settings.IDS[name][0], settings.CATEGORY[name]) for name in settings.PRICES],
        schema=["item_id", "category"],
        orient="row",
    )
    nothing = pl.lit(None)
    of_plain = (
        plain.join(items, on="item_id", how="left")
        .join(listed(choices_of(plain), KEY), on=KEY, how="left")
        .with_columns(
            pl.lit(0, pl.Int32).alias("component"),
            pl.col("item_name").alias("item"),
            pl.col("item_name").alias("item_as_sold"),
            nothing.cast(pl.String).alias("combo"),
            nothing.cast(pl.String).alias("slot"),
            pl.lit(0, pl.Int64).alias("upgrade"),
            pl.lit(True).alias("is_known"),
            pl.lit(False).alias("is_part"),
        )
    )
    rows, other = components_of(combos)
    of_parts = rows.join(
        listed(other, [*KEY, "component"]), on=[*KEY, "component"], how="left"
    ).with_columns(
        pl.col("dish").fill_null(pl.col("option")).alias("item"),
        pl.col("option").alias("item_as_sold"),
        pl.col("item_name").alias("combo"),
        pl.col("name").alias("slot"),
        pl.col("charge").alias("upgrade"),
        pl.col("known").fill_null(False).alias("is_known"),
        pl.col("dish_id").alias("item_id"),
        pl.col("dish_variant").alias("variant_id"),
        pl.col("dish_category").alias("category"),
        nothing.cast(pl.Decimal(24, 6)).alias("unit_cost"),
        pl.lit(True).alias("is_part"),
    )
    names = [
        "component",
        "item",
        "item_as_sold",
        "combo",
        "slot",
        "upgrade",
        "is_known",
        "is_part",
        "category",
        "modifiers",
        "item_id",
        "variant_id",
        "variant_name",
        "unit_cost",
        "price",
        "quantity",
        "factor",
        "costed",
        "cost_total",
        *MONEY,
        "business_day",
        "store_id",
        *KEY,
        "receipt_type",
        "is_cancelled",
        "sold_at",
        "sold_at_local",
        "channel",
    ]
    sold = pl.concat([of_plain.select(names), of_parts.select(names)])
    price = amount(pl.col("price"))
    sold = sold.select(
        "business_day",
        "store_id",
        "receipt_number",
        "receipt_type",
        "is_cancelled",
        "sold_at",
        "sold_at_local",
        "channel",
        pl.lit("MXN").alias("currency"),
        "line",
        "component",
        "item_id",
        "variant_id",
        "item",
        pl.col("variant_name").alias("variant"),
        "category",
        "item_as_sold",
        "combo",
        pl.when("is_part").then(pl.col("quantity")).alias("combo_quantity"),
        pl.when("is_part").then(price).alias("combo_price"),
        "slot",
        amount(pl.col("upgrade") * pl.col("factor")).alias("upgrade"),
        "is_known",
        pl.lit(False).alias("is_weighed"),
        "quantity",
        pl.col("quantity").alias("units"),
        pl.when(~pl.col("is_part")).then(price).alias("unit_price"),
        "unit_cost",
        *(amount(pl.col(name) * pl.col("factor")).alias(name) for name in MONEY),
        pl.when("costed").then(amount(pl.col("cost_total") * pl.col("factor"))).alias("cost"),
        pl.col("modifiers").fill_null([]),
        pl.col("business_day").dt.year().alias("year"),
        pl.col("business_day").dt.month().alias("month"),
    )
    sold = sold.sort("sold_at", "receipt_number", "line", "component")
    sold.sink_parquet(
        pl.PartitionBy(out, key=["year", "month"], include_key=False),
        compression="zstd",
        compression_level=1,
        mkdir=True,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
