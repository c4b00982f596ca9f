"""The alert of a run that failed or left the lake stale.

An alert says what failed, where, and what to do. It is made of the run's day, its exit code, and
the failed tasks with their messages, without secrets. It has a subject, a text, Slack blocks, and a
cause, which is reported once a day. It is in English, for the operator; a test message is in
Spanish too, because owners get it.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from hashlib import sha256

from pipeline.deliver.report_email import ReportEmail, compose
from pipeline.errors import EXIT_CODES, ExitCode, ExitCodeMeaning

SHOWN = 10
_TEST = """This is a test message of the sales pipeline.
Nothing is wrong, and there is nothing to do.
You receive it because your address is in the settings of its reports or alerts (docs/delivery.md).

Este es un mensaje de prueba de los reportes de ventas. Todo está bien y no hay nada que hacer.
Lo recibe porque su dirección está en la configuración de los reportes o avisos.
"""
_RUN_AGAIN = "run again: completed partitions are kept"
_KILLED = f"increase the memory, use fewer --workers, or lower [lake] memory; {_RUN_AGAIN}"
_UNKNOWN = ExitCodeMeaning(
    "the run ended outside of the pipeline: killed, out of memory or time",
    f"read the log; {_RUN_AGAIN}",
)


def explain_code(code: int) -> ExitCodeMeaning:
    """What an exit code means and what to do; 128 + n is a run that signal n ended."""
    if code in EXIT_CODES:
        return EXIT_CODES[ExitCode(code)]
    if code - 128 not in {number.value for number in signal.Signals}:
        return _UNKNOWN
    name = f"signal {code - 128} ({signal.Signals(code - 128).name})"
    if code - 128 == signal.SIGKILL:
        return ExitCodeMeaning(
            f"the run was killed by {name}: out of memory?",
            f"read the machine's kernel log; {_KILLED}",
        )
    return ExitCodeMeaning(f"the run was killed by {name}", f"read the log; {_RUN_AGAIN}")


@dataclass(frozen=True)
class Failure:
    """A failed task: its name with parameters, kind of error and message."""

    task: str
    error: str
    message: str


@dataclass(frozen=True)
class Alert:
    """A run that needs attention; `code` 0 is a test message.

    `status_text`: the status of the lake, for exit codes 3 and 4.
    """

    day: date
    code: int
    failures: tuple[Failure, ...] = ()
    status_text: str = ""

    @property
    def cause(self) -> str:
        """16 hex digits of exit code, task families and kinds of error; the same each day."""
        kinds = sorted(
            {f"{failure.task.partition('(')[0]} {failure.error}" for failure in self.failures}
        )
        return sha256("\n".join([str(self.code), *kinds]).encode()).hexdigest()[:16]

    @property
    def subject(self) -> str:
        """One line of at most 180 characters."""
        if not self.code:
            return "Sales pipeline: test message / mensaje de prueba"
        first = f": {self.failures[0].task}, {self.failures[0].error}" if self.failures else ""
        subject = f"Sales pipeline: run of {self.day} ended with exit code {self.code}{first}"
        return re.sub(r"[\x00-\x1f\x7f]+", " ", subject)[:180]

    @property
    def text(self) -> str:
        """Meaning of the exit code, remedy, first failures and state of the lake."""
        if not self.code:
            return _TEST
        meaning, action = explain_code(self.code)
        lines = [f"Exit code {self.code}: {meaning}.", f"What to do: {action}.", ""]
        lines += [
            f"{failure.task}\n    {failure.error}: {failure.message}"
            for failure in self.failures[:SHOWN]
        ]
        if self.failures[SHOWN:]:
            lines.append(f"and {len(self.failures) - SHOWN} more tasks; the log names them")
        lines += ["", self.status_text] if self.status_text else []
        lines += [
            "",
            "docs/runbook.md explains each exit code. A cause is reported once a day.",
            "",
        ]
        return "\n".join(lines)

    def compose(self, *, sender: str, to: str, sent_at: datetime, message_id: str) -> EmailMessage:
        """The mail to one recipient."""
        return compose(
            ReportEmail(self.subject, self.text, html="", file="", pdf=b"", blocks=()),
            sender=sender,
            to=to,
            sent_at=sent_at,
            message_id=message_id,
            before=None,
        )

    def payload(self, escape: Callable[[str], str]) -> Mapping[str, object]:
        """The message to a webhook in Slack's format, whose markup `escape` removes."""
        text = escape(self.text[:2900]).strip()
        return {
            "text": escape(self.subject),
            "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": self.subject[:150]}},
                {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}},
            ],
        }
