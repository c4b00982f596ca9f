"""2. Clean the receipts, and explode combos into the dishes served.

In: raw records (JSON as the till's API gave it), the catalog, the rules. Out: the tables of the
lake, held to pipeline.schema. Pure: no clock, no environment, no disk. `clean` makes one business
day; `transform` streams pages of any size; `explain` and `uncovered` show what the rules do.
"""

from pipeline.transform.catalog import Catalog
from pipeline.transform.clean import Cleaned, clean, transform
from pipeline.transform.days import business_day, day_bounds, time_zone, tz_version
from pipeline.transform.explain import Explanation, explain
from pipeline.transform.menu import Menu, read_menu
from pipeline.transform.outside import outside
from pipeline.transform.read import Raw
from pipeline.transform.rules import Rules, Store
from pipeline.transform.unmapped import Finding, Unmapped, find_unmapped

__all__ = [
    "Catalog",
    "Cleaned",
    "Explanation",
    "Finding",
    "Menu",
    "Raw",
    "Rules",
    "Store",
    "Unmapped",
    "business_day",
    "clean",
    "day_bounds",
    "explain",
    "find_unmapped",
    "outside",
    "read_menu",
    "time_zone",
    "transform",
    "tz_version",
]
