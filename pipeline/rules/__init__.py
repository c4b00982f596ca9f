"""The rules of a shop: clock and currency of each store, and the menu.

    clock.py      time zones, and the bounds of business days
    menu.py       the rules of menu.toml as data; menu_file.py reads them
    names.py      spellings that count as one name
    stores.py     all rules of a shop: `Rules`

The checks of a record are in schema/receipt.py and transform/receipt_checks.py. Nothing here
imports Arrow, so a run that has nothing to build starts fast.
"""

from pipeline.rules.clock import day_bounds, time_zone, tz_version
from pipeline.rules.menu import Menu
from pipeline.rules.menu_file import read_menu
from pipeline.rules.stores import Rules, Store
