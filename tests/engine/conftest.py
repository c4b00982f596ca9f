"""A real Spark cluster of separate processes on loopback, a real S3 server, and a small shop's raw to be made into a lake."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyspark
import pytest

from tests.conftest import Runner
from tests.load.conftest import BUCKET, new_url, seaweed_server  # noqa: F401  fixtures
from tests.load.seaweed import Server

FIRST, NOW, MONTHS = "2026-10-14", "2026-11-03T15:00:00Z", "2026-10,2026-11"
RAW = ("raw/", "_editions/raw/", "_claims/raw/")


@dataclass
class SparkCluster:
    """A master and its workers; `environment` is what the workers, and so their executors, are started with."""

    folder: Path
    environment: dict[str, str]
    master: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [str(Path(pyspark.__file__).parent / "bin" / "spark-class"), *arguments]
        log = (self.folder / f"{len(self.processes)}.log").open("wb")
        self.processes.append(subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True))
        log.close()
        return self.processes[-1]

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start("org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "-c", "1", "-m", "1g",
                          "-d", str(self.folder / f"work{len(self.processes)}"), self.master)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """As a machine ends that loses its power: the worker and its executors."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port} after {seconds:.0f} s")


@pytest.fixture(scope="session")
def customer_key() -> str:
    return secrets.token_hex(12)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory, seaweed_server: Server, customer_key: str) -> Iterator[SparkCluster]:  # noqa: F811
    port = free_port()
    cluster = SparkCluster(tmp_path_factory.mktemp("spark"), {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LUIGI_"))}, **seaweed_server.environment,
        "CUSTOMER_HASH_KEY": customer_key, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m"}, f"spark://127.0.0.1:{port}")
    try:
        cluster.start("org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
        wait_for(port)
        for _ in range(2):
            cluster.start_worker()
        yield cluster
    finally:
        for process in cluster.processes:
            if process.poll() is None:
                cluster.kill(process)


@dataclass
class History:
    """A lake that was made by one process without an engine, in a folder; and its raw, from which others are made."""

    folder: Path
    seaweed: Server
    log: str

    def files(self) -> dict[str, bytes]:
        paths = (path for path in self.folder.rglob("*") if path.is_file() and ".writing" not in path.parts)
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths if "_probe" not in path.parts}

    def put_raw(self) -> str:
        """A new lake in the bucket that holds nothing but raw."""
        url, client = new_url(), self.seaweed.client()
        for key, body in self.files().items():
            if key.startswith(RAW):
                client.put_object(Bucket=BUCKET, Key=f"{url.removeprefix(f's3://{BUCKET}/')}/{key}", Body=body)
        return url

    def objects(self, url: str) -> dict[str, bytes]:
        client, prefix = self.seaweed.client(), url.removeprefix(f"s3://{BUCKET}/") + "/"
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return {one["Key"].removeprefix(prefix): client.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
                for page in pages for one in page.get("Contents", ()) if "/_probe/" not in one["Key"]}

    def assert_same(self, url: str) -> None:
        """The same keys; the same bytes but for who published: the run's name, and the store's own ETags."""
        here, there = self.files(), self.objects(url)
        assert sorted(here) == sorted(there)
        assert [name for name in here if plain(name, here[name]) != plain(name, there[name])] == []


def plain(name: str, body: bytes) -> object:
    if not name.startswith(("_editions/", "_claims/")):
        return body
    said = json.loads(body)
    said.pop("run")
    for member in said["members"].values():
        member.pop("etag", None)
    return said


def runner_in(folder: Path, customer_key: str) -> Runner:
    runner = Runner(folder)
    runner.configure("pos", now=NOW, history_starts=FIRST).configure("core", lock_pid_dir=folder / "locks")
    runner.environment["CUSTOMER_HASH_KEY"] = customer_key
    return runner


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory, seaweed_server: Server, customer_key: str) -> History:  # noqa: F811
    folder = tmp_path_factory.mktemp("history")
    runner = runner_in(folder, customer_key).configure("lake", url=folder / "lake")
    return History(folder / "lake", seaweed_server, runner("MonthlySummary", "--month", MONTHS))


@pytest.fixture
def on_spark(tmp_path: Path, spark: SparkCluster, seaweed_server: Server, customer_key: str) -> Runner:  # noqa: F811
    """A pipeline whose engine is the cluster."""
    runner = runner_in(tmp_path, customer_key).configure("engine", name="spark")
    (tmp_path / "events").mkdir()
    runner.configure("spark", master=spark.master, properties=json.dumps({
        "spark.executor.memory": "512m", "spark.eventLog.enabled": "true", "spark.eventLog.dir": f"file://{tmp_path}/events",
        "spark.eventLog.compress": "false"}))
    runner.environment |= {**seaweed_server.environment, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    assert shutil.which("java"), "the tests of the engine need Java 17"
    return runner.configure("lake", endpoint=seaweed_server.endpoint)
