"""Luigi as a child process of `pos`; it and its workers end with `pos`.

A parent that gets SIGTERM, SIGINT or SIGHUP forwards it to Luigi and its workers and, when they
have ended, raises SystemExit with 128 + n. A parent that is killed closes the pipe that Luigi
listens on (`exit_with_parent`).
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

PIPE = "POS_PARENT_PIPE"
GRACE = 30.0  # seconds that Luigi and its workers have to end
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run_luigi(*arguments: str, environment: Mapping[str, str] | None = None) -> int:
    """Run `luigi --module pipeline ARGUMENTS...`; returns its exit code.

    That is 128 + n if signal n ended it. The environment is that of this process, unless one is
    given.
    """
    listening, open_end = os.pipe()
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "luigi", "--module", "pipeline", *arguments],
            pass_fds=(listening,),
            process_group=0,
            env={**(os.environ if environment is None else environment), PIPE: str(listening)},
        )
        os.close(listening)
        with _forwarding_signals(child) as received:
            code = child.wait()
            if received or code < 0:
                _signal(child, signal.SIGKILL)  # workers that have outlived it
    finally:
        os.close(open_end)
    if received:
        print(
            f"ended by {received[0].name}; luigi has ended too. Run again: completed partitions are"
            " kept",
            file=sys.stderr,
        )
        raise SystemExit(128 + received[0])
    if code < 0:
        code = 128 - code
        print("luigi: {}. What to do: {}.".format(*explain_code(code)), file=sys.stderr)
    return code


def exit_with_parent() -> None:
    """In the child of `run_luigi`: end it and its workers when the parent is gone."""
    if listening := os.environ.pop(PIPE, ""):
        threading.Thread(target=_listen, args=(int(listening),), daemon=True).start()


def _listen(listening: int) -> None:
    os.read(listening, 1)  # nothing is ever written: returns when the parent's end is closed
    os.killpg(os.getpid(), signal.SIGTERM)  # its own group: only its workers are in it


@contextlib.contextmanager
def _forwarding_signals(child: subprocess.Popen[bytes]) -> Iterator[list[signal.Signals]]:
    """Hand signals on to `child` and its workers; yields those that were received."""
    received: list[signal.Signals] = []
    timer = threading.Timer(GRACE, _signal, (child, signal.SIGKILL))
    timer.daemon = True

    def forward(number: int, _: object) -> None:
        if not received:
            timer.start()
        received.append(signal.Signals(number))
        _signal(child, received[-1])

    if threading.current_thread() is not threading.main_thread():  # it alone receives signals
        yield received
        return
    # nohup ignores SIGHUP, and so does luigi then
    numbers = [n for n in _FORWARDED if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, forward) for number in numbers}
    try:
        yield received
    finally:
        timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # all have ended
        os.killpg(child.pid, number)
