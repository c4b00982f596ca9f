"""What `pos run` refuses before it starts is reported, with the settings that can be read."""

from __future__ import annotations

import pytest

from tests.ops.monitored import monitor
from tests.support.receivers import Channel, Post
from tests.support.runner import Runner

ENGINEER = "engineer@example.com"


@pytest.fixture
def alerted(luigi: Runner, post: Post, channel: Channel) -> Runner:
    luigi.configure(
        "mail",
        host="localhost",
        port=post.port,
        user="reports",
        sender="reports@example.com",
        ca_file=post.ca_file,
        alerts_to=ENGINEER,
    )
    luigi.environment |= {"SMTP_PASSWORD": post.password, "WEBHOOK_URL": channel.url}
    return luigi


def test_a_misspelled_variable_ends_the_run_with_an_alert_and_a_failure_ping(
    alerted: Runner, post: Post, channel: Channel
) -> None:
    alerted.environment["LAKE_URI"] = "s3://meant/lake"
    alerted.configure("monitor", metrics_file=alerted.folder / "pos.prom")
    with monitor() as (url, received):
        alerted.environment["PING_URL"] = url
        code, text = alerted.pos("run")
    assert code == 35 and "is LAKE_URL meant?" in text and "Traceback" not in text
    assert received == [("/ping/1/fail", {"code": 35})]
    ((to, mail),) = post.received
    assert to == ENGINEER
    assert "ended with exit code 35: pos run, UnclearConfig" in mail["Subject"]
    assert "is LAKE_URL meant?" in mail.get_content()
    assert "LAKE_URL meant" in str(channel.received[0]) and len(channel.received) == 1
    metrics = (alerted.folder / "pos.prom").read_text()
    assert "pos_run_exit_code 35" in metrics and "pos_lake" not in metrics
    assert not (alerted.folder / "lake").exists() and not (alerted.folder / "data").exists(), (
        "in no lake, as it is not certain which one is meant"
    )
    assert alerted.pos("alert", "--test")[0] == 35, "a test tests the settings"


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("pos", "now", "tomorrow"), ("pos", "limited_history", "yes"), ("report", "locale", "en_us")],
)
def test_a_setting_that_cannot_be_read_does_not_stop_the_alert_about_it(
    alerted: Runner, post: Post, channel: Channel, section: str, key: str, value: str
) -> None:
    metrics = alerted.folder / "pos.prom"
    alerted.configure("monitor", metrics_file=metrics).configure(section, **{key: value})
    code, text = alerted.pos("run")
    assert code == 2 and f"[{section}] {key} = " in text and "Traceback" not in text
    assert "sent to 2 recipients" in text
    assert f"[{section}] {key} = " in post.received[0][1].get_content()
    assert f"[{section}] {key} = " in str(channel.received)
    assert "pos_run_exit_code 2" in metrics.read_text()


def test_a_configuration_that_is_missing_is_reported_where_that_is_possible(
    alerted: Runner, post: Post, channel: Channel
) -> None:
    alerted.environment["LUIGI_CONFIG_PATH"] = "real-shop.cfg"
    code, text = alerted.pos("run")
    assert code == 35 and "alert for exit code 35 sent to 1 recipient\n" in text
    assert "real-shop.cfg names no file" in str(channel.received) and not post.received


def test_a_recipient_whose_settings_are_wrong_does_not_stop_the_others(
    alerted: Runner, post: Post, channel: Channel
) -> None:
    del alerted.environment["SMTP_PASSWORD"]
    code, text = alerted.pos("alert", "--code", "30")
    assert code == 0 and "SMTP_PASSWORD is not" in text and "sent to 1 recipient\n" in text
    assert len(channel.received) == 1
    alerted.environment |= {"SMTP_PASSWORD": post.password, "WEBHOOK_URL": "http://example.com"}
    alerted.configure("mail", alerts_to=f"nobody, {ENGINEER}")
    code, text = alerted.pos("alert", "--code", "30")
    assert code == 0 and "WEBHOOK_URL is not an https address" in text
    assert "sent to 1 recipient\n" in text and [to for to, _ in post.received] == [ENGINEER]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"to": "owner"}, "[mail] to: 'owner' is not an e-mail address"),
        ({"to": "owner@example.com", "host": ""}, "[mail] has recipients, and no host or sender"),
    ],
)
def test_a_recipient_who_cannot_be_mailed_is_named_before_anything_is_extracted(
    alerted: Runner, changes: dict[str, str], said: str
) -> None:
    alerted.configure("mail", **changes)
    assert said in alerted("Nightly", code=35)
    assert not (alerted.folder / "lake" / "raw").exists()
