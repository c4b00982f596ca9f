"""The stores that tests run over: a local folder, moto, a real SeaweedFS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.load import Storage, open_storage
from tests.support.buckets import opener


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
