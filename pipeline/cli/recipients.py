"""Who gets reports and alerts, as the settings say, and how each is reached. Nothing is configured
out of the box.

In: [mail], [webhook], and from the environment SMTP_PASSWORD, WEBHOOK_URL and CUSTOMER_HASH_KEY.
Out: readers. An address stands in no log, no error and not in the lake. Raises ConfigError before
anything is sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from pipeline import settings
from pipeline.deliver import (
    Alert,
    DeliveryKey,
    DeliveryLog,
    Mailer,
    ReportEmail,
    Webhook,
    check_address,
    check_url,
    recipient_id,
)
from pipeline.deliver import compose as compose_letter
from pipeline.errors import ConfigError
from pipeline.targets import open_lake

_name = lru_cache(recipient_id)  # slow on purpose


@dataclass(frozen=True)
class Reader:
    """Somebody who is written to: `who` is what the ledger calls them (the first; the others are
    from before a key was set), `locale` their language, `place` what errors call them.
    """

    whos: tuple[str, ...]
    locale: str
    place: str

    @property
    def who(self) -> str:
        return self.whos[0]

    def send(self, letter: ReportEmail, parcel: DeliveryKey, before: DeliveryKey | None) -> None:
        """Send a report; `before` is the parcel that it corrects."""
        raise NotImplementedError

    def warn(self, alert: Alert, parcel: DeliveryKey) -> None:
        """Send an alert."""
        raise NotImplementedError


@dataclass(frozen=True)
class ByMail(Reader):
    """Somebody with an address."""

    mailer: Mailer
    address: str

    def send(self, letter: ReportEmail, parcel: DeliveryKey, before: DeliveryKey | None) -> None:
        mail = compose_letter(
            letter,
            sender=self.mailer.sender,
            to=self.address,
            at=settings.now(),
            message_id=self._id(parcel),
            before=before and self._id(before),
        )
        self.mailer.send(mail, self.address)

    def warn(self, alert: Alert, parcel: DeliveryKey) -> None:
        self.mailer.send(
            alert.compose(
                sender=self.mailer.sender,
                to=self.address,
                at=settings.now(),
                message_id=self._id(parcel),
            ),
            self.address,
        )

    def _id(self, parcel: DeliveryKey) -> str:
        """The Message-ID of a parcel, always the same, so that mail programs show once what was
        sent twice.
        """
        return f"<{sha256('/'.join(parcel).encode()).hexdigest()[:32]}@{self.mailer.sender.rpartition('@')[2]}>"


@dataclass(frozen=True)
class ByWebhook(Reader):
    """A channel that takes Slack's format."""

    webhook: Webhook

    def send(self, letter: ReportEmail, parcel: DeliveryKey, before: DeliveryKey | None) -> None:
        self.webhook.send(
            {
                "text": (
                    letter.subject.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                ),
                "blocks": list(letter.blocks),
            }
        )

    def warn(self, alert: Alert, parcel: DeliveryKey) -> None:
        self.webhook.send(alert.payload())


def report_readers() -> list[Reader]:
    """Who gets the reports."""
    return [*_by_mail("to"), *_by_webhook(settings.webhook().reports)]


def alert_readers() -> list[Reader]:
    """Who is told of a night that failed."""
    return [
        *_by_mail("alerts_to"),
        *_by_webhook(settings.webhook().alerts),
    ]


def open_ledger() -> DeliveryLog:
    """The ledger in the lake, for this process."""
    opened = open_lake()
    return DeliveryLog(opened.storage, f"{opened.run}-{os.getpid()}")


def try_recipients() -> Iterator[tuple[str, Reader | ConfigError]]:
    """Every recipient of reports and alerts, once each, with its place in the settings; an error
    where the settings of one are wrong.
    """
    seen: set[str] = set()
    for key in ("to", "alerts_to"):
        entries = settings.recipients(key)
        for n, (address, locale) in enumerate(entries, 1):
            place = f"[mail] {key}, recipient {n} of {len(entries)}"
            try:
                recipient = _mail_recipient(address, locale, n, len(entries), key)
            except ConfigError as error:
                yield place, error
                continue
            if recipient.who not in seen:
                seen.add(recipient.who)
                yield place, recipient
    section = settings.webhook()
    try:
        hooks = _by_webhook(section.reports or section.alerts)
    except ConfigError as error:
        yield "webhook", error
        return
    for hook in hooks:
        yield "webhook", hook


def _by_mail(key: str) -> list[ByMail]:
    entries = settings.recipients(key)
    recipients = [
        _mail_recipient(address, locale, n, len(entries), key)
        for n, (address, locale) in enumerate(entries, 1)
    ]
    return list({recipient.address.lower(): recipient for recipient in recipients}.values())


def _mail_recipient(address: str, locale: str, n: int, count: int, key: str) -> ByMail:
    """The recipient of one entry of a list. Raises ConfigError."""
    return ByMail(
        _whos(check_address(address, f"[mail] {key}")),
        locale,
        f"recipient {n} of {count}",
        _mailer(),
        address,
    )


def _mailer() -> Mailer:
    settings.check_mail()
    section = settings.mail()
    password = os.environ.get("SMTP_PASSWORD", "")
    if not section.host or not section.sender:
        raise ConfigError(
            "[mail] has addresses to write to, and no host or sender; set both (docs/delivery.md)"
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
        section.ca_file,
    )


def _by_webhook(is_wanted: bool) -> list[ByWebhook]:
    url, section = os.environ.get("WEBHOOK_URL", ""), settings.webhook()
    if not url or not is_wanted:
        return []
    return [
        ByWebhook(
            _whos(url),
            settings.report().locale,
            "webhook",
            Webhook(check_url(url), section.ca_file),
        )
    ]


def _whos(address: str) -> tuple[str, ...]:
    key = os.environ.get("CUSTOMER_HASH_KEY", "").encode()
    return (*([_name(address, key)] if key else []), _name(address, None))
