"""Every dataset of the lake: its grain, key and columns, each said once.

A column has a kind (which decides its Arrow type), a unit and one sentence. Money is DECIMAL with `places`
decimals, the places of the lake's currencies (2 for MXN, 0 for JPY, 3 for KWD), so no float ever holds it.
`arrow()` gives the schema that each read and write is held to, with the sentences in the field metadata.
A dataset's `version` is part of its editions: raise it when the code that makes the dataset changes what it makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from pipeline.errors import SchemaMismatch

QUANTITY_PLACES = 4
COST_PLACES = 6


def money(places: int) -> pa.DataType:
    """The Arrow type of an amount in a currency with `places` decimals."""
    return pa.decimal128(18, places)


def _types(places: int) -> dict[str, pa.DataType]:
    amount, text = money(places), pa.string()
    return {
        "day": pa.date32(),
        "instant": pa.timestamp("us", tz="UTC"),
        "local": pa.timestamp("us"),
        "text": text,
        "label": pa.dictionary(pa.int32(), text),
        "flag": pa.bool_(),
        "count": pa.int64(),
        "ordinal": pa.int32(),
        "money": amount,
        "quantity": pa.decimal128(18, QUANTITY_PLACES),
        "unit cost": pa.decimal128(24, COST_PLACES),
        "choices": pa.list_(pa.struct([("name", text), ("option", text), ("quantity", pa.decimal128(18, QUANTITY_PLACES)),
                                       ("amount", amount)])),
        "discounts": pa.list_(pa.struct([("name", text), ("type", text), ("amount", amount)])),
        "taxes": pa.list_(pa.struct([("name", text), ("type", text), ("rate", pa.decimal128(9, 4)), ("amount", amount)])),
    }


@dataclass(frozen=True)
class Column:
    """One column: its name, kind, meaning, unit ("" where it has none) and whether it may be null."""

    name: str
    kind: str
    meaning: str
    unit: str = ""
    null: bool = False


@dataclass(frozen=True)
class Dataset:
    """A table of the lake; `name` is its folder, `grain` what one row is, `key` the columns that name a row, `order` those it is
    sorted by where that is not the key."""

    name: str
    version: int
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    order: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return [column.name for column in self.columns]


@cache
def arrow(dataset: Dataset, places: int) -> pa.Schema:
    """The Arrow schema of `dataset` in a lake whose money has `places` decimals."""
    types = _types(places)
    return pa.schema(
        [pa.field(c.name, types[c.kind], nullable=c.null,
                  metadata={"comment": c.meaning, **({"unit": c.unit} if c.unit else {})}) for c in dataset.columns],
        metadata={"dataset": dataset.name, "version": str(dataset.version), "grain": dataset.grain,
                  "key": ",".join(dataset.key)},
    )


def conform(table: pa.Table, dataset: Dataset, places: int) -> pa.Table:
    """`table` with exactly the columns, order and types of `dataset`; values are never rounded.

    Raises SchemaMismatch when a column is missing, unknown or cannot be cast without loss, or when a column
    that must not be null holds one.
    """
    wanted = arrow(dataset, places)
    missing = [n for n in wanted.names if n not in table.column_names]
    unknown = [n for n in table.column_names if n not in wanted.names]
    if missing or unknown:
        raise SchemaMismatch(f"{dataset.name}: missing columns {missing}, unknown columns {unknown}")
    arrays = []
    for field in wanted:
        column = table.column(field.name)
        if column.null_count and not field.nullable:
            raise SchemaMismatch(f"{dataset.name}.{field.name}: {column.null_count} nulls where none may be")
        if column.type != field.type:
            try:
                column = column.cast(field.type)
            except pa.ArrowInvalid as error:
                raise SchemaMismatch(f"{dataset.name}.{field.name}: {column.type} is not {field.type}: {error}") from error
        arrays.append(column)
    return pa.Table.from_arrays(arrays, schema=wanted)


def empty(dataset: Dataset, places: int) -> pa.Table:
    """No rows of `dataset`, with all its columns."""
    return arrow(dataset, places).empty_table()


_WHERE = (
    Column("business_day", "day", "Local day of the store, cut over at its day_starts_at: a sale at 00:30 belongs to the evening before."),
    Column("store_id", "label", "Store, as the till names it."),
)
_RECEIPT = (
    *_WHERE,
    Column("receipt_number", "text", "The till's number of the receipt, unique in the account."),
    Column("receipt_type", "label", "SALE or REFUND; every amount of a REFUND is negative."),
    Column("is_cancelled", "flag", "Voided in the back office: kept, and every amount is 0."),
)

RECEIPTS = Dataset("receipts", 1, "one receipt", ("receipt_number",), (
    *_RECEIPT,
    Column("refund_for", "text", "Number of the sale that a refund returns.", null=True),
    Column("sold_at", "instant", "When it was rung up (the till's receipt_date).", "UTC"),
    Column("sold_at_local", "local", "The same instant on the store's clock.", "store's local time"),
    Column("created_at", "instant", "When the server received it.", "UTC"),
    Column("updated_at", "instant", "When the server last changed it.", "UTC"),
    Column("cancelled_at", "instant", "When it was voided.", "UTC", null=True),
    Column("channel", "label", "Order type by the rules of menu.toml: dine_in, takeaway, delivery, ... or unmapped."),
    Column("dining_option", "label", "Order type as the till wrote it.", null=True),
    Column("source", "label", "Till application or API client that made it.", null=True),
    Column("pos_device_id", "label", "Device.", null=True),
    Column("employee_id", "label", "Who rang it up.", null=True),
    Column("customer_id", "text", "Customer's opaque identifier, keyed by HMAC where a key is set.", null=True),
    Column("currency", "label", "ISO 4217 code of the store's currency."),
    Column("lines", "ordinal", "Lines on the receipt as sold, combos as one."),
    Column("units", "quantity", "Units sold as on the receipt, combos as one, a weighed line as 1; signed."),
    Column("gross", "money", "Lines before discounts and added tax, modifiers and included tax within.", "currency"),
    Column("discount", "money", "Discounts of lines and receipt, each counted once; points redeemed are among them.", "currency"),
    Column("net", "money", "gross - discount.", "currency"),
    Column("tax_included", "money", "Tax inside the prices (inside gross and net).", "currency"),
    Column("tax_added", "money", "Tax on top of the prices.", "currency"),
    Column("tip", "money", "Tip.", "currency"),
    Column("surcharge", "money", "Surcharge.", "currency"),
    Column("rounding", "money", "Total less all of the above: cash rounding; 0 otherwise.", "currency"),
    Column("total", "money", "What the till charged: net + tax_added + tip + surcharge + rounding.", "currency"),
    Column("paid", "money", "Sum of the payments; equals total on an honest receipt.", "currency"),
    Column("points_discount", "money", "Part of discount that was paid with loyalty points.", "currency"),
    Column("cancelled_total", "money", "What the total was before a cancellation; 0 where not cancelled.", "currency"),
    Column("discounts", "discounts", "Discounts by name; sum = discount."),
    Column("taxes", "taxes", "Taxes by name; type INCLUDED or ADDED, rate in percent."),
    Column("batch", "label", "Raw batch (window or sweep) that held this version."),
), ("business_day", "sold_at", "receipt_number"))

SALES = Dataset("sales", 1, "one dish sold: a plain line, or one component of a combo",
                ("receipt_number", "line", "component"), (
    *_RECEIPT,
    Column("sold_at", "instant", "When it was rung up.", "UTC"),
    Column("sold_at_local", "local", "The same instant on the store's clock.", "store's local time"),
    Column("channel", "label", "Order type by the rules of menu.toml."),
    Column("currency", "label", "ISO 4217 code."),
    Column("line", "ordinal", "Line of the receipt, from 1."),
    Column("component", "ordinal", "0 for a plain line, else the component of the combo, from 1."),
    Column("item_id", "label", "The till's item; null for a component that the catalog does not know.", null=True),
    Column("variant_id", "label", "The till's variant.", null=True),
    Column("item", "label", "Name, spellings united by the aliases of menu.toml."),
    Column("variant", "label", "Name of the variant.", null=True),
    Column("category", "label", "Category of the catalog or of menu.toml; null where none is known.", null=True),
    Column("item_as_sold", "label", "Name as the till wrote it (a component: the modifier's option)."),
    Column("combo", "label", "United name of the combo that the component belongs to; null for a plain line.", null=True),
    Column("combo_quantity", "quantity", "Combos on the line, signed, on each of its rows; null for a plain line.", "each", null=True),
    Column("combo_price", "money", "Price of one combo without modifiers; null for a plain line.", "currency", null=True),
    Column("slot", "label", "Modifier that chose the component; null for a plain line or a fixed part.", null=True),
    Column("upgrade", "money", "What the slot's option charged, already inside gross, signed; 0 where nothing.", "currency"),
    Column("is_known", "flag", "False for a component that no rule and no catalog item names."),
    Column("is_weighed", "flag", "Sold by weight: quantity is a weight, units count 1."),
    Column("quantity", "quantity", "As sold, signed; a component's own quantity times the combo's.", "each or weight"),
    Column("units", "quantity", "quantity, but 1 (-1) for a weighed line.", "each"),
    Column("unit_price", "money", "Price on the receipt without modifiers; null for a component.", "currency", null=True),
    Column("unit_cost", "unit cost", "Cost on the receipt; null where unknown (the till's 0 means not entered).", "currency", null=True),
    Column("gross", "money", "Before discount and added tax; a component's share of its combo.", "currency"),
    Column("discount", "money", "Line's or component's share of all discounts.", "currency"),
    Column("net", "money", "gross - discount.", "currency"),
    Column("tax_included", "money", "Included tax within net.", "currency"),
    Column("tax_added", "money", "Added tax.", "currency"),
    Column("cost", "money", "Cost of the row; null where unknown, never taken for 0.", "currency", null=True),
    Column("modifiers", "choices", "Modifiers of this dish: name, option as united, quantity, amount (already inside gross of the line)."),
), ("business_day", "sold_at", "receipt_number", "line", "component"))

PAYMENTS = Dataset("payments", 1, "one payment of a receipt", ("receipt_number", "payment"), (
    *_RECEIPT,
    Column("currency", "label", "ISO 4217 code."),
    Column("payment", "ordinal", "Payment of the receipt, from 1."),
    Column("payment_type_id", "label", "The till's payment type.", null=True),
    Column("tender", "label", "Payment type as the merchant named it."),
    Column("tender_type", "label", "CASH, NONINTEGRATEDCARD, ...: an open list."),
    Column("amount", "money", "Signed; tips and surcharge within.", "currency"),
    Column("paid_at", "instant", "When it was paid.", "UTC", null=True),
), ("business_day", "receipt_number", "payment"))

QUARANTINE = Dataset("quarantine", 1, "one fetched record that could not be read", ("batch", "record"), (
    Column("business_day", "day", "Partition that counts it: its business day, or its batch's day where the date cannot be read."),
    Column("store_id", "label", "Store, where readable.", null=True),
    Column("receipt_number", "text", "Number, where readable.", null=True),
    Column("receipt_type", "label", "SALE or REFUND, where readable.", null=True),
    Column("reason", "label", "Why: implausible_date, excess_precision, missing_field, wrong_type, not_json, ..."),
    Column("pointer", "text", "JSON pointer of the fault."),
    Column("detail", "text", "What stood there, cut to 200 characters."),
    Column("total", "money", "total_money, signed, where readable.", "currency", null=True),
    Column("batch", "label", "Raw batch that held it."),
    Column("record", "text", "Object and position in it."),
    Column("verbatim", "text", "The record as it was fetched."),
), ("business_day", "batch", "record"))

_BY_STORE = (Column("store_id", "label", "Store."), Column("currency", "label", "ISO 4217 code; currencies are never added up."))
_AMOUNTS = (
    Column("receipts", "count", "SALE receipts not cancelled."),
    Column("refund_receipts", "count", "REFUND receipts not cancelled."),
    Column("units", "quantity", "Units of SALE lines, combos as one, weighed lines as 1."),
    Column("gross_sales", "money", "Gross of SALE receipts.", "currency"),
    Column("sale_discounts", "money", "Discounts on SALE receipts.", "currency"),
    Column("refund_discounts", "money", "Discounts on REFUND receipts, positive.", "currency"),
    Column("refunds", "money", "Gross of REFUND receipts, positive.", "currency"),
    Column("net_sales", "money", "gross_sales - (sale_discounts - refund_discounts) - refunds.", "currency"),
    Column("tax_included", "money", "Included tax, refunds deducted.", "currency"),
    Column("tax_added", "money", "Added tax, refunds deducted.", "currency"),
)

DAYS = Dataset("days", 1, "business day, store and channel", ("business_day", "store_id", "channel"), (
    Column("business_day", "day", "Business day."), *_BY_STORE,
    Column("channel", "label", "Order type."),
    *_AMOUNTS,
    Column("tips", "money", "Tips, refunds deducted.", "currency"),
    Column("surcharges", "money", "Surcharges, refunds deducted.", "currency"),
    Column("rounding", "money", "Cash rounding.", "currency"),
    Column("collected", "money", "Totals of the receipts, refunds deducted.", "currency"),
    Column("paid", "money", "Payments, refunds deducted; equals collected.", "currency"),
    Column("points_discounts", "money", "Discounts paid with points, refunds deducted.", "currency"),
    Column("cost", "money", "Known cost of goods, refunds deducted.", "currency"),
    Column("costed_net", "money", "Net sales of the rows whose cost is known.", "currency"),
    Column("costed_tax_included", "money", "Included tax of the rows whose cost is known.", "currency"),
    Column("identified_receipts", "count", "SALE receipts with a customer."),
    Column("cancelled_receipts", "count", "Cancelled receipts, sales and refunds."),
    Column("cancelled_total", "money", "What cancelled sales had charged, less cancelled refunds.", "currency"),
    Column("combo_receipts", "count", "SALE receipts that hold a combo."),
    Column("first_sold_at", "local", "First receipt of the day; null where all were cancelled.", "store's local time", null=True),
    Column("last_sold_at", "local", "Last receipt of the day; null where all were cancelled.", "store's local time", null=True),
))
HOURS = Dataset("hours", 1, "business day, store and local clock hour", ("business_day", "store_id", "hour"), (
    Column("business_day", "day", "Business day."), *_BY_STORE,
    Column("hour", "ordinal", "Hour of the store's clock, 0 to 23."),
    Column("receipts", "count", "SALE receipts not cancelled."),
    Column("net_sales", "money", "Net sales, refunds in the hour they were made.", "currency"),
))
ITEMS = Dataset("items", 1, "store, category, item, as sold alone or within a combo", ("store_id", "category", "item", "in_combo"), (
    *_BY_STORE,
    Column("category", "label", "Category; null where none is known.", null=True),
    Column("item", "label", "United name of the dish."),
    Column("in_combo", "flag", "Sold as a component of a combo; its money is the share credited to it."),
    Column("receipts", "count", "SALE receipts that hold it."),
    Column("units", "quantity", "Units of SALE rows."),
    Column("refunded_units", "quantity", "Units of REFUND rows, positive."),
    Column("gross_sales", "money", "Gross of SALE rows.", "currency"),
    Column("discounts", "money", "Discounts on SALE rows less those on REFUND rows.", "currency"),
    Column("refunds", "money", "Gross of REFUND rows, positive.", "currency"),
    Column("net_sales", "money", "gross_sales - discounts - refunds.", "currency"),
    Column("tax_included", "money", "Included tax, refunds deducted.", "currency"),
    Column("cost", "money", "Known cost, refunds deducted.", "currency"),
    Column("costed_units", "quantity", "units - refunded_units of the rows whose cost is known."),
    Column("costed_net", "money", "Net sales of the rows whose cost is known.", "currency"),
    Column("costed_tax_included", "money", "Included tax of the rows whose cost is known.", "currency"),
    Column("first_day", "day", "First business day with a SALE of it.", null=True),
    Column("last_day", "day", "Last business day with a SALE of it.", null=True),
))
CATEGORIES = Dataset("categories", 1, "store and category", ("store_id", "category"), (
    *_BY_STORE,
    Column("category", "label", "Category of the dish, alone or in a combo; null where none is known.", null=True),
    Column("receipts", "count", "SALE receipts that hold a dish of it (units and money: add up items)."),
))
PRICES = Dataset("prices", 1, "store, item, variant and price on SALE lines, combos as one", ("store_id", "item", "variant", "unit_price"), (
    *_BY_STORE,
    Column("item", "label", "United name."), Column("variant", "label", "Variant.", null=True),
    Column("unit_price", "money", "Price on the receipt without modifiers.", "currency"),
    Column("first_day", "day", "First business day at this price."), Column("last_day", "day", "Last business day at this price."),
    Column("units", "quantity", "Units sold at it."),
))
COMBOS = Dataset("combos", 1, "store and combo as sold", ("store_id", "combo"), (
    *_BY_STORE,
    Column("combo", "label", "United name of the combo."),
    Column("receipts", "count", "SALE receipts that hold it."),
    Column("units", "quantity", "Combos sold."), Column("refunded_units", "quantity", "Combos refunded, positive."),
    Column("gross_sales", "money", "Gross of SALE rows.", "currency"), Column("discounts", "money", "Discounts, refunds deducted.", "currency"),
    Column("refunds", "money", "Gross of REFUND rows, positive.", "currency"), Column("net_sales", "money", "Net sales.", "currency"),
    Column("tax_included", "money", "Included tax, refunds deducted.", "currency"),
    Column("cost", "money", "Known cost, refunds deducted.", "currency"),
    Column("costed_units", "quantity", "units - refunded_units of the combos whose every row has a cost."),
    Column("costed_net", "money", "Net sales of the rows whose cost is known.", "currency"),
    Column("costed_tax_included", "money", "Included tax of the rows whose cost is known.", "currency"),
))
COMBO_PARTS = Dataset("combo_parts", 1, "store, combo, slot and component", ("store_id", "combo", "slot", "item"), (
    *_BY_STORE,
    Column("combo", "label", "United name of the combo."), Column("slot", "label", "Modifier that chose it; null for a fixed part.", null=True),
    Column("item", "label", "United name of the component."), Column("is_known", "flag", "False where no rule names it."),
    Column("units", "quantity", "Units of SALE rows."), Column("net_sales", "money", "Net sales credited, refunds deducted.", "currency"),
    Column("upgrades", "money", "What choosing it charged on SALE rows.", "currency"),
))
CHOICES = Dataset("choices", 1, "store, dish, modifier and option", ("store_id", "item", "name", "option"), (
    *_BY_STORE,
    Column("item", "label", "United name of the dish."), Column("name", "label", "Modifier."), Column("option", "label", "Option, spellings united."),
    Column("units", "quantity", "Times chosen on SALE rows."), Column("amount", "money", "What was charged for it on SALE rows.", "currency"),
))
TENDERS = Dataset("tenders", 1, "store and payment type", ("store_id", "tender", "tender_type"), (
    *_BY_STORE,
    Column("tender", "label", "Payment type as the merchant named it."), Column("tender_type", "label", "Kind of payment type."),
    Column("payments", "count", "Payments on SALE receipts."), Column("refund_payments", "count", "Payments on REFUND receipts."),
    Column("sales_amount", "money", "Paid on SALE receipts.", "currency"), Column("refunds_amount", "money", "Paid back, positive.", "currency"),
))
DISCOUNTS = Dataset("discounts", 1, "store, discount name and type", ("store_id", "name", "type"), (
    *_BY_STORE,
    Column("name", "label", "Discount."), Column("type", "label", "FIXED_PERCENT, ..., DISCOUNT_BY_POINTS."),
    Column("receipts", "count", "SALE receipts that had it."), Column("amount", "money", "Given on sales less returned with refunds.", "currency"),
))
STAFF = Dataset("staff", 1, "store and employee", ("store_id", "employee_id"), (
    *_BY_STORE,
    Column("employee_id", "label", "Employee; null where the till names none.", null=True),
    Column("receipts", "count", "SALE receipts not cancelled."), Column("net_sales", "money", "Net sales, refunds deducted.", "currency"),
    Column("discounts", "money", "Discounts, refunds deducted.", "currency"),
    Column("refund_receipts", "count", "REFUND receipts."), Column("refunds", "money", "Gross of REFUND receipts, positive.", "currency"),
    Column("cancelled_receipts", "count", "Cancelled receipts."), Column("cancelled_total", "money", "What cancelled receipts had charged.", "currency"),
))
REFUNDED_ITEMS = Dataset("refunded_items", 1, "store, item and employee of REFUND rows", ("store_id", "item", "employee_id"), (
    *_BY_STORE,
    Column("item", "label", "United name of the dish, combos as one."), Column("employee_id", "label", "Who refunded.", null=True),
    Column("receipts", "count", "REFUND receipts."), Column("units", "quantity", "Units returned, positive."),
    Column("refunds", "money", "Gross returned, positive.", "currency"),
))
BASKETS = Dataset("baskets", 1, "store, item and partner item of SALE receipts, combos as one", ("store_id", "item", "partner"), (
    *_BY_STORE,
    Column("item", "label", "United name; the first of the pair in the alphabet."),
    Column("partner", "label", "The other; equal to item for the item's own receipts."),
    Column("receipts", "count", "SALE receipts that hold both."),
))
CUSTOMERS = Dataset("customers", 1, "customer and store", ("customer_id", "store_id"), (
    *_BY_STORE,
    Column("customer_id", "text", "Opaque identifier."),
    Column("first_day", "day", "First business day with a SALE in the month; null where there were only refunds.", null=True),
    Column("last_day", "day", "Last such day.", null=True),
    Column("receipts", "count", "SALE receipts."), Column("net_sales", "money", "Net sales, refunds deducted.", "currency"),
))
QUALITY = Dataset("quality", 1, "store, check and subject", ("store_id", "check", "subject"), (
    Column("store_id", "label", "Store; null where unreadable.", null=True),
    Column("currency", "label", "ISO 4217 code; null where unreadable.", null=True),
    Column("check", "label", "fetched, curated, quarantined, superseded, missing_cost, missing_category, unmapped_channel, unknown_component, "
           "clock_skew, late, payments_differ, rounding, orphan_refund, cancelled."),
    Column("subject", "label", "What it concerns (reason, dining option, component, ...); empty where the check has none."),
    Column("count", "count", "Receipts, lines or records, as the check says."),
    Column("amount", "money", "Money concerned, where there is any.", "currency", null=True),
    Column("seconds", "count", "Longest delay, for clock_skew and late.", "seconds", null=True),
))
STORES = Dataset("stores", 1, "store", ("store_id",), (
    *_BY_STORE,
    Column("name", "label", "Name in the catalog; the identifier where it has none."),
    Column("timezone", "label", "IANA time zone."), Column("day_starts_at", "label", "Cut-over of the business day, HH:MM local."),
))
EMPLOYEES = Dataset("employees", 1, "employee", ("employee_id",), (
    Column("employee_id", "label", "Employee."), Column("alias", "label", "First name and initial; no contacts ever reach the lake."),
))

LAKE = (RECEIPTS, SALES, PAYMENTS, QUARANTINE)
SUMMARY = (DAYS, HOURS, ITEMS, CATEGORIES, PRICES, COMBOS, COMBO_PARTS, CHOICES, TENDERS, DISCOUNTS, STAFF, REFUNDED_ITEMS, BASKETS,
           CUSTOMERS, QUALITY, STORES, EMPLOYEES)
