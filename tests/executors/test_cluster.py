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

from tests.executors.history import MONTHS, History
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


def test_a_batch_that_half_failed_is_finished_and_is_the_local_lake_to_the_byte(
    on_spark: Runner, history: History, luigid: str, spark: Standalone, customer_key: str
) -> None:
    url = history.put_raw()
    on_spark.configure("lake", url=url)
    raw = sorted(key for key in history.files() if key.startswith("raw/receipts/sold=2026-10-24"))[
        0
    ]
    client, key = history.seaweed.client(), f"{url.removeprefix(f's3://{BUCKET}/')}/{raw}"
    client.put_object(Bucket=BUCKET, Key=key, Body=b"altered")
    two = ("--workers", "2")  # so that the driver is a child of the process that planned
    said = on_spark(
        "MonthlySummary", "--month", MONTHS, "--scheduler-url", luigid, *two, code=30, scheduler=""
    )
    assert "was altered after it was committed" in said and "completed partitions are kept" in said
    staged = {name for name in history.objects(url) if name.startswith("_manifests/staging/")}
    wanted = {name for name in history.files() if name.startswith("_manifests/staging/")}
    assert 1 <= len(wanted - staged) <= 3 and staged < wanted

    client.put_object(Bucket=BUCKET, Key=key, Body=history.files()[raw])
    on_spark("MonthlySummary", "--month", MONTHS, "--scheduler-url", luigid, scheduler="")
    history.assert_same(url)
    shown = tasks_of(luigid, "DailySales")
    assert shown and any(
        "DailySales built on Spark" in (task["status_message"] or "") for task in shown
    )
    assert any(
        re.match(r"http://(localhost|127\.0\.0\.1):\d+", task["tracking_url"] or "")
        for task in shown
    )
    assert {task["progress_percentage"] for task in tasks_of(luigid, "MonthlySales")} == {100}

    secret = [customer_key, *history.seaweed.environment.values()]
    seen = [
        path
        for folder in (on_spark.folder / "events", spark.folder)
        for path in folder.rglob("*")
        if path.is_file()
    ]
    assert any(
        "EventLog" in path.read_text(errors="replace")
        or "SparkListener" in path.read_text(errors="replace")
        for path in seen
    )
    assert [
        path for path in seen if any(word in path.read_text(errors="replace") for word in secret)
    ] == []


def test_a_driver_and_then_a_worker_that_are_killed_while_days_are_united_from_shares_are_made_good(
    on_spark: Runner, history: History, spark: Standalone
) -> None:
    url = history.put_raw()
    on_spark.configure("lake", url=url).configure("engine", name="spark", share_bytes=30_000)
    client, prefix = (
        history.seaweed.client(),
        f"{url.removeprefix(f's3://{BUCKET}/')}/_claims/staging/",
    )

    def started(days: int) -> subprocess.Popen:
        """A run that has staged more than `days` days."""
        run = on_spark.start("MonthlySummary", "--month", MONTHS)
        deadline = time.monotonic() + 800
        while len(keys(client, BUCKET, prefix)) <= days:
            assert run.poll() is None and time.monotonic() < deadline, run.communicate()[0][-4000:]
            time.sleep(0.05)
        return run

    first = started(0)
    first.kill()
    first.communicate()
    left = len(keys(client, BUCKET, prefix))
    assert left < 12, "the driver was killed too late to prove anything"
    second = started(left)
    spark.kill(spark.processes[1])
    spark.start_worker()
    said, _ = second.communicate(timeout=960)
    assert second.returncode == 0, said[-6000:]
    assert "Lost executor" in said
    history.assert_same(url)


def test_a_cluster_that_cannot_be_reached_is_said_at_once(
    on_spark: Runner, history: History
) -> None:
    on_spark.configure("lake", url=history.put_raw()).configure(
        "spark", master=f"spark://127.0.0.1:{free_port()}"
    )
    began = time.monotonic()
    said = on_spark("DailySales", "--date", "2026-10-24", code=30)
    assert (
        "no Spark master answers at [spark] master = spark://127.0.0.1:" in said
        and "Traceback" not in said
    )
    assert time.monotonic() - began < 160


def test_a_cluster_without_room_is_not_waited_for_for_ever(
    on_spark: Runner, history: History
) -> None:
    on_spark.configure("lake", url=history.put_raw())
    on_spark.configure(
        "spark", properties=json.dumps({"spark.executor.memory": "64g"}), wait_seconds=3
    )
    said = on_spark("DailySales", "--date", "2026-10-24", code=30)
    assert "has given no executor for 3 s" in said


def test_nodes_with_other_settings_build_nothing(on_spark: Runner, history: History) -> None:
    url = history.put_raw()
    on_spark.configure("lake", url=url).environment["CUSTOMER_HASH_KEY"] = os.urandom(12).hex()
    # the same settings fail in each of Spark's attempts
    properties = json.loads(on_spark.options["spark"]["properties"]) | {
        "spark.task.maxFailures": "1"
    }
    on_spark.configure("spark", properties=json.dumps(properties))
    code, output = on_spark.pos("lake", "--accept-key")
    assert code == 0, output
    said = on_spark("DailySales", "--date", "2026-10-24", code=30)
    assert "has another customer_key than the driver; set CUSTOMER_HASH_KEY" in said
    assert not [name for name in history.objects(url) if name.startswith("staging/")]


def test_the_entry_of_the_guide_runs_under_spark_submit_which_names_the_master(
    on_spark: Runner, history: History, spark: Standalone
) -> None:
    url = history.put_raw()
    on_spark.configure("lake", url=url).configure("spark", master="").command()
    entry = re.search(
        r"cat >build/entry.py <<'END'\n(.*?)END\n",
        (ROOT / "docs" / "emr.md").read_text(),
        re.DOTALL,
    )[1]
    (on_spark.folder / "entry.py").write_text(entry)
    days = "2026-10-24,2026-10-25"
    import pyspark

    submit = str(Path(pyspark.__file__).parent / "bin" / "spark-submit")
    done = subprocess.run(
        [submit, "--master", spark.master, "entry.py", "DailySales", "--date", days],
        cwd=on_spark.folder,
        env={**on_spark.env(), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    made = {
        name: body for name, body in history.objects(url).items() if name.startswith("staging/")
    }
    assert made == {
        name: body
        for name, body in history.files().items()
        if name.startswith(tuple(f"staging/day={day}/" for day in days.split(",")))
    }
