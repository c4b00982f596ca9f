"""The recipients of reports and alerts in the settings, and how each is reached.

Reads [mail], [webhook], and from the environment SMTP_PASSWORD, WEBHOOK_URL and CUSTOMER_HASH_KEY;
none is set by default. No log, error or object of the lake contains an address. Raises ConfigError
before anything is sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from pipeline import settings
from pipeline.deliver import (
    Alert,
    DeliveryKey,
    DeliveryLog,
    Mailer,
    ReportEmail,
    Webhook,
    check_address,
    check_certificates,
    check_url,
    compose,
    recipient_id,
)
from pipeline.errors import ConfigError
from pipeline.lakes import open_lake
from reports.escape import slack

_id = lru_cache(recipient_id)  # slow on purpose
MailKey = Literal["to", "alerts_to"]


@dataclass(frozen=True)
class Recipient:
    """A recipient: names in the delivery log, language, and name in messages.

    `ids` are the name in the delivery log and the one from before a key was set; `position` is the
    position in the settings.
    """

    ids: tuple[str, ...]
    locale: str
    position: str

    @property
    def id(self) -> str:
        return self.ids[0]

    def send(self, report: ReportEmail, key: DeliveryKey, before: DeliveryKey | None) -> None:
        """Send a report; `before` is the delivery that it corrects."""
        raise NotImplementedError

    def send_alert(self, alert: Alert, key: DeliveryKey) -> None:
        """Send an alert."""
        raise NotImplementedError


@dataclass(frozen=True)
class MailRecipient(Recipient):
    """An address."""

    mailer: Mailer
    address: str

    def send(self, report: ReportEmail, key: DeliveryKey, before: DeliveryKey | None) -> None:
        mail = compose(
            report,
            sender=self.mailer.sender,
            to=self.address,
            sent_at=settings.now(),
            message_id=self._message_id(key),
            before=before and self._message_id(before),
        )
        self.mailer.send(mail, self.address)

    def send_alert(self, alert: Alert, key: DeliveryKey) -> None:
        mail = alert.compose(
            sender=self.mailer.sender,
            to=self.address,
            sent_at=alert_time(),
            message_id=self._message_id(key),
        )
        self.mailer.send(mail, self.address)

    def _message_id(self, key: DeliveryKey) -> str:
        """The same for each attempt, so that mail programs show a second copy as one mail."""
        host = self.mailer.sender.rpartition("@")[2]
        return f"<{sha256('/'.join(key).encode()).hexdigest()[:32]}@{host}>"


@dataclass(frozen=True)
class WebhookRecipient(Recipient):
    """A channel that takes Slack's format."""

    webhook: Webhook

    def send(self, report: ReportEmail, key: DeliveryKey, before: DeliveryKey | None) -> None:
        self.webhook.send({"text": slack(report.subject), "blocks": list(report.blocks)})

    def send_alert(self, alert: Alert, key: DeliveryKey) -> None:
        self.webhook.send(alert.payload(slack))


def report_recipients() -> list[Recipient]:
    """The recipients of reports."""
    return [*_by_mail("to"), *_by_webhook(settings.webhook().reports)]


def alert_time() -> datetime:
    """The instant of the run; that of the clock if [pos] is what cannot be read."""
    try:
        return settings.now()
    except ConfigError:
        return datetime.now(UTC)


def alert_recipients() -> Iterator[tuple[str, Recipient | ConfigError]]:
    """The recipients of alerts, each with its position in the settings, or its error."""
    return _each_recipient(("alerts_to",), ("alerts",))


def open_delivery_log() -> DeliveryLog:
    """The delivery log in the lake, for this process."""
    lake = open_lake()
    return DeliveryLog(lake.storage, f"{lake.run}-{os.getpid()}")


def all_recipients() -> Iterator[tuple[str, Recipient | ConfigError]]:
    """Every recipient of reports or alerts once, as `alert_recipients`."""
    return _each_recipient(("to", "alerts_to"), ("reports", "alerts"))


def _each_recipient(
    keys: tuple[MailKey, ...], switches: tuple[str, ...]
) -> Iterator[tuple[str, Recipient | ConfigError]]:
    """The recipients in `keys` of [mail], and the webhook if a switch is on.

    An error of one of them is no reason to leave out the others.
    """
    seen: set[str] = set()
    for key in keys:
        try:
            entries = settings.recipients(key)
        except ConfigError as error:
            yield f"[mail] {key}", error
            continue
        for n, (address, locale) in enumerate(entries, 1):
            position = f"[mail] {key}, recipient {n} of {len(entries)}"
            try:
                recipient = _mail_recipient(address, locale, n, len(entries), key)
            except ConfigError as error:
                yield position, error
                continue
            if recipient.id not in seen:
                seen.add(recipient.id)
                yield position, recipient
    try:
        hooks = _by_webhook(any(getattr(settings.webhook(), switch) for switch in switches))
    except ConfigError as error:
        yield "webhook", error
        return
    for hook in hooks:
        yield "webhook", hook


def _by_mail(key: MailKey) -> list[MailRecipient]:
    entries = settings.recipients(key)
    recipients = [
        _mail_recipient(address, locale, n, len(entries), key)
        for n, (address, locale) in enumerate(entries, 1)
    ]
    return list({recipient.address.lower(): recipient for recipient in recipients}.values())


def _mail_recipient(address: str, locale: str, n: int, count: int, key: MailKey) -> MailRecipient:
    """The recipient of one entry of a list. Raises ConfigError."""
    check_address(address, f"[mail] {key}")
    return MailRecipient(_ids(address), locale, f"recipient {n} of {count}", _mailer(), address)


def _mailer() -> Mailer:
    settings.check_mail()
    section = settings.mail()
    password = os.environ.get("SMTP_PASSWORD", "")
    if not section.host or not section.sender:
        raise ConfigError(
            "[mail] has recipients, and no host or sender; set both (docs/delivery.md)"
        )
    if section.user and not password:
        raise ConfigError(
            "[mail] user is set and SMTP_PASSWORD is not: set it in the environment or in"
            " config/config.env"
        )
    return Mailer(
        section.host,
        section.port,
        section.security,
        check_address(section.sender, "[mail] sender"),
        section.user,
        password,
        check_certificates(section.ca_file, "[mail] ca_file"),
    )


def _by_webhook(enabled: bool) -> list[WebhookRecipient]:
    url = os.environ.get("WEBHOOK_URL", "")
    if not url or not enabled:
        return []
    certificates = check_certificates(settings.webhook().ca_file, "[webhook] ca_file")
    webhook = Webhook(check_url(url), certificates)
    return [WebhookRecipient(_ids(url), settings.default_locale(), "webhook", webhook)]


def _ids(address: str) -> tuple[str, ...]:
    key = os.environ.get("CUSTOMER_HASH_KEY", "").encode()
    return (*([_id(address, key)] if key else []), _id(address, None))
