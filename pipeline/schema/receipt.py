"""The canonical receipt: the fields that are read, and what is checked of each.

Its names are those of the Loyverse API, resource receipts; the reader of another point of sale
translates to them. Fields that Loyverse lacks, null where a point of sale does not know them:

    surcharge_tax    added tax on the surcharge, not among the taxes of lines
    gift_cards       gift cards sold, a liability and no sale: in total_money, in no line
    currency         ISO 4217 code; the store's currency by the settings, or the record is rejected
    replaces         "counted" on a cancelled receipt that counts only if an earlier revision of it
                     was counted; without one it is no receipt
    payments.fee     what the payment's processor keeps

`kind` is what the value must be; `null` says whether it may be null or missing. Fields that are not
listed are not read. So free text that may name people (note, line_note) and card data
(payment_details) are in raw only.

    kind        accepted                                        otherwise
    text        a string of valid Unicode                       wrong_type, bad_text
    id          the same, and not empty                         empty
    money       a number, or a string that is one (never true   wrong_type, not_a_number,
                or false), exact in the lake's decimals and     excess_precision, out_of_range
                the store's currency, below 10^14 minor units
    quantity    the same with four decimals, below 10^7
    cost, rate  the same with six (four) decimals, below
                10^12 (10^5)
    instant     ISO 8601, without an offset UTC, 2000 to 2099   unreadable_date, implausible_date
    rows        a list of objects, no null among them           wrong_type, null_value
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pyarrow as pa

RETURN_SUFFIX = "/R"
"""Suffix of the receipt number of the return in an exchange."""

DIGITS = {"money": 14, "quantity": 11, "cost": 18, "rate": 9}


def scale(kind: str, decimals: int) -> int:
    """Decimals of a number of that kind; `decimals` are those of the lake's money."""
    return {"money": decimals, "quantity": 4, "cost": 6, "rate": 4}[kind]


@dataclass(frozen=True)
class Field:
    """One field: its kind, allowed values (empty: any), and the fields of its rows."""

    name: str
    kind: str = "text"
    null: bool = False
    values: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()

    def arrow(self, decimals: int) -> pa.Field:
        """Its Arrow type.

        Arrow's JSON reader accepts numbers of `digits` digits, then multiplies them by
        10**decimals, and does not notice if the result exceeds 64 bits. So the type is wider if
        digits and decimals together do not fit.
        """
        if self.kind in ("text", "id"):
            kind = pa.string()
        elif self.kind == "instant":
            kind = pa.timestamp("us", tz="UTC")
        elif self.kind == "rows":
            kind = pa.list_(pa.struct([field.arrow(decimals) for field in self.fields]))
        else:
            digits, decimals = DIGITS[self.kind], scale(self.kind, decimals)
            kind = (pa.decimal64 if digits + decimals <= 18 else pa.decimal128)(digits, decimals)
        return pa.field(self.name, kind)


_TAX = Field("type", values=("INCLUDED", "ADDED"))
LINE = (
    Field("item_id", null=True),
    Field("variant_id", null=True),
    Field("item_name"),
    Field("variant_name", null=True),
    Field("quantity", "quantity"),
    Field("price", "money"),
    Field("gross_total_money", "money"),
    Field("total_discount", "money"),
    Field("cost", "cost", null=True),
    Field("cost_total", "money", null=True),
    Field("line_taxes", "rows", fields=(_TAX, Field("money_amount", "money"))),
    Field(
        "line_modifiers",
        "rows",
        fields=(Field("name"), Field("option"), Field("money_amount", "money")),
    ),
)
RECEIPT = (
    Field("receipt_number", "id"),
    Field("receipt_type", values=("SALE", "REFUND")),
    Field("refund_for", null=True),
    Field("order", null=True),
    Field("created_at", "instant"),
    Field("updated_at", "instant"),
    Field("receipt_date", "instant"),
    Field("cancelled_at", "instant", null=True),
    Field("replaces", null=True),
    Field("source", null=True),
    Field("total_money", "money"),
    Field("total_tax", "money"),
    Field("total_discount", "money"),
    Field("tip", "money"),
    Field("surcharge", "money"),
    Field("surcharge_tax", "money", null=True),
    Field("gift_cards", "money", null=True),
    Field("currency", null=True),
    Field("customer_id", null=True),
    Field("employee_id", null=True),
    Field("store_id", "id"),
    Field("pos_device_id", null=True),
    Field("dining_option", null=True),
    Field(
        "total_discounts",
        "rows",
        fields=(Field("name"), Field("type"), Field("money_amount", "money")),
    ),
    Field(
        "total_taxes",
        "rows",
        fields=(_TAX, Field("name"), Field("rate", "rate"), Field("money_amount", "money")),
    ),
    Field("line_items", "rows", fields=LINE),
    Field(
        "payments",
        "rows",
        fields=(
            Field("payment_type_id", null=True),
            Field("name"),
            Field("type"),
            Field("money_amount", "money"),
            Field("fee", "money", null=True),
            Field("paid_at", "instant", null=True),
        ),
    ),
)


@cache
def receipt_schema(decimals: int) -> pa.Schema:
    """The Arrow schema that receipts are parsed to; money in the lake's decimals."""
    return pa.schema([field.arrow(decimals) for field in RECEIPT])
