"""A shop that never was, behind a Loyverse-compatible HTTP API: for demos, for tests, for trying
the pipeline by hand.

A `Source` is what stands behind the API: the generated `Shop`, a `Replay` of files, or a `Book`
kept by a test. `serve(source)` puts it on a loopback port; `Fault` scripts what goes wrong.
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
