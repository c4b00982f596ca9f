"""HTTP server of Square's API on a loopback port.

    with serve_square(SquareShop(Shop()), now=lambda: instant) as server:
        client = Square(token=server.token, base_url=server.url)

It is the shop's server with the paths, bodies and headers of Square. A request over the rate limit
gets 429 without Retry-After, as from the real API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from ..exchange import Exchange
from ..server import Server, running
from .api import answer
from .lists import Call
from .protocol import SquareError, SquarePage, SquareRules, parse_cursor
from .source import OrderSource

VERSION = "2026-09-16"  # the account's pinned Square-Version, and the newest one
_FIRST_VERSION = date(2016, 12, 1)


class SquareServer(Server):
    """`Server` whose `source` is an `OrderSource` and whose rules are `SquareRules`."""

    prefix, failure = "", SquareError
    standard = SquareRules

    def params(self, query: str, body: bytes) -> dict[str, str]:
        """Fields of the query string, or of the body as text, for log and faults."""
        params = dict(parse_qsl(query, keep_blank_values=True))
        with suppress(SquareError):
            params |= {name: _text(value) for name, value in parse_body(body).items()}
        return params

    def page_of(self, path: str, params: dict[str, str]) -> int:
        """Number of the requested page, from 1."""
        with suppress(SquareError):
            return parse_cursor(params["cursor"]).page if params.get("cursor") else 1
        return 1

    def respond(self, exchange: Exchange, **fields: str) -> SquarePage | bytes:
        """Answer an authorized request; `fields` replace those of the request."""
        exchange.headers["Square-Version"] = _version(exchange.request_headers)
        post = exchange.method == "POST"
        sent: dict[str, Any] = parse_body(exchange.request_body) if post else exchange.params
        call = Call(self.source, exchange.now, exchange.path, sent | fields, exchange.rules)
        return answer(exchange.method, call)


def parse_body(body: bytes) -> dict[str, Any]:
    """JSON object of a body; an empty body is an empty object."""
    try:
        fields = json.loads(body or b"{}")
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise SquareError(400, "EXPECTED_JSON_BODY", "Expected a JSON object as the body.")
    return fields


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _version(headers: Mapping[str, str]) -> str:
    """Version of the answer: the one in the headers, else the account's."""
    text = headers.get("square-version")
    if text is None:
        return VERSION
    try:
        exists = _FIRST_VERSION <= date.fromisoformat(text) <= date.fromisoformat(VERSION)
    except ValueError:
        exists = False
    if not exists:
        raise SquareError(
            400, "INVALID_SQUARE_VERSION_FORMAT", f"The Square-Version {text} does not exist."
        )
    return text


def serve_square(source: OrderSource, **options: Any) -> AbstractContextManager[SquareServer]:
    """Serve `source` until the block ends, with the options of `Server`."""
    return running(SquareServer(source, **options))
