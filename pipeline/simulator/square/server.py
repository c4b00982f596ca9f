"""HTTP server of Square's API on a loopback port.

It is the shop's server with the paths, bodies and headers of Square. A request over the rate limit
gets 429 without Retry-After, as from the real API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from ..server import Exchange, Server
from .api import answer
from .lists import Call
from .protocol import SquareError, SquarePage, SquareRules

VERSION = "2026-09-16"  # the account's pinned Square-Version, and the newest one
_FIRST_VERSION = date(2016, 12, 1)


class SquareServer(Server):
    """`Server` whose `source` is an `OrderSource` and whose rules are `SquareRules`."""

    prefix, failure = "", SquareError
    standard = SquareRules

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
