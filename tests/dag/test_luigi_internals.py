"""Names of Luigi that it does not document (docs/decisions/0022-luigi-internals.md)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import luigi
import pytest
from luigi import interface, lock, rpc, worker

from pipeline.tasks import command_line
from pipeline.tasks import lock as lock_of_lake
from tests.support.runner import ROOT


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (lock_of_lake._acquire, ["pid_dir", "num_available", "kill_signal"]),
        (lock._read_pids_file, ["pid_file"]),
        (interface._WorkerSchedulerFactory.create_remote_scheduler, ["self", "url"]),
        (
            command_line._run,
            [
                "cmdline_args",
                "main_task_cls",
                "worker_scheduler_factory",
                "use_dynamic_argparse",
                "local_scheduler",
                "detailed_summary",
            ],
        ),
        (rpc._urljoin, ["base", "url"]),
        (luigi.Task._requires, ["self"]),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_functions(function: Callable[..., object], parameters: list[str]) -> None:
    assert list(inspect.signature(function).parameters) == parameters


def test_attributes() -> None:
    scheduler = rpc.RemoteScheduler("http://127.0.0.1:1")
    fetch = inspect.signature(scheduler._fetcher.fetch).parameters
    assert list(fetch) == ["full_url", "body", "timeout"]
    reporter = worker.TaskStatusReporter(scheduler, "task", "worker", None)
    assert (reporter._scheduler, reporter._worker_id) == (scheduler, "worker")
    assert reporter.update_status_message.__self__ is reporter
    assert luigi.Parameter("default")._default == "default"


def test_the_decision_names_every_private_name() -> None:
    """Private attributes of Luigi's modules and objects in pipeline/, as the text shows them."""
    decision = (ROOT / "docs/decisions/0022-luigi-internals.md").read_text(encoding="utf-8")
    private = re.compile(
        r"\b(?:lock|interface|rpc|luigi|reporter|parameter|worker|_fetcher|Register|CmdlineParser)"
        r"\.(_[A-Za-z]\w*)|\bself\.(_fetcher)\b"
    )
    used = {
        name
        for path in Path(ROOT, "pipeline").rglob("*.py")
        if "luigi" in (text := path.read_text(encoding="utf-8"))
        for name in filter(None, sum(private.findall(text), ()))
    }
    assert used
    assert {name for name in used if name not in decision} == set()
