"""Take what was published to people: reports by e-mail and webhook, alerts of nights that failed.
Once each.

In: the files of a report's edition, addresses, a store for the ledger. Out: mail (SMTP over TLS)
and messages in Slack's format, and a ledger that says what reached whom. Nothing here knows how
reports are made, reads a setting or decides that something is sent at all. Raises DeliveryError;
`Refused` means that nothing was sent, `Unanswered` that nobody knows.
"""

from pipeline.deliver.alert import WHAT_TO_DO, Alert, Failure, explain_code
from pipeline.deliver.delivery_log import Ledger, Parcel, name_recipient
from pipeline.deliver.outcome import Abandoned, Refused, Unanswered
from pipeline.deliver.plan import Due, Issued, find_due, is_worth_telling, same_figures
from pipeline.deliver.report_email import Letter, compose, write_letter
from pipeline.deliver.smtp import Mailer, check_address
from pipeline.deliver.webhook import Webhook, check_url

__all__ = [
    "WHAT_TO_DO",
    "Abandoned",
    "Alert",
    "Due",
    "Failure",
    "Issued",
    "Ledger",
    "Letter",
    "Mailer",
    "Parcel",
    "Refused",
    "Unanswered",
    "Webhook",
    "check_address",
    "check_url",
    "compose",
    "explain_code",
    "find_due",
    "is_worth_telling",
    "name_recipient",
    "same_figures",
    "write_letter",
]
