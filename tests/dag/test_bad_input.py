"""Wrong input: one sentence that says what to do, an exit code other than 0, nothing half-written."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.load.seaweed import Server
from tests.support.fake_pos import FakePos
from tests.support.runner import Runner

FAILED, UNSCHEDULED, UNHANDLED = 30, 35, 40


def written(folder: Path) -> list[str]:
    """Objects below the lake, but for the probe of a lake that is new."""
    lake = folder / "lake"
    return sorted(
        str(p.relative_to(lake))
        for p in lake.rglob("*")
        if p.is_file() and not str(p.relative_to(lake)).startswith((".", "_probe"))
    )


def refuse(luigi: Runner, *arguments: str, code: int, sentence: str) -> None:
    log = luigi(*arguments, code=code)
    assert sentence in log, log
    assert "Traceback" not in log, log
    assert written(luigi.folder) == []


def test_no_token(fake_pos: FakePos) -> None:
    del fake_pos.luigi.environment["LOYVERSE_TOKEN"]
    refuse(
        fake_pos.luigi,
        "MonthlySales",
        "--month",
        "2026-10",
        code=FAILED,
        sentence="no access token: set LOYVERSE_TOKEN",
    )


def test_wrong_token(fake_pos: FakePos) -> None:
    wrong = fake_pos.luigi.environment["LOYVERSE_TOKEN"] = secrets.token_hex(16)
    log = fake_pos.luigi("MonthlySales", "--month", "2026-10", code=FAILED)
    assert "Unauthorized: " in log and wrong not in log and "Traceback" not in log
    assert written(fake_pos.luigi.folder) == []


def test_unreachable_shop(luigi: Runner) -> None:
    luigi.environment["LOYVERSE_TOKEN"] = secrets.token_hex(16)
    luigi.configure(
        "pos",
        url="http://127.0.0.1:9",
        history_starts="2026-10-30",
        request_seconds=1,
        max_retry_wait_seconds=2,
    )
    refuse(luigi, "MonthlySales", "--month", "2026-10", code=FAILED, sentence="127.0.0.1:9")


def test_unknown_host_is_never_asked_without_encryption(luigi: Runner) -> None:
    luigi.environment["LOYVERSE_TOKEN"] = secrets.token_hex(16)
    luigi.configure("pos", url="http://shop.example/v1.0", history_starts="2026-10-30")
    refuse(luigi, "MonthlySales", "--month", "2026-10", code=FAILED, sentence="https")


def test_missing_bucket(luigi: Runner, seaweed: Server) -> None:
    luigi.configure("lake", url="s3://no-such-bucket/lake", endpoint=seaweed.endpoint).configure(
        "pos", history_starts="2026-10-30"
    )
    refuse(luigi, "MonthlySales", "--month", "2026-10", code=UNSCHEDULED, sentence="no-such-bucket")


@pytest.mark.parametrize(
    ("month", "code", "sentence"),
    [
        ("2031-01", UNSCHEDULED, "month 2031-01: none of its business days has closed"),
        ("2019-01", UNSCHEDULED, "[pos] history_starts"),
        ("2026-1", UNHANDLED, "2026-1 is not a month; write it as 2026-10"),
        ("2026-13", UNHANDLED, "2026-13 is not a month; write it as 2026-10"),
        ("october", UNHANDLED, "october is not a month; write it as 2026-10"),
    ],
)
def test_month(luigi: Runner, month: str, code: int, sentence: str) -> None:
    refuse(luigi, "MonthlyReport", "--month", month, code=code, sentence=sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[combos\n", "menu.toml"),
        ("[colours]\nred = 1\n", "colours"),
    ],
)
def test_broken_menu(luigi: Runner, text: str, sentence: str) -> None:
    menu = luigi.folder / "menu.toml"
    menu.write_text(text)
    luigi.configure("shop", menu=menu).configure("pos", history_starts="2026-10-30")
    refuse(luigi, "MonthlySales", "--month", "2026-10", code=UNSCHEDULED, sentence=sentence)


@pytest.mark.parametrize(
    ("section", "option", "value", "sentence"),
    [
        ("shop", "timezone", "Mexico", "[shop]: timezone = 'Mexico' is not an IANA time zone"),
        ("shop", "day_starts_at", "05.30", "day_starts_at = '05.30' is not a time such as 05:00"),
        ("report", "locale", "pt_BR", "[report] locale = pt_BR"),
        ("report", "locale", "en_US.UTF-8", "[report] locale = en_US.UTF-8"),
        ("shop", "day_starts_at", "five", "day_starts_at = 'five' is not a time"),
        ("shop", "currency", "PESO", "currency = 'PESO' is not an ISO 4217 code"),
        ("shop", "menu", "nowhere.toml", "nowhere.toml: cannot be read"),
        ("pos", "source", "toast", "[pos] source = 'toast' is unknown"),
        ("pos", "now", "tomorrow", "[pos] now = 'tomorrow' is not an ISO 8601 instant"),
        ("pos", "source", "files", "[pos] source = files: [pos] folder is empty"),
        ("engine", "name", "locl", "[engine] name = 'locl': use local or spark"),
    ],
)
def test_settings(luigi: Runner, section: str, option: str, value: str, sentence: str) -> None:
    luigi.configure("pos", history_starts="2026-10-30").configure(section, **{option: value})
    log = luigi("MonthlySales", "--month", "2026-10", code=UNSCHEDULED)
    assert sentence in log and "Traceback" not in log, log
    assert written(luigi.folder) == []


@pytest.mark.parametrize(
    ("section", "option", "value", "sentence"),
    [
        ("shop", "timezone", "Mexico", "[shop]: timezone = 'Mexico' is not an IANA time zone"),
        ("shop", "currency", "PESO", "currency = 'PESO' is not an ISO 4217 code"),
        ("pos", "now", "tomorrow", "[pos] now = 'tomorrow' is not an ISO 8601 instant"),
        ("pos", "history_starts", "2026-31-10", "[pos] history_starts = 2026-31-10 in luigi.cfg"),
        ("pos", "history_starts", "0203-11-01", "history_starts = 0203-11-01 is before 2010-01-01"),
        ("lake", "memory", "512", "[lake] memory = 512 in luigi.cfg cannot be read"),
        ("core", "logging_conf_file", "nowhere.cfg", "[core] logging_conf_file = nowhere.cfg"),
        ("core", "log_level", "LOUD", "[core] log_level = LOUD cannot be read"),
        ("core", "lock_pid_dir", "/dev/null/x", " cannot be created"),
        ("retcode", "task_failed", "thirty", "[retcode] task_failed = thirty cannot be read"),
        ("resources", "pos_api", "two", "[resources] pos_api = two cannot be read"),
    ],
)
def test_settings_that_luigi_reads_before_it_plans(
    luigi: Runner, section: str, option: str, value: str, sentence: str
) -> None:
    luigi.configure(section, **{option: value})
    refuse(luigi, "MonthlyReport", code=UNSCHEDULED, sentence=sentence)


def test_a_setting_of_the_command_line(luigi: Runner) -> None:
    sentence = "[pos] now = 'tomorrow' is not an ISO 8601 instant"
    refuse(luigi, "Nightly", "--pos-now", "tomorrow", code=UNSCHEDULED, sentence=sentence)


@pytest.mark.parametrize(
    ("section", "key", "sentence"),
    [
        ("pos", "history_start", "[pos] history_start is not a setting; is history_starts meant?"),
        ("shpo", "currency", "[shpo] is no section of luigi.cfg; is shop meant?"),
    ],
)
def test_a_misspelt_setting_is_refused(
    luigi: Runner, section: str, key: str, sentence: str
) -> None:
    luigi.configure(section, **{key: "2026-10-01"})
    code, log = luigi.pos("status")
    assert code == 2 and sentence in log and "Traceback" not in log
