"""Simulated shop behind a Loyverse-compatible HTTP API.

For demos, for tests and to try the pipeline by hand. A `Source` holds the shop's data: the
generated `Shop`, a `Replay` of files, or a `Book` that a test fills. `serve(source)` serves it on a
loopback port; a `Fault` scripts an error.
"""

from pipeline.simulator.book import Book
from pipeline.simulator.exchange import Exchange
from pipeline.simulator.faults import Fault, on_page, on_path, on_request
from pipeline.simulator.replay import Replay
from pipeline.simulator.server import Server, serve
from pipeline.simulator.shop import Shop
from pipeline.simulator.source import Entry, Query, Source

__all__ = [
    "Book",
    "Entry",
    "Exchange",
    "Fault",
    "Query",
    "Replay",
    "Server",
    "Shop",
    "Source",
    "on_page",
    "on_path",
    "on_request",
    "serve",
]
