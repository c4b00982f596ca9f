"""Fixtures that tests of several folders use."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.simulator import Shop
from tests.load.seaweed import Server, make_credentials
from tests.load.seaweed import serve as serve_s3
from tests.support.book import Book
from tests.support.buckets import BUCKET, enter
from tests.support.fake_pos import FakePos, served
from tests.support.few_files import leave_undrawn
from tests.support.receivers import Post, start_post
from tests.support.runner import Runner
from tests.support.server import serve


@pytest.fixture
def fake_pos(luigi: Runner, tmp_path: Path) -> Iterator[FakePos]:
    book = Book(Shop(opened=date(2026, 10, 1), receipts_per_day=12))
    with serve(book) as server:
        yield FakePos(server, book, luigi)


@pytest.fixture
def quiet_pos(luigi: Runner) -> Iterator[FakePos]:
    """Five days of plain sales to which nothing happens by itself."""
    shop = Shop(opened=date(2026, 10, 1), receipts_per_day=12)
    book = Book(
        rows={
            name: [json.loads(entry.read()) for entry in shop.rows(0, name)]
            for name in ("stores", "items", "categories", "employees")
        }
    )
    with serve(shop, now=lambda: datetime(2026, 11, 1, tzinfo=UTC)) as server:
        sales = served(
            server, datetime(2026, 10, 28, 11, tzinfo=UTC), datetime(2026, 11, 1, 11, tzinfo=UTC)
        )
    for sale in reversed(sales):
        if (
            sale["receipt_type"] == "SALE"
            and sale["cancelled_at"] is None
            and sale["created_at"][:10] == sale["receipt_date"][:10]
        ):
            book.add(sale, datetime.fromisoformat(sale["created_at"]))
    with serve(book) as server:
        yield FakePos(server, book, luigi)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports have nothing that is drawn (few_files.py)."""
    leave_undrawn(monkeypatch.setattr)


@pytest.fixture(scope="session")
def seaweed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real S3 server that has the bucket `lake`."""
    with serve_s3(tmp_path_factory.mktemp("seaweed")) as server:
        server.client().create_bucket(Bucket=BUCKET)
        yield server


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Server]:
    """A mock in this process; it checks no credentials, so a proxy may alter requests."""
    from moto.server import ThreadedMotoServer  # takes as long as all tests of a file

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    mock = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    mock.start()
    host, port = mock.get_host_and_port()
    server = Server(f"http://{host}:{port}", make_credentials())
    server.client().create_bucket(Bucket=BUCKET)
    yield server
    mock.stop()


@pytest.fixture
def seaweed(seaweed_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The real server, its credentials in the environment."""
    return enter(seaweed_server, monkeypatch)


@pytest.fixture
def moto(moto_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The mock, some credentials in the environment."""
    return enter(moto_server, monkeypatch)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    server, controller = start_post(tmp_path)
    yield server
    controller.stop()
