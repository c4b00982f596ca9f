"""Summary tables of what is sold: items, combos, choices, prices, baskets."""

from pipeline.schema.kinds import BY_STORE, Column, Dataset

ITEMS = Dataset(
    "items",
    1,
    "store, category, item, as sold alone or within a combo",
    ("store_id", "category", "item", "in_combo"),
    (
        *BY_STORE,
        Column("category", "label", "Category; null if unknown.", null=True),
        Column("item", "label", "Name of the dish, spellings merged by menu.toml."),
        Column(
            "in_combo",
            "flag",
            "Sold as a component of a combo; its money is its share of the combo.",
        ),
        Column("receipts", "count", "SALE receipts with it."),
        Column("units", "quantity", "Units of SALE rows."),
        Column("refunded_units", "quantity", "Units of REFUND rows, positive."),
        Column("gross_sales", "money", "Gross of SALE rows."),
        Column("discounts", "money", "Discounts on SALE rows less those on REFUND rows."),
        Column("refunds", "money", "Gross of REFUND rows, positive."),
        Column("net_sales", "money", "gross_sales - discounts - refunds."),
        Column("tax_included", "money", "Included tax, refunds deducted."),
        Column("cost", "money", "Known cost, refunds deducted."),
        Column(
            "costed_units", "quantity", "units - refunded_units of the rows whose cost is known."
        ),
        Column("costed_net", "money", "Net sales of the rows whose cost is known."),
        Column("costed_tax_included", "money", "Included tax of the rows whose cost is known."),
        Column("first_day", "day", "First business day on which it was sold.", null=True),
        Column("last_day", "day", "Last business day on which it was sold.", null=True),
    ),
)

ITEM_WEEKDAYS = Dataset(
    "item_weekdays",
    1,
    "store, weekday of the business day, category and item",
    ("store_id", "weekday", "category", "item"),
    (
        *BY_STORE,
        Column("weekday", "ordinal", "Weekday of the business day, 0 = Monday to 6 = Sunday."),
        Column("category", "label", "Category; null if unknown.", null=True),
        Column(
            "item", "label", "Name of the dish, alone and in combos, spellings merged by menu.toml."
        ),
        Column("receipts", "count", "SALE receipts with it."),
        Column("net_sales", "money", "Net sales, refunds deducted."),
    ),
)

CATEGORIES = Dataset(
    "categories",
    1,
    "store and category",
    ("store_id", "category"),
    (
        *BY_STORE,
        Column(
            "category",
            "label",
            "Category of the dish, alone or in a combo; null where none is known.",
            null=True,
        ),
        Column(
            "receipts",
            "count",
            "SALE receipts with a dish of the category; for units and money, sum the items.",
        ),
    ),
)

PRICES = Dataset(
    "prices",
    1,
    "store, item, variant and price on SALE lines, combos as one",
    ("store_id", "item", "variant", "unit_price"),
    (
        *BY_STORE,
        Column("item", "label", "Name of the item, combos as one, spellings merged by menu.toml."),
        Column("variant", "label", "Variant.", null=True),
        Column("unit_price", "money", "Price on the receipt without modifiers."),
        Column("first_day", "day", "First business day at this price."),
        Column("last_day", "day", "Last business day at this price."),
        Column("units", "quantity", "Units sold at this price."),
    ),
)

COMBOS = Dataset(
    "combos",
    1,
    "store and combo as sold",
    ("store_id", "combo"),
    (
        *BY_STORE,
        Column("combo", "label", "Name of the combo, spellings merged by menu.toml."),
        Column("receipts", "count", "SALE receipts with it."),
        Column("units", "quantity", "Combos sold."),
        Column("refunded_units", "quantity", "Combos refunded, positive."),
        Column("gross_sales", "money", "Gross of SALE rows."),
        Column("discounts", "money", "Discounts on SALE rows less those on REFUND rows."),
        Column("refunds", "money", "Gross of REFUND rows, positive."),
        Column("net_sales", "money", "Net sales."),
        Column("tax_included", "money", "Included tax, refunds deducted."),
        Column("cost", "money", "Known cost, refunds deducted."),
        Column(
            "costed_units",
            "quantity",
            "units - refunded_units of the combos whose rows all have a cost.",
        ),
        Column("costed_net", "money", "Net sales of the rows whose cost is known."),
        Column("costed_tax_included", "money", "Included tax of the rows whose cost is known."),
    ),
)

COMBO_PARTS = Dataset(
    "combo_parts",
    2,
    "store, combo, choice and component",
    ("store_id", "combo", "slot", "item"),
    (
        *BY_STORE,
        Column("combo", "label", "Name of the combo, spellings merged by menu.toml."),
        Column(
            "slot",
            "label",
            "Modifier that chose the component; null for a fixed component.",
            null=True,
        ),
        Column("item", "label", "Name of the component, spellings merged by menu.toml."),
        Column("is_known", "flag", "False for a component that no rule names."),
        Column("units", "quantity", "Units of SALE rows."),
        Column("net_sales", "money", "Share of net sales, refunds deducted."),
        Column("upgrades", "money", "Extra charge for the chosen option on SALE rows."),
        Column("charged_units", "quantity", "Units of SALE rows with such a charge."),
    ),
)

CHOICES = Dataset(
    "choices",
    2,
    "store, dish, modifier and option",
    ("store_id", "item", "name", "option"),
    (
        *BY_STORE,
        Column("item", "label", "Name of the dish, spellings merged by menu.toml."),
        Column("name", "label", "Modifier."),
        Column("option", "label", "Option, spellings merged by menu.toml."),
        Column("units", "quantity", "Times chosen on SALE rows."),
        Column("amount", "money", "Extra charge for the option on SALE rows."),
        Column("charged_units", "quantity", "Times chosen for an extra charge on SALE rows."),
    ),
)

REFUNDED_ITEMS = Dataset(
    "refunded_items",
    1,
    "store, item and employee of REFUND rows",
    ("store_id", "item", "employee_id"),
    (
        *BY_STORE,
        Column("item", "label", "Name of the item, combos as one, spellings merged by menu.toml."),
        Column("employee_id", "label", "Who refunded.", null=True),
        Column("receipts", "count", "REFUND receipts."),
        Column("units", "quantity", "Units returned, positive."),
        Column("refunds", "money", "Gross returned, positive."),
    ),
)

BASKETS = Dataset(
    "baskets",
    2,
    "store, item and partner item of SALE receipts, combos as one",
    ("store_id", "item", "partner"),
    (
        *BY_STORE,
        Column(
            "item",
            "label",
            "Name of the item, spellings merged; the alphabetically first of the pair.",
        ),
        Column(
            "partner",
            "label",
            "The other item; equal to item in the row with the item's own receipts.",
        ),
        Column(
            "receipts",
            "count",
            "SALE receipts with both. A month of more than a million possible pairs has"
            " only the pairs on 20 receipts or more.",
        ),
        Column("plain_receipts", "count", "Receipts among these without a combo."),
    ),
)
