"""Every table of the lake: its grain, key and columns, each stated once.

A column has a kind (which decides its Arrow type), a unit and one sentence. Money is DECIMAL with
the decimals of the lake's currencies (2 for MXN, 0 for JPY, 3 for KWD), never a float. `arrow()`
gives the schema that each read and write conforms to, with the sentences in the field metadata. A
`Dataset` is one table; its `version` is part of fingerprints: raise it when the rows of the table
change. Tables that are published together are one dataset of pipeline/load/layout.py: MONTH_TABLES
the tables of "sales", SUMMARY those of "summary".
"""

from pipeline.schema.export_comparison import (
    BACKOFFICE,
    EXPORT_DIFFERENCES,
    EXPORT_FILES,
    EXPORT_REASONS,
    EXPORT_TOTALS,
)
from pipeline.schema.kinds import (
    COST_DECIMALS,
    QUANTITY_DECIMALS,
    Column,
    Dataset,
    arrow,
    conform,
    empty,
    money,
    version_of,
)
from pipeline.schema.month_tables import MONTH_TABLES, PAYMENTS, RECEIPTS, SALES
from pipeline.schema.quarantine import BEFORE_HISTORY, QUARANTINE
from pipeline.schema.receipt_figures import RECEIPT_FIGURES
from pipeline.schema.shifts import SHIFTS
from pipeline.schema.summary_items import (
    BASKETS,
    CATEGORIES,
    CHOICES,
    COMBO_PARTS,
    COMBOS,
    ITEM_WEEKDAYS,
    ITEMS,
    PRICES,
    REFUNDED_ITEMS,
)
from pipeline.schema.summary_people import CUSTOMERS, EMPLOYEES, STAFF, STORES
from pipeline.schema.summary_sales import CHANNEL_HOURS, DAYS, DISCOUNTS, HOURS, QUALITY, TENDERS

SUMMARY = (
    DAYS,
    HOURS,
    CHANNEL_HOURS,
    ITEMS,
    ITEM_WEEKDAYS,
    CATEGORIES,
    PRICES,
    COMBOS,
    COMBO_PARTS,
    CHOICES,
    TENDERS,
    DISCOUNTS,
    STAFF,
    REFUNDED_ITEMS,
    BASKETS,
    CUSTOMERS,
    QUALITY,
    STORES,
    EMPLOYEES,
)
"""The summary tables of a month, from which the reports are built."""
