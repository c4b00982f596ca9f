"""Raw records to the tables of the lake: validate, pick revisions, explode combos.

Takes raw records (JSON as the POS's API gave it), the catalog, the rules. Returns tables that
conform to pipeline.schema. It uses no clock, environment or disk. `build_day` makes one business
day, `build_days` many in one pass; `explain` and `find_unmapped` show what the rules do.
"""

from pipeline.rules import Menu, Rules, Store, day_bounds, read_menu, time_zone, tz_version
from pipeline.transform.before_history import before_history
from pipeline.transform.build_days import BuiltDay, build_day, build_days
from pipeline.transform.catalog import Catalog
from pipeline.transform.days import business_day
from pipeline.transform.explain import Explanation, explain
from pipeline.transform.read import Raw
from pipeline.transform.unmapped import Unmapped, UnmappedName, find_unmapped

__all__ = [
    "BuiltDay",
    "Catalog",
    "Explanation",
    "Menu",
    "Raw",
    "Rules",
    "Store",
    "Unmapped",
    "UnmappedName",
    "before_history",
    "build_day",
    "build_days",
    "business_day",
    "day_bounds",
    "explain",
    "find_unmapped",
    "read_menu",
    "time_zone",
    "tz_version",
]
