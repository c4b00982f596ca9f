"""Python commands that start quickly: a server has imported their libraries.

A command is a process of its own, with its own folder, environment, signals and exit code. Luigi,
Spark, the settings and the tasks are imported in each, so that whatever they read while they are
imported is that of the command; the libraries and the stages that are imported before read nothing
of it (tests/test_architecture.py). Two servers take turns, so that two runs in a row differ in the
seed of their hashes, as two interpreters do.

What a command starts itself is forked as well: luigi, alerts and the embedded shop.

A command can leave out the drawn files of reports, which most tests do not read (few_files.py).

`run` asks a server; `python -m tests.support.preloaded FD` is one, which ends with the process that
started it.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import functools
import gc
import itertools
import json
import os
import pkgutil
import re
import runpy
import select
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import import_module, resources
from pathlib import Path
from signal import SIGKILL
from typing import NamedTuple, NoReturn

from tests.support.few_files import leave_undrawn
from tests.support.short_waits import leave_no_waits
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
PACKAGES = (
    "pipeline.deliver",
    "pipeline.describe",
    "pipeline.extract",
    "pipeline.load",
    "pipeline.maintenance",
    "pipeline.pos",
    "pipeline.simulator",
    "pipeline.summarize",
    "pipeline.transform",
    "reports",
)
# The last two import pipeline.settings.
LEFT_OUT = ("__main__", "pipeline.maintenance.completeness", "pipeline.maintenance.erase")
# Variables that an interpreter or a library reads before a command begins; but for the one that a
# run sets for what it starts, and that changes no result.
_EARLY = re.compile(
    r"(PYTHON|LC_|LANG|TZ$|HOME$|XDG_C|MPL|ARROW_(?!DEFAULT_MEMORY_POOL)"
    r"|OMP_|OPENBLAS_|MALLOC_|LD_)"
)
_PADDING = 4096 * "-"  # room for the command line of a command
_MAX_REQUEST, _MAX_FILES = 1 << 18, 8
# What commands start themselves, and with which options.
MODULES = ("luigi", "pipeline", "pipeline.simulator.embedded")
FORKED_OPTIONS = {"env", "pass_fds", "process_group", "start_new_session", "stdin", "stdout"}
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
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as output, Path(os.devnull).open("rb") as nothing:
        request = Request(command, str(folder), dict(environment), is_drawn)
        forked = Forked(_server(next(_turns) % 2), request, (nothing.fileno(), writing, writing))
        os.close(writing)
        timer = threading.Timer(timeout, os.kill, (forked.pid, SIGKILL))
        timer.start()
        try:
            text = output.read()
            code = forked.wait()
        finally:
            is_late = timer.finished.is_set()
            timer.cancel()
    if is_late:
        raise subprocess.TimeoutExpired(command, timeout, text)
    return subprocess.CompletedProcess(command, code, text)


class Request(NamedTuple):
    """A command for a server; `numbers` are those of the files that it inherits."""

    command: list[str]
    folder: str
    environment: dict[str, str]
    is_drawn: bool
    numbers: Sequence[int] = ()
    has_group: bool = False
    has_session: bool = False


class Forked:
    """A command that a server has forked."""

    def __init__(
        self,
        server: socket.socket,
        request: Request,
        standard: tuple[int, int, int],
        inherited: Sequence[int] = (),
    ) -> None:
        self.status, given = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with given:
            files = [given.fileno(), server.fileno(), *standard, *inherited]
            socket.send_fds(server, [json.dumps(request).encode()], files)
        self.pid = int(self.status.recv(64))

    def has_ended(self) -> bool:
        return bool(select.select([self.status], [], [], 0)[0])

    def wait(self) -> int:
        """The exit code, once."""
        with self.status:
            return int(self.status.recv(64))


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


def _serve(control: socket.socket) -> tuple[Request, socket.socket]:
    """Fork a process for each request; returns in that process.

    With the request it gets a connection to this server, for the commands that it starts itself.
    """
    while True:
        text, files, _, _ = socket.recv_fds(control, _MAX_REQUEST, _MAX_FILES)
        if not text:
            os._exit(0)
        if not os.fork():
            control.close()
            request = Request(*json.loads(text))
            server = socket.socket(fileno=_keep(request, files))
            if not request.is_drawn:
                leave_undrawn()
            os.chdir(request.folder)
            os.environ.clear()
            os.environ.update(request.environment)
            return request, server
        for file in files:
            os.close(file)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass  # earlier ones, which have ended


def _keep(request: Request, files: list[int]) -> int:
    """Fork the command, which returns; this process reports its exit code."""
    if pid := os.fork():
        status = files.pop(0)
        for file in files:
            os.close(file)
        with contextlib.suppress(OSError):  # nothing waits for it any more
            os.write(status, b"%d" % pid)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            os.write(status, b"%d" % code)
        os._exit(0)
    if request.has_group:
        os.setpgid(0, 0)
    if request.has_session:
        os.setsid()
    status, server, *inherited = (fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 256) for file in files)
    for file in files:
        os.close(file)
    for file, number in zip(inherited, [0, 1, 2, *request.numbers], strict=True):
        os.dup2(file, number)
        os.close(file)
    os.close(status)
    return server


class _Popen(subprocess.Popen):  # type: ignore[type-arg]
    """A command of ours is forked from the server; anything else is started as ever."""

    server: socket.socket
    is_drawn: bool
    _forked: Forked | None = None

    def __init__(self, args: list[str], **options: object) -> None:
        environment = options.get("env") or os.environ
        is_ours = (
            args[1:2] == ["-m"]
            and args[2] in MODULES
            and options.keys() <= FORKED_OPTIONS
            and can_run(environment)
        )
        if not is_ours:
            super().__init__(args, **options)
            return
        self.args, self.returncode = args, None
        self.stdin = self.stdout = self.stderr = None
        self._communication_started = False
        numbers = list(options.get("pass_fds", ()))
        request = Request(
            args[2:],
            str(Path.cwd()),
            dict(environment),
            self.is_drawn,
            numbers,
            options.get("process_group") == 0,
            bool(options.get("start_new_session")),
        )
        with contextlib.ExitStack() as stack:
            standard = [0, 1, 2]
            if options.get("stdin") == subprocess.PIPE:
                reading, writing = os.pipe()
                stack.callback(os.close, reading)
                self.stdin, standard[0] = os.fdopen(writing, "wb"), reading
            if options.get("stdout") == subprocess.DEVNULL:
                standard[1] = stack.enter_context(Path(os.devnull).open("wb")).fileno()
            self._forked = Forked(self.server, request, tuple(standard), numbers)
        self.pid = self._forked.pid

    def wait(self, timeout: float | None = None) -> int:
        if not self._forked:
            return super().wait(timeout)
        if self.returncode is None:
            self.returncode = self._forked.wait()
        return self.returncode

    def poll(self) -> int | None:
        if not self._forked:
            return super().poll()
        if self.returncode is None and self._forked.has_ended():
            self.wait()
        return self.returncode


def _rename(words: list[str]) -> None:
    """Show `words` in /proc, where Luigi's lock looks for a run of the same command."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])  # arg_start, arg_end
    line = "\0".join(words).encode()
    assert len(line) < end - start, "raise _PADDING"
    ctypes.memmove(start, line.ljust(end - start, b"\0"), end - start)


def _import_all(name: str) -> None:
    package = import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not module.name.endswith(LEFT_OUT):
            import_module(module.name)


def _warm() -> None:
    """Read and compile what each run with a report would: texts, locales, templates."""
    from reports.figures.holidays import holidays_in
    from reports.localizer import Localizer
    from reports.render.html import template

    for locale in ("en_US", "es_MX"):
        Localizer(locale, 2)
    for path in resources.files("reports").iterdir():
        if path.name.endswith(".j2"):
            template(path.name)
    holidays_in(["America/Mexico_City"], [date(2026, 10, 1)])


def main() -> None:
    gc.disable()  # a collection would only visit modules
    for name in LIBRARIES:
        import_module(name)
    for name in PACKAGES:
        _import_all(name)
    _warm()
    leave_unsynced()
    leave_no_waits()
    gc.collect()
    gc.freeze()  # a collection in a fork would copy their memory
    gc.enable()
    atexit.register(gc.unfreeze)  # what they hold is released at the end, as ever
    with (
        socket.socket(fileno=int(sys.argv[1])) as control,
        warnings.catch_warnings(action="ignore"),
    ):
        request, server = _serve(control)  # Python warns of threads, which a fork does not have
    command = request.command
    if command[0] in MODULES:
        _Popen.server, _Popen.is_drawn = server, request.is_drawn
        subprocess.Popen = _Popen  # type: ignore[misc]
    else:
        server.close()
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
