"""A report or an alert as an e-mail: the rendered forms, with headers and the PDF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from pipeline.errors import ConfigError


@dataclass(frozen=True)
class ReportEmail:
    """A report, a closing message or an alert in each form that is sent.

    `file` is the name of the PDF, which only a report has; `blocks` are Slack's. An alert has no
    HTML.
    """

    subject: str
    text: str
    html: str
    file: str
    pdf: bytes
    blocks: tuple[Mapping[str, object], ...]


def compose(
    report: ReportEmail,
    *,
    sender: str,
    to: str,
    sent_at: datetime,
    message_id: str,
    before: str | None,
) -> EmailMessage:
    """The mail to one recipient; the same input gives the same bytes.

    `before` is the Message-ID of the version that it corrects, so that mail programs show both in
    one thread. Raises ConfigError for a header that contains a line break.
    """
    from email.policy import SMTP  # slow to import

    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"], mail["To"], mail["Subject"] = sender, to, report.subject
        mail["Date"], mail["Message-ID"] = format_datetime(sent_at), message_id
        if before:
            mail["In-Reply-To"] = mail["References"] = before
    except (ValueError, IndexError) as error:
        raise ConfigError(
            f"invalid header of a mail ({error}); correct [mail] sender and to"
        ) from None
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(report.text)
    if report.html:
        mail.add_alternative(report.html, subtype="html")
    if report.pdf:
        mail.add_attachment(report.pdf, maintype="application", subtype="pdf", filename=report.file)
    return mail
