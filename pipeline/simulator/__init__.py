"""Simulated shop behind HTTP APIs like those of Loyverse and Square.

For demos, for tests and to try the pipeline by hand. `Server` serves a shop's data (`ShopData`),
such as those of the generated `Shop`, on a loopback port.
"""

from pipeline.simulator.exchange import Exchange
from pipeline.simulator.server import Server
from pipeline.simulator.shop import Shop
from pipeline.simulator.source import Entry, Query, ShopData

__all__ = ["Entry", "Exchange", "Query", "Server", "Shop", "ShopData"]
