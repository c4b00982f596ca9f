"""Made on the cluster or here, it is one lake; and what a cluster loses, it makes again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executors.history import FIRST, MONTHS, History
from tests.executors.lakes import keys
from tests.executors.standalone import Standalone, free_port, wait_for
from tests.support.buckets import BUCKET
from tests.support.runner import ROOT, Runner


@pytest.fixture
def luigid(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    server = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "luigid"),
            "--address",
            "127.0.0.1",
            "--port",
            str(port),
            "--state-path",
            str(tmp_path / "state"),
        ],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def tasks_of(luigid: str, family: str) -> list[dict]:
    with urllib.request.urlopen(
        f"{luigid}/api/task_list?data=%7B%22status%22%3A%22%22%2C%22upstream_status%22%3A%22%22%7D",
        timeout=40,
    ) as answer:
        return [task for task in json.load(answer)["response"].values() if task["name"] == family]


def submit(on_spark: Runner, spark: Standalone, *words: str) -> subprocess.Popen[str]:
    """The entry of the guide with `words`, under spark-submit, which names the master."""
    import pyspark

    on_spark.configure("spark", master="").command()
    entry = re.search(
        r"cat >build/entry.py <<'END'\n(.*?)END\n",
        (ROOT / "docs" / "emr.md").read_text(),
        re.DOTALL,
    )[1]
    (on_spark.folder / "entry.py").write_text(entry)
    program = str(Path(pyspark.__file__).parent / "bin" / "spark-submit")
    return subprocess.Popen(
        [program, "--master", spark.master, "entry.py", *words],
        cwd=on_spark.folder,
        env={**on_spark.env(), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_killed_driver_a_killed_worker_and_an_altered_object_are_made_good(
    on_spark: Runner, history: History, luigid: str, spark: Standalone, customer_key: str
) -> None:
    """Four runs on one lake, some of whose days are merged from chunks: the driver of the first is
    killed; the second, under spark-submit, loses a worker and meets an object that was altered; the
    driver of the third is a child of what planned; the fourth makes the rest.
    """
    url = history.put_raw()
    on_spark.configure("lake", url=url).configure("engine", name="spark", chunk_bytes=37_000)
    client, prefix = history.seaweed.client(), url.removeprefix(f"s3://{BUCKET}/")
    raw = min(key for key in history.files() if key.startswith(f"raw/receipts/sold={FIRST}/"))
    client.put_object(Bucket=BUCKET, Key=f"{prefix}/{raw}", Body=b"altered")
    months = ("MonthlySummary", "--month", MONTHS)

    def count_staged() -> int:
        return len(keys(client, BUCKET, f"{prefix}/_commits/staging/"))

    def wait_for_more(run: subprocess.Popen, days: int) -> None:
        """Until the run has staged more than `days` days."""
        deadline = time.monotonic() + 800
        while count_staged() <= days:
            assert run.poll() is None and time.monotonic() < deadline, run.communicate()[0][-4000:]
            time.sleep(0.25)  # a listing takes as long as a request of the runs

    first = on_spark.start(*months)
    wait_for_more(first, 0)
    first.kill()
    first.communicate()
    left = count_staged()
    assert left < 5, "the driver was killed too late to prove anything"
    spark.start_worker()
    second = submit(on_spark, spark, *months)
    wait_for_more(second, left)
    spark.kill(spark.processes[1])
    output, _ = second.communicate(timeout=960)
    assert second.returncode == 30, output[-6000:]
    assert "Lost executor" in output
    assert "was altered after it was committed" in output
    assert "completed partitions are kept" in output
    staged = {name for name in history.objects(url) if name.startswith("_manifests/staging/")}
    expected = {name for name in history.files() if name.startswith("_manifests/staging/")}
    assert 1 <= len(expected - staged) <= 3 and staged < expected

    client.put_object(Bucket=BUCKET, Key=f"{prefix}/{raw}", Body=history.files()[raw])
    on_spark.configure("spark", master=spark.master)
    day = ("DailySales", "--date", FIRST)
    on_spark(*day, "--workers", "2", "--scheduler-url", luigid, scheduler="")
    assert_shown(luigid)
    on_spark(*months)
    history.assert_same(url)
    secret = [customer_key, *history.seaweed.environment.values()]
    assert_without(secret, on_spark.folder / "events", spark.folder)


def assert_shown(luigid: str) -> None:
    """The scheduler shows what Spark builds, and the address of Spark's own page."""
    shown = tasks_of(luigid, "DailySales")
    assert any("DailySales built on Spark" in (task["status_message"] or "") for task in shown)
    assert any(
        re.match(r"http://(localhost|127\.0\.0\.1):\d+", task["tracking_url"] or "")
        for task in shown
    )
    assert 100 in {task["progress_percentage"] for task in shown}


def assert_without(secret: list[str], *folders: Path) -> None:
    """No secret stands in the logs of the cluster and of its applications."""
    logs = {
        path: path.read_text(errors="replace")
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert any("EventLog" in text or "SparkListener" in text for text in logs.values())
    assert any("DailySales, in chunks" in text for text in logs.values())
    assert [path for path, text in logs.items() if any(word in text for word in secret)] == []


def test_a_cluster_that_cannot_be_reached_is_reported_at_once(
    on_spark: Runner, history: History
) -> None:
    on_spark.configure("lake", url=history.put_raw()).configure(
        "spark", master=f"spark://127.0.0.1:{free_port()}"
    )
    began = time.monotonic()
    log = on_spark("DailySales", "--date", FIRST, code=30)
    assert (
        "no Spark master answers at [spark] master = spark://127.0.0.1:" in log
        and "Traceback" not in log
    )
    assert time.monotonic() - began < 160


def test_a_cluster_without_room_is_not_waited_for_for_ever(
    on_spark: Runner, history: History
) -> None:
    on_spark.configure("lake", url=history.put_raw())
    on_spark.configure(
        "spark", properties=json.dumps({"spark.executor.memory": "64g"}), wait_seconds=1
    )
    log = on_spark("DailySales", "--date", FIRST, code=30)
    assert "has given no executor for 1 s" in log
