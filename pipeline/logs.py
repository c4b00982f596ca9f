"""The format of log lines: no traceback of a PipelineError, no secret.

A PipelineError says what happened, where and what to do, so its traceback is left out; other
errors keep theirs. Long lists of days are shortened. The lines of a run are also in the file that
POS_LOG names, which `pos tail` follows. Control characters of the shop's data are escaped here,
for log lines and for what `pos` prints, so that they cannot move the cursor or imitate a line.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from pipeline.errors import ConfigError, PipelineError

OWN_SECRETS = (
    "LOYVERSE_TOKEN",
    "SQUARE_TOKEN",
    "CUSTOMER_HASH_KEY",
    "SMTP_PASSWORD",
    "WEBHOOK_URL",
    "PING_URL",
    "PING_FAILURE_URL",
)
SECRETS = (*OWN_SECRETS, "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID")
LOG_FILE_VARIABLE = "POS_LOG"
NAMED = 3  # days of a list
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)
_DAYS = re.compile(r"(\d{4}-\d\d(?:-\d\d)?)((?:, ?\d{4}-\d\d(?:-\d\d)?){4,})")
_NO_SCHEDULER = (
    "no scheduler answers at [core] scheduler_url: start one (./run luigid), or add"
    " --local-scheduler"
)
_WORKER = re.compile(r"^\[pid \d+\] Worker Worker\(.*?\) (\w+)\s+")
_BEARER = re.compile(r"(?i)(bearer\s+|authorization['\"]?\s*[:=]\s*['\"]?(?:bearer\s+)?)[^\s'\",]+")
# the login in an address, such as luigid's behind a proxy
_LOGIN = re.compile(r"://[^/\s:@'\"]+:[^/\s@'\"]+@")
# Luigi puts the traceback of a failing complete() or requires() into the message itself.
_TRACEBACK = re.compile(
    r"Traceback \(most recent call last\):\n(?:.*\n)*?pipeline(?:\.\w+)*\.(\w+): ", re.MULTILINE
)


def escape_controls(text: str) -> str:
    """`text` with control and invisible characters as \\x1b, except line breaks, tabs."""
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def escape_line(text: str) -> str:
    """`text` as one line: control characters and line breaks are escaped."""
    return escape_controls(text).replace("\n", "\\n")


class EscapedStream:
    """A text stream that escapes control characters before it writes to `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(escape_controls(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def redact(text: str) -> str:
    """Return `text` without secret variables, bearer tokens and logins in URLs."""
    for name in SECRETS:
        value = os.environ.get(name, "")
        if len(value) >= 8:
            text = text.replace(value, f"<{name}>")
    return _LOGIN.sub(r"://<secret>@", _BEARER.sub(r"\1<secret>", text))


def shorten(text: str) -> str:
    """`text` with long lists of days or months cut: 2026-10-01 and 28 more."""

    def count(match: re.Match[str]) -> str:
        days = match[0].replace(" ", "").split(",")
        return f"{', '.join(days[:NAMED])} and {len(days) - NAMED} more"

    return _DAYS.sub(count, text)


class LogFormatter(logging.Formatter):
    """One line for a PipelineError, and no secrets."""

    def format(self, record: logging.LogRecord) -> str:
        error = as_own_error(record.exc_info[1] if record.exc_info else None)
        record = _one_line_arguments(record)
        if isinstance(error, PipelineError):
            where = " ".join(record.getMessage().split())
            sentence = f"{type(error).__name__}: {escape_line(str(error))} ({where})"
            record = logging.makeLogRecord(
                record.__dict__
                | dict.fromkeys(("exc_info", "exc_text", "args"))
                | {"msg": sentence}
            )
        text = _TRACEBACK.sub(r"\1: ", super().format(record))
        return shorten(redact(escape_controls(text)))


def _one_line_arguments(record: logging.LogRecord) -> logging.LogRecord:
    """`record` with line breaks of arguments escaped, unless the message has some."""
    if not isinstance(record.args, tuple) or "\n" in str(record.msg):
        return record
    arguments = tuple(
        escape_line(str(value)) if "\n" in str(value) else value for value in record.args
    )
    return logging.makeLogRecord({**record.__dict__, "args": arguments})


def as_own_error(error: object) -> object:
    """`error`, or a ConfigError for Luigi's RPCError: no scheduler answers."""
    if isinstance(error, BaseException) and type(error).__name__ == "RPCError":
        return ConfigError(f"{_NO_SCHEDULER} ({_cause(error)})")
    return error


def _cause(error: BaseException) -> str:
    """The operating system's message."""
    text = f"{error.args[1:]}{error.__context__}"
    match = re.search(r"\[Errno -?\d+\] ([\w ]+)|timed out", text)
    return (match[1] or match[0]) if match else type(error.__context__ or error).__name__


class ConsoleHandler(logging.StreamHandler[TextIO]):
    """Luigi's lines without worker descriptions, one line for each finished task."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.levelno <= logging.INFO and (
            message.startswith(("Informed scheduler", "Did not schedule"))
            or " running   " in message
        ):
            return
        if match := _WORKER.match(message):
            record = logging.makeLogRecord(
                {**record.__dict__, "msg": f"{match[1]:<9}{message[match.end() :]}", "args": None}
            )
        super().emit(record)
        if file := os.environ.get(LOG_FILE_VARIABLE):
            try:
                with Path(file).open("a", encoding="utf-8") as log:
                    log.write(self.format(record) + "\n")
            except OSError:
                self.handleError(record)
