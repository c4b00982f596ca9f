"""Lakes in the buckets of real S3 servers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from pipeline.load import Storage, open_storage
from tests.load.seaweed import Server

BUCKET = "lake"


_prefixes = itertools.count()


_sessions: dict[str, boto3.session.Session] = {}


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
