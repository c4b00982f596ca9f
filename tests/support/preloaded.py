"""Python commands that start quickly: a server has imported their libraries.

A command is a process of its own, with its own folder, environment, signals and exit code. Luigi,
Spark, the settings and the tasks are imported in each, so that whatever they read while they are
imported is that of the command; the libraries and the stages that are imported before read nothing
of it (tests/test_architecture.py). Two servers take turns, so that two runs in a row differ in the
seed of their hashes, as two interpreters do.

`pos run` starts luigi in a fork that was made before it, for the same reason.

A command can leave out the drawn files of reports, which most tests do not read (few_files.py).

`run` asks a server; `python -m tests.support.preloaded FD` is one, which ends with the process that
started it.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import gc
import itertools
import json
import os
import re
import runpy
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from signal import SIGKILL
from typing import NoReturn

from tests.support.few_files import leave_undrawn
from tests.support.unsynced import leave_unsynced

ROOT = Path(__file__).parent.parent.parent
# What Luigi, the project and its reports import of others: most of the time of a start.
LIBRARIES = (
    "asyncio",
    "babel.dates",
    "babel.numbers",
    "boto3",
    "dateutil.rrule",
    "dotenv",
    "duckdb",
    "email.policy",
    "holidays",
    "jinja2",
    "jsonschema",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "msgspec",
    "multiprocessing.pool",
    "pandas",
    "pyarrow.compute",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "requests",
    "seaborn",
    "smtplib",
    "tenacity",
    "tornado",
    "tqdm",
    "typst",
    "xlsxwriter",
)
# The stages and the reports: what of the project reads neither settings nor environment.
STAGES = (
    "pipeline.deliver",
    "pipeline.describe",
    "pipeline.extract",
    "pipeline.load",
    "pipeline.maintenance",
    "pipeline.pos.loyverse.client",
    "pipeline.simulator",
    "pipeline.summarize.month",
    "pipeline.transform",
    "reports.charts.bars",
    "reports.charts.heat",
    "reports.compose",
    "reports.render.pdf",
    "reports.render.workbook",
)
# Variables that an interpreter or a library reads before a command begins.
_EARLY = re.compile(r"(PYTHON|LC_|LANG|TZ$|HOME$|XDG_C|MPL|ARROW_|OMP_|OPENBLAS_|MALLOC_|LD_)")
_PADDING = 4096 * "-"  # room for the command line of a command
_MAX_REQUEST = 1 << 18
_turns = itertools.count()


def early(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a forked command would read too late."""
    return {name: value for name, value in environment.items() if _EARLY.match(name)}


_own = early(os.environ)


def can_run(environment: Mapping[str, str]) -> bool:
    """Whether a server's variables are those of `environment`, where it matters."""
    return sys.platform == "linux" and early(environment) == _own


def run(
    module: str,
    *arguments: str,
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
    is_drawn: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE ARGUMENTS...`; reports have few files unless `is_drawn`.

    stdout of the result holds stderr too. Raises TimeoutExpired when the command had to be killed.
    """
    command = [module, *arguments]
    status, given = socket.socketpair()
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as output, status.makefile() as answers:
        request = json.dumps([command, str(folder), dict(environment), is_drawn]).encode()
        with given:
            socket.send_fds(_server(next(_turns) % 2), [request], [writing, given.fileno()])
        os.close(writing)
        status.close()  # `answers` keeps it
        pid = int(answers.readline())
        timer = threading.Timer(timeout, os.kill, (pid, SIGKILL))
        timer.start()
        try:
            text = output.read()
            code = int(answers.readline())
        finally:
            is_late = timer.finished.is_set()
            timer.cancel()
    if is_late:
        raise subprocess.TimeoutExpired(command, timeout, text)
    return subprocess.CompletedProcess(command, code, text)


@functools.cache
def _server(turn: int) -> socket.socket:
    """The connection to a server, which ends when this process closes it."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with there:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.preloaded", str(there.fileno()), _PADDING],
            cwd=ROOT,
            env={**os.environ, **_own},
            stdin=subprocess.DEVNULL,
            pass_fds=(there.fileno(),),
        )

    def stop() -> None:
        here.close()
        process.wait()

    atexit.register(stop)
    return here


def _serve(control: socket.socket) -> list[str]:
    """Fork a process for each request; returns in that process, with its command."""
    while True:
        request, files, _, _ = socket.recv_fds(control, _MAX_REQUEST, 2)
        if not request:
            os._exit(0)
        output, status = files
        if not os.fork():
            control.close()
            command, folder, environment, is_drawn = json.loads(request)
            _keep(output, status)
            if not is_drawn:
                leave_undrawn()
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            return command
        os.close(output)
        os.close(status)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass  # earlier ones, which have ended


def _keep(output: int, status: int) -> None:
    """Fork the command, which returns; this process reports its exit code."""
    if pid := os.fork():
        os.close(output)
        os.write(status, b"%d\n" % pid)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(status, b"%d\n" % code)
        os._exit(0)
    os.close(status)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)


def _fork_luigi() -> list[str] | None:
    """Fork a process that becomes the luigi which this one starts.

    Returns in that process, with its command; and None in this one.
    """
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if not pid:
        here.close()
        os.setpgid(0, 0)
        request, lifelines, _, _ = socket.recv_fds(there, _MAX_REQUEST, 1)
        if not request:
            os._exit(0)  # none was started
        there.close()
        command, environment = json.loads(request)
        os.environ.clear()
        os.environ.update(environment, POS_PARENT_PIPE=str(lifelines[0]))
        return command
    there.close()

    class Popen(subprocess.Popen):  # type: ignore[type-arg]
        """Luigi in the fork; anything else in a new process."""

        def __init__(self, command: list[str], **options: object) -> None:
            if command[1:3] != ["-m", "luigi"]:
                super().__init__(command, **options)
                return
            self.pid = pid
            request = json.dumps([command[2:], dict(options["env"])]).encode()
            socket.send_fds(here, [request], options["pass_fds"])

        def wait(self, timeout: float | None = None) -> int:
            if self.pid != pid:
                return super().wait(timeout)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    subprocess.Popen = Popen
    return None


def _rename(words: list[str]) -> None:
    """Show `words` in /proc, where Luigi's lock looks for a run of the same command."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])  # arg_start, arg_end
    line = "\0".join(words).encode()
    assert len(line) < end - start, "raise _PADDING"
    ctypes.memmove(start, line.ljust(end - start, b"\0"), end - start)


def main() -> None:
    for name in (*LIBRARIES, *STAGES):
        import_module(name)
    leave_unsynced()
    gc.freeze()  # a collection in a fork would copy their memory
    atexit.register(gc.unfreeze)  # what they hold is released at the end, as ever
    with (
        socket.socket(fileno=int(sys.argv[1])) as control,
        warnings.catch_warnings(action="ignore"),
    ):
        command = _serve(control)  # Python warns of threads, which a fork does not have
        if command[:2] == ["pipeline", "run"]:
            command = _fork_luigi() or command
    tempfile.tempdir = None  # a library may have asked for it, with another TMPDIR
    del sys.modules["pipeline"]  # which loads the tasks, where Luigi is there before it
    sys.argv[1:] = command[1:]
    sys.path[0] = str(Path.cwd())
    _rename([sys.executable, "-m", *command])
    try:
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            raise
        _leave(end.code or 0)
    _leave(0)


def _leave(code: int) -> NoReturn:
    """End as an interpreter does, except for releasing each of thousands of modules."""
    threading._shutdown()  # waits for threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
