"""The tables of a month: receipts, sales, payments, quarantine."""

from pipeline.schema.kinds import Column, Dataset
from pipeline.schema.quarantine import QUARANTINE


def _receipt(refund: str, cancelled: str) -> tuple[Column, ...]:
    """Columns that name a receipt.

    `refund` says what is negative for a REFUND, `cancelled` what is 0 for a cancelled receipt.
    """
    return (
        Column(
            "business_day",
            "day",
            "Local day of the store, which begins at its day_starts_at: a sale at 00:30 belongs to"
            " the evening before.",
        ),
        Column("store_id", "label", "The POS's identifier of the store."),
        Column("receipt_number", "text", "The POS's number of the receipt, unique in its store."),
        Column("receipt_type", "label", f"SALE or REFUND. Of a REFUND, {refund}."),
        Column("is_cancelled", "flag", f"Cancelled in the back office: {cancelled}."),
    )


RECEIPTS = Dataset(
    "receipts",
    7,
    "one receipt",
    ("store_id", "receipt_number"),
    (
        *_receipt(
            "units and every amount are negative, lines is not",
            "lines, units and every amount except cancelled_total are 0",
        ),
        Column(
            "refund_for",
            "text",
            "Number of the sale that a refund returns; null for a sale, or if none is named.",
            null=True,
        ),
        Column("sold_at", "instant", "When the sale or refund was made (the POS's receipt_date)."),
        Column("sold_at_local", "local", "The same instant on the store's clock."),
        Column("created_at", "instant", "When the server received it."),
        Column("updated_at", "instant", "When the server last changed it."),
        Column("cancelled_at", "instant", "When it was cancelled; null if it was not.", null=True),
        Column(
            "channel",
            "label",
            "Order type, by the rules of menu.toml: dine_in, takeaway, delivery, ... or unmapped.",
        ),
        Column("dining_option", "label", "Order type as the POS wrote it.", null=True),
        Column(
            "source",
            "label",
            "App or API client that made the receipt, as the POS names it; not the point of sale.",
            null=True,
        ),
        Column("pos_device_id", "label", "Device.", null=True),
        Column("employee_id", "label", "Employee who made the sale or refund.", null=True),
        Column(
            "customer_id",
            "text",
            "Customer's opaque identifier, keyed by HMAC where a key is set.",
            null=True,
        ),
        Column("currency", "label", "ISO 4217 code of the store's currency."),
        Column(
            "lines", "ordinal", "Lines on the receipt as sold, a combo as 1; 0 where cancelled."
        ),
        Column(
            "units",
            "quantity",
            "Units on the receipt as sold, a combo as 1, a weighed line as 1; signed, 0 where"
            " cancelled.",
        ),
        Column(
            "gross",
            "money",
            "Lines before discounts and added tax; includes modifiers and included tax.",
        ),
        Column(
            "discount",
            "money",
            "Discounts of lines and receipt, each counted once; points redeemed are among them.",
        ),
        Column("net", "money", "gross - discount."),
        Column("tax_included", "money", "Tax inside the prices (inside gross and net)."),
        Column("tax_added", "money", "Tax on top of the prices."),
        Column("tip", "money", "Tip."),
        Column("surcharge", "money", "Surcharges and service charges, without tax."),
        Column("surcharge_tax", "money", "Tax added on the surcharge; not in tax_added."),
        Column(
            "gift_cards",
            "money",
            "Gift cards sold: a liability, not in gross, net or any row of sales.",
        ),
        Column("rounding", "money", "Total less all of the above: cash rounding; 0 otherwise."),
        Column(
            "total",
            "money",
            "What the POS charged: net + tax_added + tip + surcharge + surcharge_tax + gift_cards"
            " + rounding.",
        ),
        Column(
            "paid", "money", "Sum of the payments; equal to total if the receipt is consistent."
        ),
        Column(
            "points_discount", "money", "Part of the discount that was paid with loyalty points."
        ),
        Column(
            "cancelled_total",
            "money",
            "Total before the cancellation, negative for a REFUND; 0 if not cancelled.",
        ),
        Column("discounts", "discounts", "Discounts by name; sum = discount."),
        Column("taxes", "taxes", "Taxes by name; type INCLUDED or ADDED, rate in percent."),
        Column("raw_partition", "label", "Raw partition (window or rescan) of this revision."),
    ),
    ("business_day", "sold_at", "receipt_number"),
)

SALES = Dataset(
    "sales",
    5,
    "one dish sold: a plain line, or one component of a combo",
    ("store_id", "receipt_number", "line", "component"),
    (
        *_receipt(
            "quantities, units and amounts are negative, but not unit_price, unit_cost and"
            " combo_price",
            "quantities, units and amounts are 0, but not unit_price, unit_cost and combo_price",
        ),
        Column("sold_at", "instant", "When the sale or refund was made."),
        Column("sold_at_local", "local", "The same instant on the store's clock."),
        Column("channel", "label", "Order type, by the rules of menu.toml."),
        Column("currency", "label", "ISO 4217 code."),
        Column("line", "ordinal", "Line of the receipt, from 1."),
        Column(
            "component", "ordinal", "0 for a plain line, else the component of the combo, from 1."
        ),
        Column(
            "item_id",
            "label",
            "The POS's item; null for a component that the catalog does not know.",
            null=True,
        ),
        Column("variant_id", "label", "The POS's variant.", null=True),
        Column("item", "label", "Name of the dish, spellings merged by menu.toml."),
        Column("variant", "label", "Name of the variant.", null=True),
        Column(
            "category",
            "label",
            "Category of the catalog or of menu.toml; null where none is known.",
            null=True,
        ),
        Column(
            "item_as_sold",
            "label",
            "Name as the POS wrote it; of a component, the modifier's option.",
        ),
        Column(
            "combo",
            "label",
            "Name of the component's combo, spellings merged; null for a plain line.",
            null=True,
        ),
        Column(
            "combo_quantity",
            "quantity",
            "Combos on the line, signed, on each of its rows; null for a plain line.",
            "each",
            null=True,
        ),
        Column(
            "combo_price",
            "money",
            "Price of one combo without modifiers; null for a plain line.",
            null=True,
        ),
        Column(
            "slot",
            "label",
            "Modifier that chose the component; null for a plain line or a fixed part.",
            null=True,
        ),
        Column(
            "upgrade",
            "money",
            "Extra charge of the chosen option, signed and included in gross; 0 if none.",
        ),
        Column("is_known", "flag", "False for a component that no rule and no catalog item names."),
        Column("is_weighed", "flag", "Sold by weight: quantity is a weight, units count 1."),
        Column(
            "quantity",
            "quantity",
            "As sold, signed; of a component, its quantity in one combo times the combos.",
            "each or weight",
        ),
        Column("units", "quantity", "Equal to quantity, but 1 (or -1) for a weighed line.", "each"),
        Column(
            "unit_price",
            "money",
            "Price on the receipt without modifiers; null for a component.",
            null=True,
        ),
        Column(
            "unit_cost",
            "unit cost",
            "Cost on the receipt; null for a component, and where unknown (the POS's 0 means not"
            " entered).",
            null=True,
        ),
        Column(
            "gross", "money", "Before discount and added tax; a component's share of its combo."
        ),
        Column("discount", "money", "Line's or component's share of all discounts."),
        Column("net", "money", "gross - discount."),
        Column("tax_included", "money", "Included tax within net."),
        Column("tax_added", "money", "Added tax."),
        Column("cost", "money", "Cost of the row; null where unknown, never 0.", null=True),
        Column(
            "modifiers",
            "choices",
            "Modifiers of this dish: name, option, quantity, amount (included in gross, not in"
            " upgrade); spellings merged.",
        ),
    ),
    ("business_day", "sold_at", "receipt_number", "line", "component"),
)

PAYMENTS = Dataset(
    "payments",
    4,
    "one payment of a receipt",
    ("store_id", "receipt_number", "payment"),
    (
        *_receipt("amount and fee are negative", "amount and fee are 0"),
        Column("currency", "label", "ISO 4217 code."),
        Column("payment", "ordinal", "Payment of the receipt, from 1."),
        Column("payment_type_id", "label", "The POS's payment type.", null=True),
        Column("tender", "label", "Payment type, as it is named at the POS."),
        Column("tender_type", "label", "CASH, NONINTEGRATEDCARD, ...: an open list."),
        Column("amount", "money", "Signed; includes tips and surcharge."),
        Column(
            "fee",
            "money",
            "What the payment provider keeps of it; null where the POS does not know.",
            null=True,
        ),
        Column("paid_at", "instant", "When it was paid.", null=True),
    ),
    ("business_day", "receipt_number", "payment"),
)


MONTH_TABLES = (RECEIPTS, SALES, PAYMENTS, QUARANTINE)
