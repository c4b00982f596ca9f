"""Who is written to, as the settings say; a wrong setting is said before anything is sent, and
shows no secret.
"""

from __future__ import annotations

from datetime import date
from secrets import token_hex
from types import SimpleNamespace

import pytest

from pipeline.cli import failure_alert as alarm
from pipeline.cli import recipients as readers
from pipeline.deliver import Alert, DeliveryLog, Refused
from pipeline.errors import ConfigError, StorageRefused
from pipeline.load.local import LocalStorage

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
            readers.settings, "mail", lambda: SimpleNamespace(**{**MAIL, **changes})
        )

    set_mail()
    return set_mail


def test_nobody_is_named_out_of_the_box(configure) -> None:
    assert readers.report_readers() == readers.alert_readers() == []


def test_readers_have_their_language_and_nobody_is_named_twice(configure) -> None:
    configure(to="a@example.com, b@example.com en_US ,, A@example.com", alerts_to="c@example.com")
    assert [(one.address, one.locale) for one in readers.report_readers()] == [
        ("A@example.com", "es_MX"),
        ("b@example.com", "en_US"),
    ]
    assert [one.address for one in readers.alert_readers()] == ["c@example.com"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"to": "a@example.com fr_FR"}, "entry 1"),
        ({"to": "a@example.com b@example.com"}, "entry 1"),
        ({"to": "nobody"}, "not an e-mail address"),
        ({"host": ""}, "no host or sender"),
        ({"sender": ""}, "no host or sender"),
        ({"security": "none"}, "never sent in the clear"),
        ({"user": "reports"}, "SMTP_PASSWORD is not"),
        ({"sender": "a@b.c\r\nBcc: x@y.z"}, "not an e-mail address"),
    ],
)
def test_a_wrong_setting_is_named(configure, changes: dict, said: str) -> None:
    configure(**{"to": "a@example.com", **changes})
    with pytest.raises(ConfigError, match=said):
        readers.report_readers()


def test_who_was_written_to_before_a_key_was_set_is_known_after(
    configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(to="a@example.com")
    (before,) = readers.report_readers()
    monkeypatch.setenv("CUSTOMER_HASH_KEY", token_hex(16))
    (after,) = readers.report_readers()
    assert after.who != before.who and before.who in after.whos


def test_a_reader_shows_no_secret(configure, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(to="a@example.com", user="reports")
    password, url = token_hex(12), f"https://hooks.example.com/{token_hex(12)}"
    monkeypatch.setenv("SMTP_PASSWORD", password)
    monkeypatch.setenv("WEBHOOK_URL", url)
    assert len(readers.report_readers()) == 2
    assert password not in repr(readers.report_readers()) and url not in repr(
        readers.report_readers()
    )


class Told:
    """A reader who remembers, or cannot be reached."""

    who, place = "0" * 16, "recipient 1 of 1"

    def __init__(self, fault: Exception | None = None):
        self.alerts, self._fault = [], fault

    def warn(self, alert: Alert, parcel: object) -> None:
        if self._fault:
            raise self._fault
        self.alerts.append(alert)


@pytest.fixture
def ledger(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm, "open_ledger", lambda: DeliveryLog(LocalStorage(tmp_path), "run"))


def test_one_reader_who_cannot_be_reached_does_not_keep_the_others_from_it(
    ledger, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    away, there = Told(Refused("mail server: gave no answer")), Told()
    there.who = "1" * 16
    monkeypatch.setattr(alarm, "alert_readers", lambda: [away, there])
    assert alarm.raise_alarm(Alert(date(2026, 11, 1), 30)) == 1 and len(there.alerts) == 1
    assert "did not reach recipient 1 of 1" in caplog.text
    assert (
        alarm.raise_alarm(Alert(date(2026, 11, 1), 30)) == 0
        and alarm.raise_alarm(Alert(date(2026, 11, 1), 35)) == 1
    )
    assert alarm.raise_alarm(Alert(date(2026, 11, 2), 30)) == 1, "the next day says it again"


def test_where_the_lake_is_what_failed_the_alert_goes_out_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise StorageRefused("s3://bucket: 403 on ListBucket")

    reader = Told()
    monkeypatch.setattr(alarm, "open_ledger", refuse)
    monkeypatch.setattr(alarm, "alert_readers", lambda: [reader])
    assert alarm.raise_alarm(Alert(date(2026, 11, 1), 35)) == 1 and len(reader.alerts) == 1


def test_wrong_settings_tell_nobody_and_say_so(configure, caplog) -> None:
    configure(alerts_to="nobody")
    assert alarm.raise_alarm(Alert(date(2026, 11, 1), 30)) == 0
    assert "nobody was told" in caplog.text
