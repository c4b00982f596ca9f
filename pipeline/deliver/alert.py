"""What a person is told of a night that failed, or left the lake stale: what broke, where, and what
to do.

In: the night's day, the exit code, and the tasks that failed with their messages, from which
secrets have been taken already. Out: subject, text, Slack blocks, and the cause, by which it is
said once a day. In English, as the runbook is: who acts on it is who runs the pipeline. A trial is
in both languages, as owners get it too.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from pipeline.deliver.report_email import slack

SHOWN = 10
WHAT_TO_DO = {
    1: (
        "luigi did not begin: no such task or module, or no luigi.cfg in its folder",
        "see Luigi does not begin in the runbook",
    ),
    2: ("a setting or the lake is wrong", "do what the sentence says"),
    3: (
        "stale: the last window is older than it should be, or windows are missing",
        "see Stale in the runbook",
    ),
    4: (
        "degraded: the night went through, but the account's history wall has cut off part of it",
        "see Degraded in the runbook",
    ),
    10: (
        "the same command is running already",
        "wait for it; if none runs, remove the pid file that the message names",
    ),
    20: ("an input from outside is missing", "bring it"),
    25: (
        "the scheduler did not let a task run",
        "is luigid paused, or the task disabled? Look at the visualizer, or use --local-scheduler",
    ),
    30: ("a task failed", "read the sentence; run again: what is finished is skipped"),
    35: (
        "planning failed: a setting, a right, an invalid month, a store that does not answer, or an"
        " object of raw that is missing",
        "read the sentence",
    ),
    40: (
        "something unforeseen, or a parameter that cannot be read",
        "read the sentence; a traceback is a defect of this project",
    ),
}
_TRIAL = """This is a trial message of the sales pipeline. Nothing is wrong, and there is nothing to do.
You get it because your address is named for its reports or alerts (docs/delivery.md).

Este es un mensaje de prueba de los reportes de ventas. Todo está bien y no hay nada que hacer.
Lo recibe porque su dirección está en la configuración de los reportes o avisos.
"""
_UNKNOWN = (
    "the run ended outside of the pipeline: killed, out of memory or time",
    "look into the log; run again: what is finished is skipped",
)


def explain_code(code: int) -> tuple[str, str]:
    """What an exit code means, and what to do; 128 + n is a run that was killed by signal n."""
    if code - 128 in {one.value for one in signal.Signals}:
        name = f"signal {code - 128} ({signal.Signals(code - 128).name})"
        if code - 128 == signal.SIGKILL:
            return (
                f"the run was killed by {name}: out of memory?",
                (
                    "look into the machine's log for the kernel's word on it; give the run more"
                    " memory, fewer --workers, or a smaller [lake] memory, and run again: what is"
                    " finished is skipped"
                ),
            )
        return (
            f"the run was killed by {name}",
            (
                "if nobody did that on purpose, look into the log; run again: what is finished is"
                " skipped"
            ),
        )
    return WHAT_TO_DO.get(code, _UNKNOWN)


@dataclass(frozen=True)
class Failure:
    """A task that failed: its name with parameters, the kind of error, and its sentence."""

    task: str
    error: str
    message: str


@dataclass(frozen=True)
class Alert:
    """A night that somebody must look at; `summary` is how the lake stands, where that is known.
    Code 0 is a trial.
    """

    day: date
    code: int
    failures: tuple[Failure, ...] = ()
    summary: str = ""

    @property
    def cause(self) -> str:
        """16 hex, the same for the same trouble: exit code, families of the tasks and kinds of
        error, not days or counts.
        """
        kinds = sorted(
            {f"{failure.task.partition('(')[0]} {failure.error}" for failure in self.failures}
        )
        return sha256("\n".join([str(self.code), *kinds]).encode()).hexdigest()[:16]

    @property
    def subject(self) -> str:
        if not self.code:
            return "Sales pipeline: trial message / mensaje de prueba"
        first = f": {self.failures[0].task}, {self.failures[0].error}" if self.failures else ""
        return _one_line(f"Sales pipeline: night of {self.day} ended with {self.code}{first}")[:180]

    @property
    def text(self) -> str:
        if not self.code:
            return _TRIAL
        what, todo = explain_code(self.code)
        lines = [f"Exit code {self.code}: {what}.", f"What to do: {todo}.", ""]
        lines += [
            f"{failure.task}\n    {failure.error}: {failure.message}"
            for failure in self.failures[:SHOWN]
        ]
        if self.failures[SHOWN:]:
            lines.append(f"and {len(self.failures) - SHOWN} more tasks; the log names them")
        lines += ["", self.summary] if self.summary else []
        return "\n".join(
            [
                *lines,
                "",
                (
                    "docs/runbook.md says what each exit code means. The same cause is told once a"
                    " day."
                ),
                "",
            ]
        )

    def compose(self, *, sender: str, to: str, at: datetime, message_id: str) -> EmailMessage:
        """The mail to one person."""
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = sender, to, self.subject
        mail["Date"], mail["Message-ID"], mail["Auto-Submitted"] = (
            format_datetime(at),
            message_id,
            "auto-generated",
        )
        mail.set_content(self.text)
        return mail

    def payload(self) -> Mapping[str, object]:
        """The message to a webhook in Slack's format."""
        said = slack([(self.text[:2900], False)])
        return {
            "text": slack([(self.subject, False)]),
            "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": self.subject[:150]}},
                {"type": "section", "text": {"type": "mrkdwn", "text": said[:3000]}},
            ],
        }


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)
