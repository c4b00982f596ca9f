"""Run commands and measure wall time, CPU time, memory and requests to the lake."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")
_LONGEST = 3600.0


class CommandFailed(Exception):
    """A measured command did not end with 0, or not in an hour."""


class Cost(NamedTuple):
    """What a command took, all processes of its session together.

    `wall` and `cpu` in seconds; `peak` is the largest sum of proportional set sizes (PSS) in MB,
    which counts shared pages once; `requests` to the lake by verb; `output` is stdout and stderr.
    """

    wall: float
    cpu: float
    peak: float
    requests: Counter[str]
    output: str


def memory_of(*sessions: int) -> float:
    """Megabytes (PSS) that the processes of some sessions hold now."""
    return sum(_pss(folder) for folder in _processes(sessions)) / 1024


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    *,
    interval: float = 0.25,
    other_sessions: Callable[[], Iterable[int]] = tuple,
) -> Cost:
    """Run a command in `folder` and return its cost.

    Raises CommandFailed with the command's output. It is sampled every `interval` seconds, large
    processes less often, as reading the memory of a process stops it. `other_sessions` is called at
    each sample; the memory of the sessions that it returns is added.
    """
    cpu_by_process: dict[str, float] = {}
    waited_before, peak, start = _cpu_of_children(), 0.0, time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=_environment(environment or {}),
        )
        try:
            while process.poll() is None:
                sampled = time.perf_counter()
                if sampled - start > _LONGEST:
                    raise CommandFailed(f"{_short(command)} took more than an hour")
                peak = max(peak, memory_of(process.pid, *other_sessions()))
                for child in _processes([process.pid]):
                    cpu_by_process[child.name] = _cpu(child) or cpu_by_process.get(child.name, 0.0)
                _wait(process, max(interval, 50 * (time.perf_counter() - sampled)))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        wall = time.perf_counter() - start
        log.seek(0)
        output = log.read()
    if process.returncode:
        raise CommandFailed(f"{_short(command)} ended with {process.returncode}:\n{output[-3000:]}")
    # waited: exact, without processes that were not waited for; sampled: all, without their end
    cpu = max(_cpu_of_children() - waited_before, sum(cpu_by_process.values()))
    return Cost(wall, cpu, peak, Counter(), output)


class Workspace:
    """A folder with the settings of this project, and runs of `luigi` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}
        for name in ("luigi.cfg", "config"):
            (folder / name).symlink_to(ROOT / name)
        self._options: dict[str, dict[str, object]] = {"pos": {"state_folder": folder / "state"}}

    def configure(self, section: str, **options: object) -> None:
        """Override options of luigi.cfg."""
        self._options.setdefault(section, {}).update(options)

    def luigi(self, *arguments: str, other_sessions: Callable[[], Iterable[int]] = tuple) -> Cost:
        """The cost of a run of luigi; `other_sessions` as in `run`. Raises CommandFailed."""
        log = self.folder / "requests.log"
        log.write_text("", encoding="utf-8")
        cost = run(
            [sys.executable, "-m", "benchmarks.counted_luigi", *arguments],
            self.folder,
            self._settings() | {"REQUEST_LOG": str(log)},
            other_sessions=other_sessions,
        )
        lines = log.read_text(encoding="utf-8").splitlines()
        return cost._replace(requests=sum((Counter(json.loads(line)) for line in lines), Counter()))

    def pos(self, *arguments: str) -> Cost:
        """The cost of a `pos` command. Raises CommandFailed."""
        command = [sys.executable, "-m", "pipeline", *arguments]
        return run(command, self.folder, self._settings())

    def _settings(self) -> dict[str, str]:
        """Write the options; returns the environment that names their file."""
        overrides = self.folder / "overrides.cfg"
        sections = [
            f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in options.items())
            for section, options in self._options.items()
        ]
        overrides.write_text("".join(sections), encoding="utf-8")
        return self.environment | {"LUIGI_CONFIG_PATH": str(overrides)}

    def files(self) -> list[Path]:
        """The files of the lake."""
        return [path for path in (self.folder / "data").rglob("*") if path.is_file()]


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process, in which compiled code is kept as usual."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), **added}


def _processes(sessions: Iterable[int]) -> list[Path]:
    """The folders below /proc of the processes of some sessions."""
    leaders, folders = set(sessions), []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getsid(int(folder.name)) in leaders:
                folders.append(folder)
        except OSError:
            continue  # it has just ended
    return folders


def _pss(folder: Path) -> int:
    """Kilobytes (PSS) that a process holds; 0 if it has ended."""
    try:
        rollup = (folder / "smaps_rollup").read_text(encoding="ascii")
        return int(rollup.partition("\nPss:")[2].split()[0])
    except (OSError, IndexError):
        return 0


def _cpu(folder: Path) -> float:
    """CPU seconds that a process has taken; 0 if it has ended."""
    try:
        fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _cpu_of_children() -> float:
    """CPU seconds of this process's children that have ended, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for the end of a process, for some seconds at most."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _short(command: Sequence[str]) -> str:
    """The end of a command line."""
    text = " ".join(command[2:])
    return text if len(text) < 200 else text[:200] + "..."
