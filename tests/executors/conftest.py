"""A real Spark cluster of separate processes on loopback, a real S3 server, and the raw data of a
small shop.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executors.history import MONTHS, History, runner_in
from tests.executors.standalone import QUICK, Standalone, serve
from tests.load.seaweed import Server
from tests.support.runner import Runner


@pytest.fixture(scope="session")
def customer_key() -> str:
    return secrets.token_hex(12)


@pytest.fixture(scope="session")
def spark(
    tmp_path_factory: pytest.TempPathFactory,
    seaweed_server: Server,
    customer_key: str,
    java_home: Path,
) -> Iterator[Standalone]:
    """One cluster for all tests, of one worker; its executors know the store and the key."""
    with serve(
        tmp_path_factory.mktemp("spark"),
        {**seaweed_server.environment, "CUSTOMER_HASH_KEY": customer_key},
        workers=1,
    ) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def history(
    tmp_path_factory: pytest.TempPathFactory, seaweed_server: Server, customer_key: str
) -> History:
    folder = tmp_path_factory.mktemp("history")
    runner = runner_in(folder, customer_key).configure("lake", url=folder / "lake")
    return History(folder / "lake", seaweed_server, runner("MonthlySummary", "--month", MONTHS))


@pytest.fixture
def on_spark(
    tmp_path: Path, spark: Standalone, seaweed_server: Server, customer_key: str
) -> Runner:
    """A pipeline whose engine is the cluster."""
    runner = runner_in(tmp_path, customer_key).configure("engine", name="spark")
    (tmp_path / "events").mkdir()
    runner.configure(
        "spark",
        master=spark.master,
        properties=json.dumps(
            {
                "spark.executor.memory": "512m",
                "spark.eventLog.enabled": "true",
                "spark.eventLog.dir": f"file://{tmp_path}/events",
                "spark.eventLog.compress": "false",
            }
        ),
    )
    runner.environment |= {
        **seaweed_server.environment,
        **QUICK,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return runner.configure("lake", endpoint=seaweed_server.endpoint)
