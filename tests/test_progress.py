"""Progress of long work, as a log and the visualizer see it."""

from __future__ import annotations

import logging

import pytest

from pipeline.progress import Progress


def test_a_log_gets_plain_lines_and_the_visualizer_a_percentage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[tuple[str, int | None]] = []
    with (
        caplog.at_level(logging.INFO),
        Progress(
            "receipts", "receipts", on_progress=lambda *said: told.append(said), seconds=0.0
        ) as bar,
    ):
        bar.reach(250, 0.25, "back to 2026-10-20 12:00")
        bar.reach(1000, 1.0)
    assert [percent for _, percent in told] == [25, 99]
    assert "250 receipts" in caplog.text and "s left, back to 2026-10-20 12:00" in caplog.text


def test_a_slow_task_is_in_the_singular_and_has_no_rate_of_zero(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter((100.0, 112.0, 124.0))
    monkeypatch.setattr("pipeline.progress.time.monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO), Progress("2 reports", "tasks") as bar:
        bar.reach(1, 0.5, "2 processes")
        bar.reach(48, 1.0)
    assert caplog.messages == [
        "2 reports: 1 task, about 12 s left, 2 processes",
        "2 reports: 48 tasks, 2/s, about 0 s left",
    ]


def test_nothing_is_logged_more_often_than_every_few_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO), Progress("receipts", "receipts", seconds=60.0) as bar:
        for done in range(100):
            bar.reach(done, done / 100)
    assert caplog.text == ""


def test_a_pause_is_shown_at_once_and_so_is_what_comes_next() -> None:
    told: list[tuple[str, int | None]] = []
    with Progress(
        "receipts", "receipts", on_progress=lambda *said: told.append(said), seconds=60.0
    ) as bar:
        bar.reach(250, 0.25)
        bar.pause("waiting 42 s for the API's rate")
        bar.reach(500, 0.5)
    assert (
        told[0] == ("receipts: 250 receipts, waiting 42 s for the API's rate", None)
        and told[1][1] == 50
        and len(told) == 2
    )
