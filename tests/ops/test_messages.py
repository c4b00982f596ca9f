"""Messages: a sentence that says what, where and what to do; no traceback, no thirty dates, no
escape codes.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
import subprocess
import sys
import traceback
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ConfigError, SourceRetriable
from pipeline.load.storage import Unanswered
from pipeline.logs import ConsoleHandler, LogFormatter, escape_controls, redact, shorten
from pipeline.pos.api import CursorRefused
from pipeline.progress import Progress
from pipeline.rebuild_reason import rebuild_reason, settings_as_json
from tests.support.runner import ROOT, Runner, run_module


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("history_starts", "2023-13-01", "write it as in: history_starts = 2023-11-01"),
        (
            "history_starts",
            "2030-01-01",
            "has not closed yet; the last closed business day is 2026-11-22",
        ),
        ("allowed_lateness_days", "two", "write it as in: allowed_lateness_days = 2"),
        ("url", "${NOT_SET_ANYWHERE}", "NOT_SET_ANYWHERE"),
    ],
)
def test_an_invalid_setting_is_one_sentence(luigi: Runner, key: str, value: str, said: str) -> None:
    luigi.configure("pos", **{key: value})
    code, text = luigi.pos("status")
    assert code == 2 and said in text and f"[pos] {key} = " in text and "Traceback" not in text
    assert len(text.strip().splitlines()) == 1


def luigi_in(folder: Path, runner: Runner, *words: str) -> tuple[int, str]:
    environment = {
        name: value for name, value in runner.env().items() if name != "LUIGI_CONFIG_PATH"
    }
    done = run_module(
        *("luigi", "--module", "pipeline", *words),
        folder=folder,
        environment=environment,
        timeout=240,
    )
    return done.returncode, done.stdout


def test_luigi_in_another_folder_and_a_mistyped_task(luigi: Runner, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    code, text = luigi_in(tmp_path / "elsewhere", luigi, "Nightly", "--local-scheduler")
    assert (
        code == 35
        and f"there is no luigi.cfg in {tmp_path / 'elsewhere'}" in text
        and "Traceback" not in text
    )
    assert not list((tmp_path / "elsewhere").iterdir())
    luigi.command()
    code, text = luigi_in(tmp_path, luigi, "MontlyReport", "--local-scheduler")
    assert (
        code == 1
        and "No task MontlyReport. Did you mean: MonthlyReport" in text
        and "Traceback" not in text
    )


@pytest.mark.parametrize(
    "words",
    [("explain", "1-1"), ("unmapped",), ("rebuild", "--from", "2026-10", "--to", "2026-10")],
)
def test_an_empty_lake_names_the_command_that_fills_it(
    luigi: Runner, words: tuple[str, ...]
) -> None:
    code, text = luigi.pos(*words)
    assert (
        code == 2
        and "holds no receipts yet; `pos run`" in text
        and "Corrupt" not in text
        and "Traceback" not in text
    )


def test_an_unknown_command(capsys: pytest.CaptureFixture) -> None:
    from pipeline import cli

    for word, hint in (
        ("MonthlyReport", "luigi --module pipeline MonthlyReport"),
        ("rnu", "did you mean run?"),
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main([word])
        assert ended.value.code == 2 and hint in capsys.readouterr().err


def line(message: str, error: BaseException | None = None) -> str:
    record = logging.LogRecord(
        "luigi-interface", logging.ERROR, "", 0, message, (), error and (type(error), error, None)
    )
    return LogFormatter("%(message)s").format(record)


def test_the_sentence_comes_first_and_a_handful_of_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [f"2026-10-{n:02d}" for n in range(1, 32)]
    said = line(
        f"failed   RawReceipts(date={','.join(days)})",
        SourceRetriable("the shop does not answer; run again later"),
    )
    assert said.startswith("SourceRetriable: the shop does not answer") and said.endswith(
        "2026-10-01, 2026-10-02, 2026-10-03 and 28 more))"
    )
    assert shorten(", ".join(days[:4])) == ", ".join(days[:4])
    monkeypatch.setenv("POS_LOG", str(tmp_path / "log"))
    with (tmp_path / "screen").open("w") as screen:
        ConsoleHandler(screen).emit(
            logging.LogRecord(
                "x",
                logging.INFO,
                "",
                0,
                "[pid 1] Worker Worker(salt=1, pid=1) done      RawReceipts()",
                (),
                None,
            )
        )
    assert (
        (tmp_path / "log").read_text()
        == (tmp_path / "screen").read_text()
        == "done     RawReceipts()\n"
    )


def test_a_chain_of_tracebacks_becomes_one_sentence() -> None:
    """Of any error of ours, whichever module defines it: Luigi puts tracebacks into its message."""
    for kind in (Unanswered, CursorRefused, SourceRetriable):
        try:
            try:
                try:
                    raise OSError("refused")
                except OSError as refused:
                    raise KeyError("connect") from refused
            except KeyError as error:
                raise kind("the store does not answer; run again") from error
        except kind:
            trace = traceback.format_exc()
        assert trace.count("Traceback") == 3
        text = line(f"Will not run Nightly() due to error in complete() method:\n{trace}")
        assert text.strip().splitlines()[1:] == [
            f"{kind.__name__}: the store does not answer; run again"
        ]


def test_a_store_that_is_down_at_planning_is_one_sentence(luigi: Runner) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        luigi.configure(
            "lake", url="s3://lake/x", endpoint=f"http://127.0.0.1:{free.getsockname()[1]}"
        )
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            luigi.environment[name] = secrets.token_hex(10)
        log = luigi("Nightly", code=35)
    assert "Traceback" not in log and log.count("check the endpoint and the network") == 1


def test_a_scheduler_that_does_not_answer_is_reported_without_its_login() -> None:
    class RPCError(Exception):
        """As Luigi's is called."""

    password = secrets.token_hex(8)
    error = RPCError(
        f"Errors (3 attempts) when connecting to remote scheduler 'https://user:{password}@host'",
        "[Errno 111] Connection refused",
    )
    said = line("Uncaught exception in luigi", error)
    assert "add --local-scheduler (Connection refused)" in said and password not in said
    assert password not in redact(
        f"Failed connecting to remote scheduler 'https://user:{password}@host'"
    )


HOSTILE = "1-7\x1b[2J\x1b]0;owned\x07\r\x9b31m\u202e\u2066\u200b\x00\ud800"
FORGED = "1-8\n12:00:00 INFO    all is well"


def is_printable(text: str) -> bool:
    return not re.search("[^\n\t\x20-\x7e\xa0-\u200a\u2010-\u2027\u202f-\u205f\u206a-\ud7ff]", text)


@pytest.mark.parametrize("name", [HOSTILE, FORGED])
def test_no_control_character_of_the_shop_reaches_a_log_line(name: str) -> None:
    """As an argument of a message, in the text of an error, and in the message itself."""
    arguments = logging.LogRecord("x", logging.INFO, "", 0, "receipt %s: %s", (name, [1]), None)
    for text in (
        LogFormatter("%(message)s").format(arguments),
        line("failed   DailySales()", ConfigError(f"receipt {name} is odd")),
    ):
        assert "\n" not in text and is_printable(text), repr(text)
        assert "1-7\\x1b[2J" in text or "1-8\\n12:00:00" in text
    assert is_printable(line(f"failed   {name}"))
    message = logging.LogRecord("x", logging.INFO, "", 0, "the message:\n%s", ("a\nb\x1b",), None)
    assert LogFormatter("%(message)s").format(message) == "the message:\na\nb\\x1b"


@settings(max_examples=200)
@given(st.text(st.characters(codec=None)))
def test_escaped_text_has_no_control_character_and_keeps_all_others(text: str) -> None:
    escaped = escape_controls(text)
    escaped.encode()
    assert escape_controls(escaped) == escaped
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in escaped if c not in "\n\t")
    if not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in text):
        assert escaped == text


def test_no_control_character_of_a_receipt_reaches_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline import cli
    from pipeline.cli import explain

    monkeypatch.setattr(
        explain, "run", lambda _: 0 * sys.stdout.write(f"receipt {HOSTILE}: \t🍔\n")
    )
    assert cli.main(["explain", "1-7"]) == 0

    def fail(_: object) -> int:
        raise ConfigError(f"receipt {FORGED}{HOSTILE} is odd")

    monkeypatch.setattr(explain, "run", fail)
    assert cli.main(["explain", "1-7"]) == 2
    output = capsys.readouterr()
    assert output.out.startswith("receipt 1-7\\x1b[2J") and output.out.endswith(": \t🍔\n")
    assert "\x1b" not in output.out and is_printable(output.err)
    assert (
        output.err.startswith("ConfigError: receipt 1-8\\n12:00:00") and output.err.count("\n") == 1
    )


def test_why_a_partition_is_rebuilt_is_named() -> None:
    store = "Store(timezone='{}', day_starts_at=datetime.time(5, 0), currency='MXN', places=2)"
    before = {
        "inputs": {"a": "1"},
        "version": 2,
        "settings": {"menu": "aa", "stores": {"": store.format("America/Cancun"), "x": "same"}},
    }
    shape = {"menu": "bb", "stores": {"": store.format("America/Tijuana"), "x": "same"}}
    assert (
        rebuild_reason(before, {"a": "1"}, 3, shape)
        == "its code changed (version 2 to 3); menu changed (aa to bb); stores changed (every"
        " store: timezone 'America/Cancun' to 'America/Tijuana')"
    )
    assert rebuild_reason(before, {"a": "2"}, 2, before["settings"]) == "a"
    assert rebuild_reason({"why": "altered"}, {"a": "1"}, 1, {}) == "it was invalidated (altered)"
    many = {f"day {n}": "x" for n in range(30)}
    assert rebuild_reason({"inputs": {}, "settings": {}}, many, 1, {}).endswith("and 25 more")
    assert settings_as_json({"days": (ConfigError,)}) == {"days": [str(ConfigError)]}


@pytest.mark.parametrize("no_color", ["", "1"])
def test_no_bar_where_colours_are_not_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, no_color: str
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress("fetch", "receipts") as bar:
        bar.reach(1, 0.5)
    assert ("\r" in capsys.readouterr().err) is (no_color == "")


def test_run_writes_no_escape_codes_into_a_pipe() -> None:
    code = (ROOT / "run").read_text().partition("die()")[0] + 'say "hello"\n'
    piped = subprocess.run(
        ["sh", "-c", code, str(ROOT / "run")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TERM": "xterm"},
    )
    assert piped.stdout == "==> hello\n"


def on_a_terminal(environment: dict[str, str]) -> bytes:
    import pty

    code = (ROOT / "run").read_text().partition("die()")[0] + 'say "hello"\n'
    parent, child = pty.openpty()
    subprocess.run(
        ["sh", "-c", code, str(ROOT / "run")],
        stdout=child,
        check=True,
        env={**os.environ, "TERM": "xterm", **environment},
    )
    said = os.read(parent, 200)
    os.close(parent), os.close(child)
    return said


def test_run_is_bold_on_a_terminal_unless_no_color() -> None:
    assert b"\x1b[1m" in on_a_terminal({"NO_COLOR": ""}) and b"\x1b" not in on_a_terminal(
        {"NO_COLOR": "1"}
    )
