"""A client without manners: http.client, no retries, numbers as Decimal."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest

from pipeline.simulator import Server, Shop

NOW = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content, parse_float=Decimal)


def _get(
    server: Server, path: str, /, token: str | None = None, method: str = "GET", **params: object
) -> Answer:
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=80)
    try:
        headers = {"Authorization": f"Bearer {server.token if token is None else token}"}
        connection.request(
            method,
            f"{parts.path}{path}" + ("?" + urlencode(params) if params else ""),
            headers=headers,
        )
        response = connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read())
    finally:
        connection.close()


def _walk(server: Server, path: str = "/receipts", **params: object) -> list[list[dict]]:
    pages, cursor = [], {}
    while len(pages) < 2000:
        body = _get(server, path, **params, **cursor).json()
        pages.append(next(value for key, value in body.items() if key != "cursor"))
        if "cursor" not in body:
            return pages
        cursor = {"cursor": body["cursor"]}
    raise AssertionError(f"{path} never ends")


@pytest.fixture(scope="session")
def get() -> Callable[..., Answer]:
    return _get


@pytest.fixture(scope="session")
def read_pages() -> Callable[..., list[list[dict]]]:
    """All pages of a list, each a list of rows; filters are sent again with every cursor."""
    return _walk


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def shop() -> Shop:
    """A busy shop, in which also what is rare happens every week."""
    return Shop(receipts_per_day=120)


@pytest.fixture(scope="session")
def stall() -> Shop:
    """A small young shop, for tests that read everything."""
    return Shop(seed=11, opened=date(2026, 9, 20), receipts_per_day=9)
