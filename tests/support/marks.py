"""Which tests are slow or start a real server, and which files run first.

`durations.txt` has the seconds of each test function that takes over half a second, with its
fixtures and all its parameters, as the last `./run test --record-durations` measured them. Those
are left out of `./run test --fast`; and the files that take longest start first, so that no process
ends with one of them.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

DURATIONS = Path(__file__).with_name("durations.txt")
LEAST = 0.5
# Fixtures that run luigi or pos as a process.
PIPELINES = {"luigi"}
# Fixtures that start something outside of the test process.
REAL_SERVERS = {"seaweed_server", "luigid", "browser", "java_home", "spark"}


def function_of(nodeid: str) -> str:
    """The id of a test without its parameters."""
    return nodeid.partition("[")[0]


def recorded() -> dict[str, float]:
    """The seconds of each test function in DURATIONS."""
    lines = (line.split() for line in DURATIONS.read_text(encoding="utf-8").splitlines())
    return {function: float(seconds) for seconds, function in lines}


def mark(items: list[pytest.Item]) -> None:
    """Put the longest files first, and mark tests that are slow or start a real server."""
    durations = recorded()
    totals: Counter[str] = Counter()
    for function, seconds in durations.items():
        totals[function.partition("::")[0]] += seconds
    items.sort(key=lambda item: -totals[item.nodeid.partition("::")[0]])
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if function_of(item.nodeid) in durations or PIPELINES & fixtures:
            item.add_marker("slow")
        if REAL_SERVERS & fixtures:
            item.add_marker("real_server")


class Recorder:
    """Measures the tests of a session, and writes DURATIONS at its end."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[function_of(report.nodeid)] += report.duration

    def pytest_sessionfinish(self) -> None:
        lines = [
            f"{seconds:.1f} {function}"
            for function, seconds in self.seconds.most_common()
            if seconds > LEAST
        ]
        DURATIONS.write_text("\n".join(lines) + "\n", encoding="utf-8")
