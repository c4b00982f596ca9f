"""How a log line looks: our own errors as one sentence, no secret in any line.

A PipelineError says what, where and what to do, so its traceback is left out; every other error keeps it.
"""

from __future__ import annotations

import logging
import os
import re

from pipeline.errors import PipelineError

SECRETS = ("LOYVERSE_TOKEN", "CUSTOMER_HASH_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "SMTP_PASSWORD", "WEBHOOK_URL")
_WORKER = re.compile(r"^\[pid \d+\] Worker Worker\(.*?\) (\w+)\s+")
_BEARER = re.compile(r"(?i)(bearer\s+|authorization['\"]?\s*[:=]\s*['\"]?(?:bearer\s+)?)[^\s'\",]+")
# Luigi puts the traceback of a failing complete() or requires() into the message itself.
_TRACEBACK = re.compile(r"Traceback \(most recent call last\):\n(?:.*\n)*?pipeline\.errors\.(\w+): ", re.MULTILINE)


def redact(text: str) -> str:
    """`text` without the values of secret environment variables and without bearer tokens."""
    for name in SECRETS:
        value = os.environ.get(name, "")
        if len(value) >= 8:
            text = text.replace(value, f"<{name}>")
    return _BEARER.sub(r"\1<secret>", text)


class Sentence(logging.Formatter):
    """One line for an error that was raised on purpose, and secrets blacked out."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, PipelineError):
            record = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None, "args": None,
                                            "msg": f"{record.getMessage().strip()}: {type(error).__name__}: {error}"})
        return redact(_TRACEBACK.sub(r"\1: ", super().format(record)))


class Console(logging.StreamHandler):
    """Luigi's lines without what is said twice: no line carries the worker's description, and a task is named when it is done."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.levelno <= logging.INFO and (message.startswith(("Informed scheduler", "Did not schedule")) or " running   " in message):
            return
        if found := _WORKER.match(message):
            record = logging.makeLogRecord({**record.__dict__, "msg": f"{found[1]:<9}{message[found.end():]}", "args": None})
        super().emit(record)
