"""The recipients in the settings; a wrong setting is reported before anything is sent."""

from __future__ import annotations

from datetime import date
from secrets import token_hex
from types import SimpleNamespace

import pytest

from pipeline import recipients
from pipeline.cli import alert as alert_command
from pipeline.deliver import Alert, DeliveryLog, RefusedDelivery
from pipeline.errors import ConfigError, StorageRefused
from pipeline.load.local import LocalStorage

AT = "[mail] alerts_to, recipient 1 of 1"
MAIL = {
    "host": "smtp.example.com",
    "port": 587,
    "security": "starttls",
    "user": "",
    "sender": "reports@example.com",
    "to": "",
    "alerts_to": "",
    "ca_file": "",
    "open_months": False,
}


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch):
    for name in ("SMTP_PASSWORD", "WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)

    def set_mail(**changes: object) -> None:
        monkeypatch.setattr(
            recipients.settings, "mail", lambda: SimpleNamespace(**{**MAIL, **changes})
        )

    set_mail()
    return set_mail


def test_there_is_no_recipient_by_default(configure) -> None:
    assert recipients.report_recipients() == list(recipients.alert_recipients()) == []


def test_recipients_have_their_language_and_none_is_named_twice(
    configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients.settings, "locale", lambda: "en_US")
    configure(to="a@example.com, b@example.com es_MX ,, A@example.com", alerts_to="c@example.com")
    assert [(r.address, r.locale) for r in recipients.report_recipients()] == [
        ("A@example.com", "en_US"),
        ("b@example.com", "es_MX"),
    ]
    assert [(position, r.address) for position, r in recipients.alert_recipients()] == [
        ("[mail] alerts_to, recipient 1 of 1", "c@example.com")
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"to": "a@example.com fr_FR"}, "entry 1"),
        ({"to": "a@example.com b@example.com"}, "entry 1"),
        ({"to": "nobody"}, "not an e-mail address"),
        ({"host": ""}, "no host or sender"),
        ({"sender": ""}, "no host or sender"),
        ({"security": "none"}, "never sent unencrypted"),
        ({"user": "reports"}, "SMTP_PASSWORD is not"),
        ({"sender": "a@b.c\r\nBcc: x@y.z"}, "not an e-mail address"),
        ({"ca_file": "nowhere.pem"}, "ca_file = nowhere.pem: no certificates can be read from it"),
        ({"ca_file": __file__}, "ca_file = .*: no certificates can be read from it"),
    ],
)
def test_a_wrong_setting_is_named(configure, changes: dict, said: str) -> None:
    configure(**{"to": "a@example.com", **changes})
    with pytest.raises(ConfigError, match=said):
        recipients.report_recipients()


def test_certificates_of_a_webhook_that_cannot_be_read_are_named(
    configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_URL", f"https://hooks.example.com/{token_hex(12)}")
    monkeypatch.setattr(
        recipients.settings,
        "webhook",
        lambda: SimpleNamespace(reports=True, ca_file="nowhere.pem"),
    )
    with pytest.raises(ConfigError, match=r"\[webhook\] ca_file = nowhere.pem: no certificates"):
        recipients.report_recipients()


def test_recipients_from_before_a_key_was_set_are_known_after(
    configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(to="a@example.com")
    (before,) = recipients.report_recipients()
    monkeypatch.setenv("CUSTOMER_HASH_KEY", token_hex(16))
    (after,) = recipients.report_recipients()
    assert after.id != before.id and before.id in after.ids


def test_a_recipient_shows_no_secret(configure, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(to="a@example.com", user="reports")
    password, url = token_hex(12), f"https://hooks.example.com/{token_hex(12)}"
    monkeypatch.setenv("SMTP_PASSWORD", password)
    monkeypatch.setenv("WEBHOOK_URL", url)
    assert len(recipients.report_recipients()) == 2
    assert password not in repr(recipients.report_recipients()) and url not in repr(
        recipients.report_recipients()
    )


class FakeRecipient:
    """Keeps its alerts, or cannot be reached."""

    id = "0" * 16

    def __init__(self, fault: Exception | None = None):
        self.alerts, self._fault = [], fault

    def send_alert(self, alert: Alert, key: object) -> None:
        if self._fault:
            raise self._fault
        self.alerts.append(alert)


@pytest.fixture
def delivery_log(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        alert_command, "open_delivery_log", lambda: DeliveryLog(LocalStorage(tmp_path), "run")
    )


def test_a_recipient_who_cannot_be_reached_does_not_stop_the_others(
    delivery_log, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    away, there = FakeRecipient(RefusedDelivery("mail server: gave no answer")), FakeRecipient()
    there.id = "1" * 16
    monkeypatch.setattr(alert_command, "alert_recipients", lambda: [(AT, r) for r in (away, there)])
    assert alert_command.send_alert(Alert(date(2026, 11, 1), 30)) == 1 and len(there.alerts) == 1
    assert "did not reach [mail] alerts_to, recipient 1 of 1" in caplog.text
    assert (
        alert_command.send_alert(Alert(date(2026, 11, 1), 30)) == 0
        and alert_command.send_alert(Alert(date(2026, 11, 1), 35)) == 1
    )
    assert alert_command.send_alert(Alert(date(2026, 11, 2), 30)) == 1, "the next day says it again"


def test_where_the_lake_is_what_failed_the_alert_goes_out_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise StorageRefused("s3://bucket: 403 on ListBucket")

    reader = FakeRecipient()
    monkeypatch.setattr(alert_command, "open_delivery_log", refuse)
    monkeypatch.setattr(alert_command, "alert_recipients", lambda: [(AT, reader)])
    assert alert_command.send_alert(Alert(date(2026, 11, 1), 35)) == 1 and len(reader.alerts) == 1


def test_wrong_settings_are_logged_and_nothing_is_sent(configure, caplog) -> None:
    configure(alerts_to="nobody")
    assert alert_command.send_alert(Alert(date(2026, 11, 1), 30)) == 0
    assert "did not reach [mail] alerts_to, recipient 1 of 1" in caplog.text
