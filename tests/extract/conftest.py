"""The simulated API with a client to it, and sockets that answer by script."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Thread

import pytest

from pipeline.pos.loyverse.client import Loyverse
from pipeline.simulator import Server
from tests.extract.small_shop import NOW, FakeClock, connect
from tests.support.book import Book
from tests.support.server import serve


@pytest.fixture
def fake_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def start(fake_clock: FakeClock) -> Iterator[Callable[..., tuple[Server, Loyverse]]]:
    """Serves a shop and opens a client for it; `limit` and options of Http go to the client, all
    others to the server.
    """
    with ExitStack() as stack:

        def begin(
            book: Book,
            limit: int = 250,
            max_pages: int = 20_000,
            client: dict | None = None,
            **options,
        ) -> tuple[Server, Loyverse]:
            server = stack.enter_context(serve(book, **{"now": lambda: NOW, **options}))
            return server, connect(
                server, fake_clock, limit=limit, max_pages=max_pages, **(client or {})
            )

        yield begin


@pytest.fixture
def scripted() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """The address of a socket that treats every connection as a function says, after it has read a
    request's head.
    """
    listeners: list[socket.socket] = []

    def listen(act: Callable[[socket.socket], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        head = b""
                        while b"\r\n\r\n" not in head and (piece := connection.recv(4096)):
                            head += piece
                        act(connection)
                    except OSError:
                        continue

        Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1.0"

    yield listen
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def token() -> str:
    return secrets.token_hex(16)
