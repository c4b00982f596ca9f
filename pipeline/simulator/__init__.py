"""Simulated shop behind HTTP APIs like those of Loyverse and Square.

For demos, for tests and to try the pipeline by hand. A `Source` holds the shop's data, such as the
generated `Shop`; `serve(source)` serves it on a loopback port.
"""

from pipeline.simulator.exchange import Exchange
from pipeline.simulator.server import Server, serve
from pipeline.simulator.shop import Shop
from pipeline.simulator.source import Entry, Query, Source

__all__ = ["Entry", "Exchange", "Query", "Server", "Shop", "Source", "serve"]
