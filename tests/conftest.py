"""A clean environment for each test, and the pipeline as users start it: as a process."""

from __future__ import annotations

import atexit
import gc
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.machine import find_browser, find_java, missing
from tests.support.marks import Recorder, mark
from tests.support.runner import Runner
from tests.support.unsynced import leave_unsynced

pytest_plugins = ("tests.support.fixtures",)

# Random inputs are the same in each run, so that only a change of code can make a test fail. The
# scheduled job uses new ones: ./run test --hypothesis-profile random
_INPUTS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("fixed", _INPUTS, derandomize=True, max_examples=15)
settings.register_profile("random", _INPUTS, derandomize=False, max_examples=100)
settings.load_profile("fixed")

gc.disable()  # until all tests are imported: a collection would only visit modules

_tests = itertools.count()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write golden files again, on purpose"
    )
    parser.addoption(
        "--record-durations", action="store_true", help="write tests/support/durations.txt again"
    )


@pytest.fixture(scope="session", autouse=True)
def unsynced() -> Iterator[None]:
    """No write of a test waits for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        leave_unsynced(patch.setattr)
        yield


@pytest.fixture(autouse=True)
def clean_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting, credential, proxy or state of the machine reaches a test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(state_folder(request)))
    for name in list(os.environ):
        if name.startswith(
            ("AWS_", "LUIGI_", "LOYVERSE_", "SQUARE_", "CUSTOMER_", "SMTP_", "WEBHOOK_", "POS_")
        ) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    if context := sys.modules.get("pipeline.settings.run_context"):
        context.new_run()  # no value that another test has read


def state_folder(request: pytest.FixtureRequest) -> Path:
    """A folder of the test that is not there yet: most tests need none, and creating takes time."""
    if "tmp_path" in request.fixturenames:
        return request.getfixturevalue("tmp_path") / "state"
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    states = factory.getbasetemp() / "states"
    states.mkdir(exist_ok=True)
    return states / str(next(_tests))


@pytest.fixture
def stride(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """Step of a test that tries each place of a run: 1 in the scheduled job, else n."""
    is_exhaustive = request.config.getoption("--hypothesis-profile") == "random"
    return lambda n: 1 if is_exhaustive else n


@pytest.fixture
def luigi(tmp_path: Path) -> Runner:
    """A runner whose lake is a folder below `tmp_path` and whose clock stands still.

    A test that looks at pages, PDFs, workbooks or charts of reports sets its `is_drawn`. It builds
    in its own process: a pool would import everything again, and draw.
    """
    runner = Runner(tmp_path, is_drawn=False)
    runner.configure("lake", url=tmp_path / "lake").configure(
        "core", lock_pid_dir=tmp_path / "locks"
    )
    runner.configure("pos", now="2026-11-23T15:00:00Z").configure("engine", workers=1)
    return runner


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Headless Chromium without a network of its own; skipped where the machine has none.

    For one file at a time: its event loop is the thread's, and there can be only one.
    """
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if not path:
        missing("No Chromium on this machine: install it, or run ./run test once as root.")
    quiet = [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=quiet)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def java_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """JAVA_HOME for Spark, set for this session; skipped where Spark or Java is missing."""
    home = find_java(tmp_path_factory.mktemp("jdk"))
    if not find_spec("pyspark") or not home:
        missing("Spark or Java 17 is not installed: run ./run test, which installs both.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", str(home))
        yield home


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--record-durations") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark(items)


def pytest_collection_finish() -> None:
    """Take modules and tests out of garbage collection, which would visit them all the time."""
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # what they hold is released at the end, as ever
    gc.set_threshold(50_000, 20, 20)  # as in a run of the product
    gc.enable()
    # a child that releases a DuckDB connection of its parent crashes: it waits for threads that
    # it does not have
    os.register_at_fork(before=gc.collect)
