"""Every dataset of the lake: its grain, key and columns, each said once.

A column has a kind (which decides its Arrow type), a unit and one sentence. Money is DECIMAL with
`places` decimals, the places of the lake's currencies (2 for MXN, 0 for JPY, 3 for KWD), so no
float ever holds it. `arrow()` gives the schema that each read and write is held to, with the
sentences in the field metadata. A dataset's `version` is part of its editions: raise it when the
code that makes the dataset changes what it makes.
"""

from pipeline.schema.kinds import (
    COST_PLACES,
    QUANTITY_PLACES,
    Column,
    Dataset,
    arrow,
    conform,
    empty,
    money,
    version_of,
)
from pipeline.schema.lake import LAKE, OUTSIDE, PAYMENTS, QUARANTINE, RECEIPTS, SALES
from pipeline.schema.receipt_figures import RECEIPT_FIGURES
from pipeline.schema.summary import (
    BACKOFFICE,
    BASKETS,
    CATEGORIES,
    CHOICES,
    COMBO_PARTS,
    COMBOS,
    CUSTOMERS,
    DAYS,
    DISCOUNTS,
    EMPLOYEES,
    HOURS,
    ITEM_WEEKDAYS,
    ITEMS,
    PRICES,
    QUALITY,
    REFUNDED_ITEMS,
    STAFF,
    STORES,
    SUMMARY,
    TENDERS,
    TILL_DIFFERENCES,
    TILL_FILES,
    TILL_TOTALS,
)

__all__ = [
    "BACKOFFICE",
    "BASKETS",
    "CATEGORIES",
    "CHOICES",
    "COMBOS",
    "COMBO_PARTS",
    "COST_PLACES",
    "CUSTOMERS",
    "DAYS",
    "DISCOUNTS",
    "EMPLOYEES",
    "HOURS",
    "ITEMS",
    "ITEM_WEEKDAYS",
    "LAKE",
    "OUTSIDE",
    "PAYMENTS",
    "PRICES",
    "QUALITY",
    "QUANTITY_PLACES",
    "QUARANTINE",
    "RECEIPTS",
    "RECEIPT_FIGURES",
    "REFUNDED_ITEMS",
    "SALES",
    "STAFF",
    "STORES",
    "SUMMARY",
    "TENDERS",
    "TILL_DIFFERENCES",
    "TILL_FILES",
    "TILL_TOTALS",
    "Column",
    "Dataset",
    "arrow",
    "conform",
    "empty",
    "money",
    "version_of",
]
