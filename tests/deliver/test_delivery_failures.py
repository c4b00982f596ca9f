"""A run or a delivery that fails loses no message, and keeps none from the other recipients."""

from __future__ import annotations

import inspect
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from pipeline import errors
from pipeline.deliver import outcome
from pipeline.tasks import closing_messages
from tests.support.fake_pos import FakePos
from tests.support.receivers import Post

OWNER, PARTNER = "owner@example.com", "partner@example.com"
SUNDAY, MONDAY = (datetime(2026, 11, day, 12, tzinfo=UTC) for day in (2, 3))  # a day has closed
WEEK, MONTH = "Week through Sun, Nov 1, 2026", "Sales report, October 2026"
CUMULATIVE = "Cumulative report through October 2026"
SUNDAYS = [date(2026, 10, 25), date(2026, 11, 1), date(2026, 11, 8)]
KINDS = sorted(
    {
        kind.__name__
        for module in (errors, outcome)
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, errors.PipelineError)
    }
)
# Luigi with recipients for whom writing (Stale.write@...) or sending (Stale.send@...) fails.
FAULTY = """
import builtins

import pipeline
from pipeline import errors
from pipeline.deliver import outcome
from pipeline.tasks import closing_messages
from pipeline.recipients import MailRecipient
from pipeline.tasks.delivery import Delivery

write, send = Delivery.write, MailRecipient.send

def provoke(recipient, stage):
    kind, _, place = recipient.address.partition("@")[0].partition(".")
    if place == stage:
        for module in (errors, outcome, builtins):
            if hasattr(module, kind):
                raise getattr(module, kind)("provoked")

def faulty_write(task, due):
    provoke(due.recipient, "write")
    return write(task, due)

def faulty_send(recipient, *arguments):
    provoke(recipient, "send")
    send(recipient, *arguments)

Delivery.write, MailRecipient.send = faulty_write, faulty_send
"""


@pytest.fixture
def mailed(fake_pos: FakePos, post: Post) -> FakePos:
    fake_pos.luigi.configure(
        "mail",
        host="localhost",
        port=post.port,
        user="reports",
        sender="reports@example.com",
        ca_file=post.ca_file,
        to=f"{OWNER}, {PARTNER}",
        daily="true",
        weekly="true",
    )
    fake_pos.luigi.environment["SMTP_PASSWORD"] = post.password
    (fake_pos.luigi.folder / "faulty.py").write_text(FAULTY)
    return fake_pos.set_clock(SUNDAY)


def received(post: Post) -> dict[str, list[str]]:
    """The subjects that each recipient has got, since the last look."""
    subjects = defaultdict(list)
    for to, mail in post.received:
        subjects[to].append(mail["Subject"].partition(": ")[0])  # without the sales
    post.received.clear()
    return {to: sorted(titles) for to, titles in subjects.items()}


def test_the_week_is_mailed_by_the_next_run_if_that_of_sunday_fails(
    mailed: FakePos, post: Post
) -> None:
    environment = mailed.luigi.environment
    token, environment["LOYVERSE_TOKEN"] = environment["LOYVERSE_TOKEN"], "revoked"
    mailed.run_nightly(code=30)
    assert received(post) == {}
    environment["LOYVERSE_TOKEN"] = token
    mailed.set_clock(MONDAY).run_nightly()
    everything = sorted([CUMULATIVE, MONTH, "Closing of Mon, Nov 2, 2026", WEEK])
    assert received(post) == {OWNER: everything, PARTNER: everything}, (
        "the month and the week that closed, and the newest day"
    )
    assert mailed.luigi.pos("deliveries") == (0, "no deliveries pending\n")
    mailed.set_clock(datetime(2026, 11, 4, 12, tzinfo=UTC)).run_nightly()
    assert received(post) == {to: ["Closing of Tue, Nov 3, 2026"] for to in (OWNER, PARTNER)}, (
        "once"
    )


def test_each_kind_of_failure_leaves_the_others_their_reports_and_is_made_up_for(
    mailed: FakePos, post: Post
) -> None:
    """Each recipient before the last one fails, in another way; nothing of it stops the next."""
    failing = [
        f"{kind}.{stage}@example.com"
        for kind in (*KINDS, "ZeroDivisionError")
        for stage in ("write", "send")
    ]
    mailed.luigi.configure("mail", to=", ".join([*failing, PARTNER]))
    log = mailed.luigi("--module", "faulty", "Nightly", code=30)
    everything = sorted([CUMULATIVE, MONTH, "Closing of Sun, Nov 1, 2026", WEEK])
    assert received(post) == {PARTNER: everything}
    count = 4 * len(failing)
    assert f"{count} of {count + 4} deliveries failed; the first: " in log
    assert "example.com" not in log and log.count("ZeroDivisionError: provoked") == 8, (
        "a defect of this project is logged with its traceback"
    )
    code, due = mailed.luigi.pos("deliveries")
    assert code == 1 and len(due.splitlines()) == count

    some = [f"{name}@example.com" for name in ("Stale.write", "ConfigError.send")]
    mailed.luigi.configure("mail", to=", ".join([*some, PARTNER]))
    mailed.set_clock(MONDAY).run_nightly()
    missed = sorted([CUMULATIVE, MONTH, "Closing of Mon, Nov 2, 2026", WEEK])
    assert received(post) == {
        **dict.fromkeys(some, missed),
        PARTNER: ["Closing of Mon, Nov 2, 2026"],
    }


def test_a_month_that_could_not_be_written_is_not_lost_behind_the_next_one(
    mailed: FakePos, post: Post
) -> None:
    late = "Stale.write@example.com"
    mailed.luigi.configure("mail", to=f"{late}, {PARTNER}", daily="false", weekly="false")
    mailed.luigi("--module", "faulty", "Nightly", code=30)
    assert received(post) == {PARTNER: sorted([CUMULATIVE, MONTH])}
    mailed.luigi.configure("mail", to=PARTNER)
    november = ["Cumulative report through November 2026", "Sales report, November 2026"]
    mailed.set_clock(datetime(2026, 12, 1, 12, tzinfo=UTC)).run_nightly()
    assert received(post) == {PARTNER: november}
    mailed.luigi.configure("mail", to=f"{late}, {PARTNER}")
    mailed.run_nightly()
    assert received(post) == {late: sorted([*november, MONTH])}


def test_a_correction_is_sent_without_comparison_if_the_version_before_is_lost(
    mailed: FakePos, post: Post
) -> None:
    mailed.luigi.configure("mail", to=f"{OWNER} es_MX, {PARTNER}", daily="false", weekly="false")
    mailed.run_nightly()
    received(post)
    receipt = {**mailed.some_receipt(date(2026, 10, 30)), "receipt_number": "99-1"}
    mailed.book.add(receipt, datetime(2026, 11, 2, 20, tzinfo=UTC))
    post.answers = {to: ["550 no such user"] for to in (OWNER, PARTNER)}
    mailed.set_clock(MONDAY).run_nightly(code=30)
    versions = mailed.luigi.folder / "lake/reports/monthly/2026-10/versions"
    (first,) = (path for path in versions.iterdir() if path.name.startswith("000001"))
    first.unlink()
    log = mailed.luigi("Delivery")
    assert "is missing" in log and {to: mail["Subject"] for to, mail in post.received} == {
        OWNER: "Reporte de ventas de octubre de 2026 (corregido, versión 2)",
        PARTNER: "Sales report, October 2026 (corrected, version 2)",
    }


@pytest.mark.parametrize("first_day", [date(2026, 10, 1), date(2026, 10, 29)])
def test_the_week_is_that_of_the_last_sunday_of_the_history(
    monkeypatch: pytest.MonkeyPatch, first_day: date
) -> None:
    mails = SimpleNamespace(daily=True, weekly=True)
    monkeypatch.setattr(closing_messages.settings, "mail", lambda: mails)
    monkeypatch.setattr(
        closing_messages, "history_period", lambda: SimpleNamespace(first=first_day)
    )
    for n in range(14):
        day = date(2026, 10, 31) + timedelta(days=n)
        sunday = max(s for s in SUNDAYS if s <= day)
        weekly = [("weekly", sunday)] if sunday >= first_day else []
        assert closing_messages.closing_messages(day) == [("daily", day), *weekly]
    mails.daily = mails.weekly = False
    assert closing_messages.closing_messages(SUNDAYS[0]) == []
