"""The local executor loads no Spark; large months keep to their memory."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.errors import ConfigError, EngineError
from pipeline.executors.spark import open_cluster
from pipeline.executors.spark_checks import without_secrets
from pipeline.load.parquet import to_bytes
from pipeline.tasks import DailySales, MonthlySales, MonthlySummary
from pipeline.tasks.tables import open_tables
from tests.summarize.lake_month import draw_month, summarize_month
from tests.support.runner import ROOT, Runner

DAYS = (date(2026, 10, 1), date(2026, 10, 2))


def test_no_module_of_spark_is_loaded_by_the_tasks() -> None:
    code = (
        "import sys, pipeline.tasks; print(*sorted(name for name in sys.modules if"
        " name.startswith(('pyspark', 'py4j'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == []


def test_a_batch_is_written_as_its_days_and_speaks_for_all_of_them() -> None:
    batch = DailySales(date=DAYS)
    assert batch.to_str_params() == {"date": "2026-10-01,2026-10-02"}
    assert DailySales.from_str_params(batch.to_str_params()) == batch
    assert batch.parts() == [DailySales(date=day) for day in DAYS]
    assert [str(target) for target in batch.output()] == [
        "staging/2026-10-01",
        "staging/2026-10-02",
    ]
    assert MonthlySales.from_str_params({"month": "2026-09,2026-10"}).parts() == [
        MonthlySales(month=date(2026, n, 1)) for n in (9, 10)
    ]
    assert DailySales(date=DAYS[0]).parts() == [DailySales(date=DAYS[0])]


def test_an_engine_that_there_is_not_is_refused_by_name(luigi: Runner) -> None:
    luigi.configure("engine", name="ray")
    assert "[engine] name = 'ray': use local or spark" in luigi(
        "DailySales", "--date", "2026-10-31", code=35
    )


@pytest.mark.parametrize(
    "name",
    [
        "spark.hadoop.fs.s3a.secret.key",
        "spark.executorEnv.AWS_SESSION_TOKEN",
        "spark.ssl.keyPassword",
        "spark.hadoop.fs.s3a.access.key",
    ],
)
def test_no_secret_is_taken_as_a_property(name: str) -> None:
    with pytest.raises(ConfigError, match="would show on Spark's page") as refused:
        open_cluster("test", "local[1]", {name: "value-of-it"}, 1)
    assert "value-of-it" not in str(refused.value)


def test_a_master_that_is_no_address_or_does_not_answer_is_reported_before_java_starts() -> None:
    with pytest.raises(ConfigError, match="'nowhere' is not host:port"):
        open_cluster("test", "spark://nowhere", {}, 1)
    with pytest.raises(
        EngineError, match=r"no Spark master answers at \[spark\] master = spark://127.0.0.1:1 "
    ):
        open_cluster("test", "spark://127.0.0.1:1", {}, 1)


def test_a_jvm_is_started_without_secrets_and_they_are_back_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [
        "AWS_SECRET_ACCESS_KEY",
        "LOYVERSE_TOKEN",
        "SMTP_PASSWORD",
        "WEBHOOK_URL",
        "PING_URL",
        "CUSTOMER_HASH_KEY",
    ]
    for name in names:
        monkeypatch.setenv(name, "value")
    with without_secrets(()):
        assert [name for name in names if name in os.environ] == []
    with without_secrets(
        ("AWS_", "CUSTOMER_HASH_KEY")
    ):  # a local master's executors are its own threads
        assert [name for name in names if name in os.environ] == [
            "AWS_SECRET_ACCESS_KEY",
            "CUSTOMER_HASH_KEY",
        ]
    assert [os.environ[name] for name in names] == ["value"] * len(names)


@pytest.fixture(scope="module")
def drawn() -> tuple[dict[str, bytes], dict[str, object]]:
    """A month's files of the lake, and the other inputs of its summary."""
    arguments = draw_month(31, 4000).arguments()
    files = {
        dataset.name: to_bytes(arguments.pop(dataset.name), dataset.order)
        for dataset in schema.MONTH_TABLES
    }
    return files, arguments


@pytest.fixture
def month(
    drawn: tuple[dict[str, bytes], dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> SimpleNamespace:
    """A month of the lake as a published task, with the other inputs of its summary."""
    files, arguments = drawn
    monkeypatch.setattr(
        "pipeline.tasks.tables.lake", lambda: SimpleNamespace(read=lambda dataset, name: files)
    )
    monkeypatch.setattr(
        "pipeline.settings.rules", lambda: SimpleNamespace(decimals=arguments["decimals"])
    )
    return SimpleNamespace(dataset="sales", name="2026-10", arguments=arguments)


@pytest.mark.parametrize(
    ("memory", "is_file"), [("1GB", False), ("1KB", True), ("0.5 KiB", True), ("80%", False)]
)
def test_a_month_that_would_fill_its_memory_is_read_from_files(
    month: SimpleNamespace, tmp_path: Path, memory: str, is_file: bool
) -> None:
    with open_tables(month, "1GB", tmp_path) as tables:
        total = tables["sales"]
    with open_tables(month, memory, tmp_path) as tables:
        assert (
            tables["sales"].to_table().equals(total)
            if is_file
            else isinstance(tables["sales"], pa.Table)
        )
    assert list(tmp_path.iterdir()) == []


def test_counted_from_files_within_little_memory_a_month_is_the_same(
    month: SimpleNamespace, tmp_path: Path
) -> None:
    def count(memory: str, limit: str) -> dict[str, bytes]:
        with open_tables(month, memory, tmp_path) as tables:
            counted = summarize_month(
                **month.arguments, **tables, memory_limit=limit, spill=tmp_path
            )
        return {
            dataset.name: to_bytes(counted[dataset.name], dataset.key) for dataset in schema.SUMMARY
        }

    assert count("1KB", "64MB") == count("1GB", "1GB")
