"""The simulated shop behind its API, in a process whose clock a benchmark sets."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from multiprocessing.connection import Connection
from typing import Any

from pipeline.simulator import Query, Shop
from pipeline.simulator.ids import millis
from tests.support.book import Book
from tests.support.server import serve


class ShopServer:
    """The API of a simulated shop of two stores and 240 receipts a day, at `url`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.url, self.token = connection.recv()

    def set_clock(self, now: datetime) -> None:
        """Let the shop show what its server knew at `now`."""
        self._request("set_clock", now)

    def cancel_sale(self, day: date, instant: datetime) -> str:
        """Cancel a sale of a UTC date at `instant`; returns its receipt number."""
        return self._request("cancel_sale", day, instant)

    def _request(self, method: str, *arguments: object) -> Any:
        self._connection.send((method, arguments))
        answer = self._connection.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def serve_shop(now: datetime) -> Iterator[ShopServer]:
    """Serve the shop as it is at `now`, without a rate limit; stop it at the end."""
    near_end, far_end = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(far_end, now), daemon=True)
    process.start()
    try:
        yield ShopServer(near_end)
    finally:
        process.terminate()
        process.join()


def _serve(connection: Connection, now: datetime) -> None:
    """Serve the shop and carry out the requests of its ShopServer."""
    book = Book(Shop(receipts_per_day=120))
    with serve(book, now=lambda: now) as server:

        def set_clock(instant: datetime) -> None:
            server.now = lambda: instant

        def cancel_sale(day: date, instant: datetime) -> str:
            number = _some_sale(book, day, instant)
            book.cancel(number, instant)
            return number

        methods = {"set_clock": set_clock, "cancel_sale": cancel_sale}
        connection.send((server.url, server.token))
        while True:
            method, arguments = connection.recv()
            try:
                connection.send(methods[method](*arguments))
            except Exception as error:  # noqa: BLE001 - raised where it was requested
                connection.send(error)


def _some_sale(book: Book, day: date, instant: datetime) -> str:
    """The receipt number of a sale of a UTC date that is not cancelled at `instant`."""
    start = datetime.combine(day, time(), UTC)
    span = Query(created_min=millis(start), created_max=millis(start + timedelta(days=1)))
    for entry in book.receipts(millis(instant), span):
        receipt = json.loads(entry.read())
        if receipt["receipt_type"] == "SALE" and not receipt["cancelled_at"]:
            return receipt["receipt_number"]
    raise LookupError(f"the simulated shop has no sale on {day}")
