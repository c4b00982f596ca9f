"""Simulated shop behind HTTP APIs like those of Loyverse and Square.

For demos, for tests and to try the pipeline by hand. `Server` serves a shop's data (`ShopData`),
such as those of the generated `Shop`, on a loopback port.
"""

from pipeline.simulator.server import Exchange, Server
from pipeline.simulator.shop import Shop
from pipeline.simulator.source import Entry, Query, ShopData
