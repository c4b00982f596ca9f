"""The stores that tests run over: a local folder, moto, a real SeaweedFS."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from pipeline.load import Storage, open_storage
from tests.load.seaweed import Server, make_credentials, serve

BUCKET = "lake"
_prefixes = itertools.count()
_sessions: dict[str, boto3.session.Session] = {}


@pytest.fixture(scope="session")
def seaweed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real S3 server that has the bucket `lake`."""
    with serve(tmp_path_factory.mktemp("seaweed")) as server:
        server.client().create_bucket(Bucket=BUCKET)
        yield server


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Server]:
    """A mock in this process; it checks no credentials, so a proxy may alter requests."""
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


def enter(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server


def new_url() -> str:
    """A prefix in the bucket that no test has used."""
    return f"s3://{BUCKET}/t{next(_prefixes)}"


def opener(kind: str, request: pytest.FixtureRequest, name: str = "lake") -> Callable[[], Storage]:
    """Return a function that opens the same new, empty store at each call.

    All share one session, because opening one takes longer than most tests.
    """
    if kind == "local":
        folder: Path = request.getfixturevalue("tmp_path") / name
        return lambda: open_storage(str(folder))
    endpoint = request.getfixturevalue(kind).endpoint
    bucket = open_storage(new_url(), endpoint=endpoint)
    if endpoint not in _sessions:
        _sessions[endpoint] = boto3.session.Session()
    bucket._session = _sessions[endpoint]
    return lambda: bucket


@pytest.fixture(params=["local", "seaweed"])
def reopen(request: pytest.FixtureRequest) -> Callable[[], Storage]:
    """Each real place in turn."""
    return opener(request.param, request)


@pytest.fixture
def storage(reopen: Callable[[], Storage]) -> Storage:
    """Each place in turn, opened once."""
    return reopen()


@pytest.fixture
def folder(tmp_path: Path) -> Storage:
    """A local place."""
    return open_storage(str(tmp_path / "lake"))
