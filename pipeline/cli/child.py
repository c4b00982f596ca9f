"""Luigi as a child of `pos`: it hears the signals that its parent hears, and does not outlive it,
nor do its workers.

In: the words of Luigi's command line. Out: its exit code; 128 + n where signal n has killed it, as
shells say it. Where the parent is told to end (SIGTERM, SIGINT, SIGHUP), so is Luigi with all its
workers, and once they have ended SystemExit is raised with 128 + n. A parent that is killed closes
the pipe on whose other end Luigi listens (`exit_with_parent`), whatever killed it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping

from pipeline.deliver import explain_code

LIFELINE = "POS_LIFELINE"
GRACE = 30.0  # seconds that Luigi and its workers have to end
_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run_luigi(*words: str, environment: Mapping[str, str] | None = None) -> int:
    """The exit code of `luigi --module pipeline WORDS...`; the environment is that of this process,
    where none is given.
    """
    listening, held = os.pipe()
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "luigi", "--module", "pipeline", *words],
            pass_fds=(listening,),
            process_group=0,
            env={**(os.environ if environment is None else environment), LIFELINE: str(listening)},
        )
        os.close(listening)
        with _passing_on(child) as on_wait:
            code = child.wait()
            if on_wait or code < 0:
                _signal(child, signal.SIGKILL)  # workers that have outlived it
    finally:
        os.close(held)
    if on_wait:
        print(
            f"told to end by {on_wait[0].name}; luigi has ended too. Run again: what is finished is"
            " skipped",
            file=sys.stderr,
        )
        raise SystemExit(128 + on_wait[0])
    if code < 0:
        code = 128 - code
        print("luigi: {}. What to do: {}.".format(*explain_code(code)), file=sys.stderr)
    return code


def exit_with_parent() -> None:
    """In the child: end this process and its workers when the parent is no more. Nothing where no
    parent has asked for it.
    """
    if listening := os.environ.pop(LIFELINE, ""):
        threading.Thread(target=_listen, args=(int(listening),), daemon=True).start()


def _listen(listening: int) -> None:
    os.read(listening, 1)  # nothing is ever written: it returns when the parent's end is closed
    os.killpg(os.getpid(), signal.SIGTERM)  # its own group: nobody else is in it


@contextlib.contextmanager
def _passing_on(child: subprocess.Popen) -> Iterator[list[signal.Signals]]:
    """Hands signals on to `child` and its workers; gives those that were heard."""
    on_wait: list[signal.Signals] = []
    timer = threading.Timer(GRACE, _signal, (child, signal.SIGKILL))
    timer.daemon = True

    def hear(number: int, _: object) -> None:
        if not on_wait:
            timer.start()
        on_wait.append(signal.Signals(number))
        _signal(child, on_wait[-1])

    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield on_wait
        return
    heeded = [
        number for number in _HEARD if signal.getsignal(number) is not signal.SIG_IGN
    ]  # nohup ignores SIGHUP, and so does luigi then
    before = {number: signal.signal(number, hear) for number in heeded}
    try:
        yield on_wait
    finally:
        timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _signal(child: subprocess.Popen, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # all have ended
        os.killpg(child.pid, number)
