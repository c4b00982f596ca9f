"""How a log line looks: our own errors as one sentence, no secret in any line, and what `pos tail`
follows.

A PipelineError says what, where and what to do, so its traceback is left out; every other error
keeps it. Of a long list of days the first are named and the rest counted. The lines of a night
stand in the file that POS_LOG names, too.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from pipeline.errors import ConfigError, PipelineError

SECRETS = (
    "LOYVERSE_TOKEN",
    "CUSTOMER_HASH_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "SMTP_PASSWORD",
    "WEBHOOK_URL",
)
FILE = "POS_LOG"
NAMED = 3  # days of a list
_DAYS = re.compile(r"(\d{4}-\d\d(?:-\d\d)?)((?:, ?\d{4}-\d\d(?:-\d\d)?){4,})")
_NO_SCHEDULER = (
    "no scheduler answers at [core] scheduler_url: start one (./run luigid), or add"
    " --local-scheduler"
)
_WORKER = re.compile(r"^\[pid \d+\] Worker Worker\(.*?\) (\w+)\s+")
_BEARER = re.compile(r"(?i)(bearer\s+|authorization['\"]?\s*[:=]\s*['\"]?(?:bearer\s+)?)[^\s'\",]+")
_LOGIN = re.compile(
    r"://[^/\s:@'\"]+:[^/\s@'\"]+@"
)  # of an address such as luigid's behind a proxy
# Luigi puts the traceback of a failing complete() or requires() into the message itself.
_TRACEBACK = re.compile(
    r"Traceback \(most recent call last\):\n(?:.*\n)*?pipeline(?:\.\w+)*\.(\w+): ", re.MULTILINE
)


def redact(text: str) -> str:
    """`text` without the values of secret environment variables, bearer tokens and logins of
    addresses.
    """
    for name in SECRETS:
        value = os.environ.get(name, "")
        if len(value) >= 8:
            text = text.replace(value, f"<{name}>")
    return _LOGIN.sub(r"://<secret>@", _BEARER.sub(r"\1<secret>", text))


def shorten(text: str) -> str:
    """`text` with at most a handful of days in each list of days or months: 2026-10-01, 2026-10-02,
    2026-10-03 and 28 more.
    """

    def count(found: re.Match[str]) -> str:
        days = found[0].replace(" ", "").split(",")
        return f"{', '.join(days[:NAMED])} and {len(days) - NAMED} more"

    return _DAYS.sub(count, text)


class Sentence(logging.Formatter):
    """One line for an error that was raised on purpose, and secrets blacked out."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        error = say_plainly(error)
        if isinstance(error, PipelineError):
            where = " ".join(record.getMessage().split())
            record = logging.makeLogRecord(
                {
                    **record.__dict__,
                    "exc_info": None,
                    "exc_text": None,
                    "args": None,
                    "msg": f"{type(error).__name__}: {error} ({where})",
                }
            )
        return shorten(redact(_TRACEBACK.sub(r"\1: ", super().format(record))))


def say_plainly(error: object) -> object:
    """`error`, or for a scheduler that does not answer (Luigi's RPCError) a sentence that says what
    to do.
    """
    return (
        ConfigError(f"{_NO_SCHEDULER} ({_cause(error)})")
        if type(error).__name__ == "RPCError"
        else error
    )


def _cause(error: BaseException) -> str:
    """What the operating system said, in its words."""
    found = re.search(
        r"\[Errno -?\d+\] ([\w ]+)|timed out", str(error.args[1:]) + str(error.__context__)
    )
    return (found[1] or found[0]) if found else type(error.__context__ or error).__name__


class Console(logging.StreamHandler):
    """Luigi's lines without what is said twice: no line carries the worker's description, and a
    task is named when it is done.
    """

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.levelno <= logging.INFO and (
            message.startswith(("Informed scheduler", "Did not schedule"))
            or " running   " in message
        ):
            return
        if found := _WORKER.match(message):
            record = logging.makeLogRecord(
                {**record.__dict__, "msg": f"{found[1]:<9}{message[found.end() :]}", "args": None}
            )
        super().emit(record)
        if file := os.environ.get(FILE):
            try:
                with Path(file).open("a", encoding="utf-8") as kept:
                    kept.write(self.format(record) + "\n")
            except OSError:
                self.handleError(record)
