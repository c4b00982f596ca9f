"""Rescans and history limits: what the windows missed is found, and an account that serves less
never removes anything from the lake.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from tests.support.fake_pos import FakePos


def test_a_rescan_finds_what_came_up_after_its_window_closed(quiet_pos: FakePos) -> None:
    fake_pos = quiet_pos
    fake_pos.run_nightly()
    receipt = {**fake_pos.some_receipt(date(2026, 10, 29), hour=18), "receipt_number": "99-7"}
    fake_pos.book.add(receipt, datetime(2026, 10, 29, 20, tzinfo=UTC), lag=timedelta(days=3))
    before = fake_pos.figures()["currencies"]["MXN"]["bridge"]["total"]["receipts"]
    late = fake_pos.set_clock(datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert "99-7" not in late.luigi("Rescan", "--date", "2026-10-30", "--days", "7"), (
        "the server does not show it yet"
    )
    late = fake_pos.set_clock(datetime(2026, 11, 2, 12, tzinfo=UTC))
    log = late.run_nightly()
    assert "the windows have missed receipt 99-7" in log
    assert fake_pos.figures()["currencies"]["MXN"]["bridge"]["total"]["receipts"] > before
    assert "Did not run any tasks" in late.run_nightly()


def test_a_shrunken_history_deletes_nothing(quiet_pos: FakePos) -> None:
    fake_pos = quiet_pos
    fake_pos.run_nightly()
    before = fake_pos.figures()["currencies"]["MXN"]["bridge"]["total"]
    fake_pos.server.rules = replace(fake_pos.server.rules, history_days=1)
    fake_pos.set_clock(datetime(2026, 10, 31, 18, tzinfo=UTC)).luigi(
        "Rescan", "--date", "2026-10-30", "--days", "2"
    )
    assert fake_pos.figures()["currencies"]["MXN"]["bridge"]["total"] == before


def test_a_history_limit_is_named_once_and_does_not_block_later_runs(quiet_pos: FakePos) -> None:
    fake_pos = quiet_pos
    fake_pos.server.rules = replace(fake_pos.server.rules, history_days=2)
    assert fake_pos.luigi.pos("status") == (
        3,
        "nothing has been extracted yet; run: pos run\n",
    )
    code, log = fake_pos.luigi.pos("run")
    assert code == 4 and "truncated: the account's history limit hid receipts of 2026-10-28" in log
    assert "truncated at 2026-10-29" in log and "Unlimited sales history" in log
    assert fake_pos.luigi.pos("run")[0] == 0, "it is said once, and does not block what follows"
    fake_pos.set_clock(datetime(2026, 11, 1, 12, tzinfo=UTC)).run_nightly()
    code, text = fake_pos.luigi.pos("status")
    assert code == 0 and "truncated        2026-10-28: nothing created before 2026-10-29" in text
    assert fake_pos.set_clock(datetime(2026, 11, 4, 12, tzinfo=UTC)).luigi.pos("status")[0] == 3


def test_a_run_that_leaves_the_lake_stale_or_with_a_gap_ends_with_3(quiet_pos: FakePos) -> None:
    fake_pos = quiet_pos.set_clock(datetime(2026, 11, 5, 12, tzinfo=UTC))
    code, log = fake_pos.luigi.pos("run", "--date", "2026-10-31", "--local-scheduler")
    assert code == 3 and "STALE" in log, log
    assert fake_pos.luigi.pos("status")[0] == 3
    fake_pos.luigi("Backfill", "--first", "2026-11-04", "--last", "2026-11-04")
    code, log = fake_pos.luigi.pos("run", "--date", "2026-10-31", "--local-scheduler")
    assert code == 3 and "STALE" not in log and "missing windows  2026-11-02 to 2026-11-03" in log
    assert fake_pos.luigi.pos("status")[0] == 3
    assert fake_pos.luigi.pos("run")[0] == 0 and fake_pos.luigi.pos("status")[0] == 0


def test_explain_and_unmapped_name_real_receipts(quiet_pos: FakePos) -> None:
    fake_pos = quiet_pos
    fake_pos.luigi("MonthlySales", "--month", "2026-10")
    receipt = fake_pos.some_receipt(date(2026, 10, 29))
    code, text = fake_pos.luigi.pos("explain", receipt["receipt_number"])
    assert (
        code == 0
        and text.startswith(f"SALE {receipt['receipt_number']}")
        and f"total {receipt['total_money']:.2f}" in text
    )
    assert fake_pos.luigi.pos("explain", "0-0")[0] == 1
    assert fake_pos.luigi.pos("unmapped", "--month", "2026-10")[0] == 0


def test_a_backfill_and_a_rescan_on_demand(quiet_pos: FakePos) -> None:
    fake_pos = quiet_pos
    code, text = fake_pos.luigi.pos("backfill", "--from", "2026-10-28", "--to", "2026-10-29")
    assert code == 0 and "2 windows, " in text
    requests = len(fake_pos.server.requests)
    assert (
        requests == 4  # one for the account, one a window, one for the shifts
        and fake_pos.luigi.pos("backfill", "--from", "2026-10-28", "--to", "2026-10-29")[0] == 0
    )
    assert len(fake_pos.server.requests) == requests, "what is there is not asked for again"
    fake_pos.book.add(
        {**fake_pos.some_receipt(date(2026, 10, 29), hour=18), "receipt_number": "99-8"},
        datetime(2026, 10, 29, 20, tzinfo=UTC),
    )
    code, text = fake_pos.luigi.pos("rescan", "--from", "2026-10-28", "--to", "2026-10-29")
    assert (
        code == 0
        and "the windows have missed receipt 99-8" in text
        and ": 1 missing receipts; pos run rebuilds" in text
    )
    code, text = fake_pos.set_clock(datetime(2026, 10, 31, 13, tzinfo=UTC)).luigi.pos(
        "rescan", "--days", "2"
    )
    assert code == 0 and ": 0 missing receipts" in text, (
        "windows that were missing are extracted first"
    )
    assert fake_pos.luigi.pos("rescan", "--from", "2026-10-28", "--to", "2026-10-31")[0] == 2, (
        "that day has not closed"
    )
    assert fake_pos.luigi.pos("backfill", "--from", "31 Oct")[0] == 2


def test_unknown_numbers_and_new_fields_are_logged_once_and_are_in_the_status(
    quiet_pos: FakePos,
) -> None:
    fake_pos = quiet_pos
    receipt = fake_pos.some_receipt(date(2026, 10, 29), hour=18)
    for place in (1, 3):
        fake_pos.book.add(
            {**receipt, "receipt_number": f"77-{place}", "loyalty": {"tier": 1}},
            datetime(2026, 10, 29, 20, place, tzinfo=UTC),
        )
    log = fake_pos.luigi("DailySales", "--date", "2026-10-29")
    assert log.count("have fields that this version does not know: loyalty (receipt 77-") == 1
    code, text = fake_pos.luigi.pos("rescan", "--from", "2026-10-28", "--to", "2026-10-30")
    assert (
        code == 0
        and "missing receipt numbers were requested" in text
        and "of them are unknown to the POS" in text
        and "loyalty" not in text
    )
    assert any(asked.path == "/receipts/77-2" for asked in fake_pos.server.requests)
    _, text = fake_pos.luigi.pos("status")
    assert (
        "77-2" in text.partition("requested ")[2]
        and "new fields       loyalty since 2026-10-30 (kept in raw, in no table)" in text
    )
