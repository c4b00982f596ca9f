"""A clean environment for each test, and the pipeline as users start it: as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.machine import find_browser, find_java, missing

ROOT = Path(__file__).parent.parent

# Random inputs are the same in each run, so that only a change of code can make a test fail. The
# scheduled job uses new ones: ./run test --hypothesis-profile random
_INPUTS = settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("fixed", _INPUTS, derandomize=True)
settings.register_profile("random", _INPUTS, derandomize=False)
settings.load_profile("fixed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write golden files again, on purpose"
    )


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting, credential, proxy or state of the machine reaches a test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in list(os.environ):
        if name.startswith(
            ("AWS_", "LUIGI_", "LOYVERSE_", "SQUARE_", "CUSTOMER_", "SMTP_", "WEBHOOK_", "POS_")
        ) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture
def stride(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """Step of a test that tries each place of a run: 1 in the scheduled job, else n."""
    is_exhaustive = request.config.getoption("--hypothesis-profile") == "random"
    return lambda n: 1 if is_exhaustive else n


@dataclass
class Runner:
    """`luigi --module pipeline ...` in its own folder, with luigi.cfg and overrides of it."""

    folder: Path
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def configure(self, section: str, **options: object) -> Runner:
        self.options.setdefault(section, {}).update(
            {name: str(value) for name, value in options.items()}
        )
        return self

    def command(self, *arguments: str, scheduler: str = "--local-scheduler") -> list[str]:
        lines = [
            f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in options.items())
            for section, options in self.options.items()
        ]
        (self.folder / "overrides.cfg").write_text("\n".join(lines).replace("%", "%%"))
        for name in ("luigi.cfg", "config"):
            if not (self.folder / name).exists():
                (self.folder / name).symlink_to(ROOT / name)
        return [
            sys.executable,
            "-m",
            "luigi",
            "--module",
            "pipeline",
            *arguments,
            *([scheduler] if scheduler else []),
        ]

    def pos(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of `pos ...`."""
        self.command()
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=self.folder,
            env=self.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=960,
            check=False,
        )
        return done.returncode, done.stdout

    def start(self, *arguments: str, **kwargs: object) -> subprocess.Popen:
        command = self.command(*arguments, **kwargs)
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "LUIGI_CONFIG_PATH": str(self.folder / "overrides.cfg"),
            **self.environment,
        }

    def __call__(
        self, *arguments: str, code: int = 0, timeout: float = 960, **kwargs: object
    ) -> str:
        """What the run printed; fails the test when it does not exit with `code`."""
        command = self.command(*arguments, **kwargs)
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == code, (
            f"exit code {done.returncode}, not {code}:\n{done.stdout[-6000:]}"
        )
        return done.stdout


@pytest.fixture
def luigi(tmp_path: Path) -> Runner:
    """A runner whose lake is a folder below `tmp_path` and whose clock stands still."""
    runner = Runner(tmp_path)
    runner.configure("lake", url=tmp_path / "lake").configure(
        "core", lock_pid_dir=tmp_path / "locks"
    )
    runner.configure("pos", now="2026-11-23T15:00:00Z")
    return runner


@pytest.fixture
def browser() -> Iterator[object]:
    """Headless Chromium without a network of its own; skipped where the machine has none.

    For one test at a time: its event loop is the thread's, and there can be only one.
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


# Folders and files whose tests build whole lakes or reports, start processes, or try many inputs.
SLOW = (
    "tests/dag/",
    "tests/executors/",
    "tests/reports/",
    "tests/extract/test_model.py",
    "tests/extract/test_model_lake.py",
    "tests/load/test_races.py",
    "tests/load/test_scale.py",
    "tests/ops/test_child.py",
    "tests/ops/test_linters.py",
    "tests/ops/test_scripts.py",
    "tests/simulator/square/test_laws.py",
    "tests/simulator/square/test_official_sdk.py",
    "tests/simulator/square/test_same_sales.py",
    "tests/summarize/test_oracle.py",
    "tests/summarize/test_whole_way.py",
    "tests/transform/test_laws.py",
    "tests/transform/test_reference.py",
    "tests/transform/test_simulator.py",
)
# Fixtures that run luigi or pos as a process.
PIPELINES = {"luigi"}
# Fixtures that start something outside of the test process.
REAL_SERVERS = {"seaweed_server", "luigid", "browser", "java_home", "spark"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by folder and by the servers that they start."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if item.nodeid.startswith(SLOW) or PIPELINES & names:
            item.add_marker("slow")
        if REAL_SERVERS & names:
            item.add_marker("real_server")
