"""A real run: `luigi Nightly` sends the reports of a closed month to a mail server and a webhook,
once.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.support.fake_pos import FakePos
from tests.support.receivers import Channel, Post
from tests.support.runner import Runner

OWNER, PARTNER = "owner@example.com", "partner@example.com"


@pytest.fixture
def mailed(fake_pos: FakePos, post: Post, channel: Channel) -> FakePos:
    fake_pos.luigi.configure(
        "mail",
        host="localhost",
        port=post.port,
        user="reports",
        sender="reports@example.com",
        ca_file=post.ca_file,
        to=f"{OWNER} es_MX, {PARTNER}",
        alerts_to="engineer@example.com",
    )
    fake_pos.luigi.environment |= {"SMTP_PASSWORD": post.password, "WEBHOOK_URL": channel.url}
    return fake_pos


def test_a_first_run_in_mid_month_mails_the_closed_month_the_day_and_the_week_once(
    mailed: FakePos, post: Post
) -> None:
    mailed.luigi.configure("mail", alerts_to="", daily="true", weekly="true")
    mailed.set_clock(datetime(2026, 11, 2, 12, tzinfo=UTC))
    code, due = mailed.luigi.pos("deliveries")
    assert code == 1 and [line.split()[:3] for line in due.splitlines() if " message " in line] == [
        [period, "2026-11-01", "message"] for period in ("daily",) * 3 + ("weekly",) * 3
    ], "due to two addresses and a webhook"
    mailed.run_nightly()
    assert mailed.luigi.pos("deliveries") == (0, "no deliveries pending\n")
    subjects = [(to, mail["Subject"]) for to, mail in post.received]
    assert [
        subject for to, subject in sorted(subjects) if to == PARTNER and ":" not in subject
    ] == [
        "Cumulative report through October 2026",
        "Sales report, October 2026",
    ]
    assert mailed.figures("2026-11", "cumulative")["through"] == "2026-11-01", (
        "the lake has the month under way all the same"
    )
    closing = [
        (to, subject) for to, subject in subjects if "Nov 1" in subject or "1 nov" in subject
    ]
    titles, amounts = zip(*(subject.split(": ") for _, subject in closing), strict=True)
    assert sorted(zip((to for to, _ in closing), titles, strict=True)) == [
        (OWNER, "Cierre del dom 1 nov 2026"),
        (OWNER, "Semana hasta el dom 1 nov 2026"),
        (PARTNER, "Closing of Sun, Nov 1, 2026"),
        (PARTNER, "Week through Sun, Nov 1, 2026"),
    ]
    assert all(re.fullmatch(r"\$[\d,]+\.\d\d", amount) for amount in amounts)
    count = len(post.received)
    mailed.run_nightly()
    assert len(post.received) == count, "a message of a day is sent once"
    day = next(
        mail for _, mail in post.received if "Closing of Sun, Nov 1, 2026" in mail["Subject"]
    )
    assert not list(day.iter_attachments())


def test_a_closed_month_is_mailed_once_and_again_with_what_changed(
    mailed: FakePos, post: Post, channel: Channel
) -> None:
    mailed.luigi.is_drawn = True
    mailed.luigi.configure("mail", alerts_to="")
    mailed.luigi.configure("webhook", alerts="false")
    post.answers[OWNER] = ["550 no such user"]
    log = mailed.set_clock(datetime(2026, 11, 1, 12, tzinfo=UTC)).run_nightly(code=30)
    assert "1 of 6 deliveries failed" in log and "recipient 1 of 2" in log and "localhost" in log
    assert OWNER not in log and post.password not in log and channel.url not in log, (
        "the server and how many, no secret and no address"
    )
    assert sorted(to for to, _ in post.received) == [
        OWNER,
        PARTNER,
        PARTNER,
    ], "the others get theirs"
    mailed.run_nightly()
    assert sorted(to for to, _ in post.received) == [
        OWNER,
        OWNER,
        PARTNER,
        PARTNER,
    ], "and the next run sends what is missing"
    titles = {
        to: sorted(mail["Subject"] for reader, mail in post.received if reader == to)
        for to in (OWNER, PARTNER)
    }
    assert titles == {
        OWNER: ["Reporte acumulado hasta octubre de 2026", "Reporte de ventas de octubre de 2026"],
        PARTNER: ["Cumulative report through October 2026", "Sales report, October 2026"],
    }
    monthly = next(
        mail
        for to, mail in post.received
        if mail["Subject"] == "Reporte de ventas de octubre de 2026"
    )
    net = f"${Decimal(mailed.figures()['currencies']['MXN']['bridge']['total']['net_sales']):,.2f}"
    assert (
        net in monthly.get_body(("plain",)).get_content()
        and net in monthly.get_body(("html",)).get_content()
    )
    assert str(mailed.luigi.folder) not in monthly.get_body(("plain",)).get_content() + json.dumps(
        channel.received
    ), "recipients cannot open it"
    english = next(
        mail for _, mail in post.received if mail["Subject"] == "Sales report, October 2026"
    )
    pdf = next(english.iter_attachments())
    assert pdf.get_filename() == "monthly-2026-10.pdf"
    stored = (mailed.luigi.folder / "lake/reports/monthly/2026-10/report.pdf").read_bytes()
    is_stored = pdf.get_content() == stored
    assert is_stored, "the report in the lake's language is sent as it is"
    assert [message["text"] for message in channel.received] == titles[PARTNER]
    ids = {mail["Message-ID"] for _, mail in post.received}
    assert len(ids) == 4
    said = run_of(mailed)
    assert (
        said["windows"] == ["2026-10-28", "2026-10-29", "2026-10-30", "2026-10-31"]
        and said["receipts"] > 20
    )
    assert (
        said["partitions"]["sales"] == ["2026-10"]
        and said["quarantined"] == {"2026-10": 0}
        and said["differences"] == {"2026-10": {"MXN": "0.00"}}
    )

    assert "Did not run any tasks" in mailed.run_nightly()
    assert (len(post.received), len(channel.received)) == (4, 2)

    post.received.clear(), channel.received.clear()
    mailed.luigi.is_drawn = False  # only the text of the correction is looked at
    mailed.book.add(
        {**mailed.some_receipt(date(2026, 10, 30)), "receipt_number": "99-1"},
        datetime(2026, 11, 1, 20, tzinfo=UTC),
    )
    log = mailed.set_clock(datetime(2026, 11, 2, 12, tzinfo=UTC)).run_nightly()
    found = {
        to: mail
        for to, mail in post.received
        if "octubre" in mail["Subject"] or "October" in mail["Subject"]
    }
    assert len(post.received) == 2 == len(found), (
        "the open month is not mailed, nor the cumulative of a month that was told"
    )
    assert found[OWNER]["Subject"] == "Reporte de ventas de octubre de 2026 (corregido, versión 2)"
    assert found[PARTNER]["Subject"] == "Sales report, October 2026 (corrected, version 2)"
    text, now = (
        found[OWNER].get_body(("plain",)).get_content(),
        mailed.figures()["currencies"]["MXN"]["bridge"]["total"]["net_sales"],
    )
    assert (
        "Qué cambió desde el correo anterior" in text
        and net in text
        and f"${Decimal(now):,.2f}" in text
    )
    assert found[OWNER]["References"] in ids
    assert "corrected" in channel.received[0]["text"] and "What changed" in json.dumps(
        channel.received[0], ensure_ascii=False
    )
    said = run_of(mailed)
    assert (
        said["windows"] == ["2026-11-01"]
        and said["late"] >= 1
        and "2026-10-30" in said["partitions"]["staging"]
    )
    assert "windows        1 new (2026-11-01)" in log and "2026-10 MXN 0.00" in log

    lake = b"".join(path.read_bytes() for path in (mailed.luigi.folder / "lake").rglob("*.json"))
    assert (
        b"example.com" not in lake
        and post.password.encode() not in lake
        and channel.url.encode() not in lake
    )


def run_of(fake_pos: FakePos) -> dict:
    return json.loads((fake_pos.luigi.folder / "lake/state/run.json").read_text())


def test_pos_run_sends_one_alert_a_day_and_keeps_its_exit_code(
    mailed: FakePos, post: Post, channel: Channel
) -> None:
    mailed.luigi.configure("mail", host="localhost", port=post.port, to="")
    mailed.luigi.configure("webhook", reports="false")
    mailed.luigi.environment["LOYVERSE_TOKEN"] = revoked = post.password[::-1]
    code, said = mailed.luigi.pos("run")
    assert code == 30 and "alert for exit code 30 sent to 2 recipients" in said
    ((to, alert),) = post.received
    assert to == "engineer@example.com" and "ended with exit code 30" in alert["Subject"]
    text = alert.get_content()
    assert (
        "What to do: read the message; run again" in text
        and "Unauthorized" in text
        and revoked not in text + json.dumps(channel.received)
    )
    assert len(channel.received) == 1
    code, said = mailed.luigi.pos("run")
    assert code == 30 and "sent to 0 recipients" in said and len(post.received) == 1, (
        "the same cause, once a day"
    )
    mailed.luigi.environment["SMTP_PASSWORD"] = revoked
    code, said = mailed.luigi.pos("alert", "--code", "3")
    assert (
        code == 0
        and "did not reach [mail] alerts_to, recipient 1 of 1" in said
        and "sent to 1 recipient" in said
    )


def test_a_plain_run_of_luigi_sends_one_alert(
    mailed: FakePos, post: Post, channel: Channel
) -> None:
    mailed.luigi.configure("mail", host="localhost", port=post.port, to="")
    mailed.luigi.configure("webhook", reports="false", alerts="false")
    mailed.luigi.environment["LOYVERSE_TOKEN"] = post.password[::-1]
    assert "alert for exit code 30 sent to 1 recipient" in mailed.run_nightly(
        "--workers", "2", code=30
    )
    ((to, alert),) = post.received
    assert (
        to == "engineer@example.com"
        and "ended with exit code 30" in alert["Subject"]
        and "Unauthorized" in alert.get_content()
    )
    assert "sent to 0 recipients" in mailed.luigi.pos("run")[1] and len(post.received) == 1, (
        "the same cause, the same day"
    )
    mailed.luigi("RawCatalog", code=30)
    assert len(post.received) == 1, "no alert for a single task"
    mailed.luigi.configure("shop", menu=mailed.luigi.folder / "nowhere.toml")
    assert "alert for exit code 35 sent to 1 recipient" in mailed.run_nightly(code=35), (
        "what Luigi finds while it plans"
    )
    assert "nowhere.toml" in post.received[1][1].get_content()


def test_a_test_message_is_in_both_languages(mailed: FakePos, post: Post, channel: Channel) -> None:
    code, said = mailed.luigi.pos("alert", "--test")
    assert (
        code == 0
        and "test messages sent: 4 of 4" in said
        and {to for to, _ in post.received} == {OWNER, PARTNER, "engineer@example.com"}
    )
    for text in (*(mail["Subject"] for _, mail in post.received), channel.received[0]["text"]):
        assert "test message" in text and "prueba" in text and "ended with" not in text
    assert all(
        "Nothing is wrong" in mail.get_content() and "Todo está bien" in mail.get_content()
        for _, mail in post.received
    )


def test_alert_recipients_who_can_be_reached_get_theirs(mailed: FakePos, post: Post) -> None:
    """Of several one is refused: the others get the alert, and the next run sends the one left."""
    addresses = [f"engineer{n}@example.com" for n in range(3)]
    mailed.luigi.configure("mail", to="", alerts_to=", ".join(addresses))
    mailed.luigi.configure("webhook", reports="false", alerts="false")
    post.answers[addresses[1]] = ["550 no such user"]
    code, output = mailed.luigi.pos("alert", "--code", "30")
    assert code == 0 and "alert for exit code 30 sent to 2 recipients" in output
    assert (
        "did not reach [mail] alerts_to, recipient 2 of 3" in output
        and "@example.com" not in output
    )
    assert sorted(to for to, _ in post.received) == [addresses[0], addresses[2]]
    code, output = mailed.luigi.pos("alert", "--code", "30")
    assert code == 0 and "sent to 1 recipient\n" in output
    assert [to for to, _ in post.received][2:] == [addresses[1]]
    post.answers[addresses[1]] = ["550 no such user"]
    code, output = mailed.luigi.pos("alert", "--test")
    assert code == 1 and "test messages sent: 2 of 3" in output
    assert "FAILED  [mail] alerts_to, recipient 2 of 3" in output


def test_nothing_is_sent_by_default(luigi: Runner) -> None:
    code, said = luigi.pos("deliveries")
    assert code == 1 and "no recipients configured" in said
    code, said = luigi.pos("alert", "--code", "30")
    assert code == 0 and said.count("no alert recipients configured") == 1 and "sent to" not in said
    assert not (luigi.folder / "lake").exists()
