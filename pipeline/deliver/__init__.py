"""Take what was published to people: reports by e-mail and webhook, alerts of nights that failed.
Once each.

In: the files of a report's edition, addresses, a store for the ledger. Out: mail (SMTP over TLS)
and messages in Slack's format, and a ledger that says what reached whom. Nothing here knows how
reports are made, reads a setting or decides that something is sent at all. Raises DeliveryError;
`Refused` means that nothing was sent, `Unanswered` that nobody knows.
"""

from pipeline.deliver.alert import WHAT_TO_DO, Alert, Failure, explain_code
from pipeline.deliver.delivery_log import DeliveryKey, DeliveryLog, recipient_id
from pipeline.deliver.outcome import Abandoned, Refused, Unanswered
from pipeline.deliver.plan import Due, Issued, find_due, has_visible_changes, same_figures
from pipeline.deliver.report_email import ReportEmail, compose, write_report_email
from pipeline.deliver.smtp import Mailer, check_address
from pipeline.deliver.webhook import Webhook, check_url

__all__ = [
    "WHAT_TO_DO",
    "Abandoned",
    "Alert",
    "DeliveryKey",
    "DeliveryLog",
    "Due",
    "Failure",
    "Issued",
    "Mailer",
    "Refused",
    "ReportEmail",
    "Unanswered",
    "Webhook",
    "check_address",
    "check_url",
    "compose",
    "explain_code",
    "find_due",
    "has_visible_changes",
    "recipient_id",
    "same_figures",
    "write_report_email",
]
