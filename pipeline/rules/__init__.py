"""The rules of a shop: its stores' clocks and money, and its menu.

    clock.py      time zones, and the bounds of business days
    menu.py       the rules of menu.toml as data; menu_file.py reads them
    names.py      spellings that count as one name
    stores.py     all rules of a shop: `Rules`

What is checked of a record is in schema/receipt.py and transform/receipt_checks.py.

Plain Python, no Arrow: so a run that only finds out what is missing starts fast.
"""

from pipeline.rules.clock import day_bounds, time_zone, tz_version
from pipeline.rules.menu import Menu
from pipeline.rules.menu_file import read_menu
from pipeline.rules.stores import Rules, Store
