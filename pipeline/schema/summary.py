"""The summary tables of a month, which every section of the reports reads."""

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
