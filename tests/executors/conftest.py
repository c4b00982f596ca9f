"""A real Spark cluster of separate processes on loopback, a real S3 server, and a small shop's raw
to be made into a lake.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Runner
from tests.executors.lakes import RAW, differing, digest_of, keys, read
from tests.executors.standalone import QUICK, Standalone, serve
from tests.load.conftest import BUCKET, new_url, seaweed_server
from tests.load.seaweed import Server

FIRST, NOW, MONTHS = "2026-10-14", "2026-11-03T15:00:00Z", "2026-10,2026-11"


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
    """One cluster for all tests; its executors know the store and the key."""
    with serve(
        tmp_path_factory.mktemp("spark"),
        {**seaweed_server.environment, "CUSTOMER_HASH_KEY": customer_key},
    ) as cluster:
        yield cluster


@dataclass
class History:
    """A lake that was made by one process without an engine, in a folder; and its raw, from which
    others are made.
    """

    folder: Path
    seaweed: Server
    log: str

    def files(self) -> dict[str, bytes]:
        paths = (
            path
            for path in self.folder.rglob("*")
            if path.is_file() and ".writing" not in path.parts
        )
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in paths
            if "_probe" not in path.parts
        }

    def put_raw(self) -> str:
        """A new lake in the bucket that holds nothing but raw."""
        url, client = new_url(), self.seaweed.client()
        for key, body in self.files().items():
            if key.startswith(RAW):
                client.put_object(
                    Bucket=BUCKET, Key=f"{url.removeprefix(f's3://{BUCKET}/')}/{key}", Body=body
                )
        return url

    def objects(self, url: str) -> dict[str, bytes]:
        client, prefix = self.seaweed.client(), url.removeprefix(f"s3://{BUCKET}/") + "/"
        return {
            name.removeprefix(prefix): body
            for name, body in read(
                client, BUCKET, keys(client, BUCKET, prefix), lambda _, body: body
            ).items()
        }

    def assert_same(self, url: str) -> None:
        here, there = (
            {name: digest_of(name, body) for name, body in lake.items()}
            for lake in (self.files(), self.objects(url))
        )
        assert differing(here, there) == []


def runner_in(folder: Path, customer_key: str) -> Runner:
    runner = Runner(folder)
    runner.configure("pos", now=NOW, history_starts=FIRST).configure(
        "core", lock_pid_dir=folder / "locks"
    )
    runner.environment["CUSTOMER_HASH_KEY"] = customer_key
    return runner


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
