"""Which tests are slow or start a real server, and which files run first.

`durations.txt` has the seconds of each test function that takes over 0.3 seconds, with all its
parameters, and of the files whose fixtures take as long, as the last `./run test
--record-durations` measured them. Those are left out of `./run test --fast`; and the files that
take longest start first, so that no process ends with one of them.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

DURATIONS = Path(__file__).with_name("durations.txt")
LEAST = 0.3
# Fixtures that run luigi or pos as a process.
PIPELINES = {"luigi"}
# Fixtures that start something outside of the test process.
REAL_SERVERS = {"seaweed_server", "luigid", "browser", "java_home", "spark"}


def function_of(nodeid: str) -> str:
    """The id of a test without its parameters."""
    return nodeid.partition("[")[0]


def file_of(nodeid: str) -> str:
    """The file of a test."""
    return nodeid.partition("::")[0]


def recorded() -> dict[str, float]:
    """The seconds of each test function, and of each file's fixtures, in DURATIONS."""
    lines = (line.split() for line in DURATIONS.read_text(encoding="utf-8").splitlines())
    return {name: float(seconds) for seconds, name in lines}


def mark(items: list[pytest.Item]) -> None:
    """Put the longest files first; mark slow tests and those with a real server."""
    durations = recorded()
    totals: Counter[str] = Counter()
    for name, seconds in durations.items():
        totals[file_of(name)] += seconds
    items.sort(key=lambda item: -totals[file_of(item.nodeid)])
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        names = {function_of(item.nodeid), file_of(item.nodeid)}
        if durations.keys() & names or PIPELINES & fixtures:
            item.add_marker("slow")
        if REAL_SERVERS & fixtures or "seaweed" in parameters_of(item):
            item.add_marker("real_server")


def parameters_of(item: pytest.Item) -> list[object]:
    """The parameters of a test; it asks for the server that one of them names."""
    callspec = getattr(item, "callspec", None)
    return list(callspec.params.values()) if callspec else []


class Recorder:
    """Measures the tests of a session, and writes DURATIONS at its end."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        is_fixture = report.when == "setup" and report.duration > LEAST
        self.seconds[(file_of if is_fixture else function_of)(report.nodeid)] += report.duration

    def pytest_sessionfinish(self) -> None:
        lines = [
            f"{seconds:.1f} {name}"
            for name, seconds in self.seconds.most_common()
            if seconds > LEAST
        ]
        DURATIONS.write_text("\n".join(lines) + "\n", encoding="utf-8")
