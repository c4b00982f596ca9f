"""What somebody broke by hand: found before any figure is made from it, and made again where it can
be.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.load import SALES, Lake, open_storage
from tests.dag.rehearsal import Rehearsal, local, nightfall
from tests.load.invariants import check
from tests.support.till import Till


def flip(path: Path) -> bytes:
    """Flip one bit in the middle of a file, and return what was there."""
    body = path.read_bytes()
    path.write_bytes(
        body[: len(body) // 2] + bytes([body[len(body) // 2] ^ 1]) + body[len(body) // 2 + 1 :]
    )
    return body


def test_a_flipped_byte_in_staging_is_found_and_repaired(quiet_till: Till) -> None:
    till = quiet_till
    till.night()
    broken = till.luigi.folder / "lake/staging/day=2026-10-28/day.arrow.zst"
    sound = flip(broken)
    Lake(open_storage(str(till.luigi.folder / "lake"))).invalidate(
        SALES, "2026-10", "to be made of all its days"
    )
    log = till.set_clock(datetime(2026, 11, 1, 12, tzinfo=UTC)).night()
    assert "it is rebuilt" in log
    assert log.count("requirements") <= 3, "what waits for it is started again and again"
    assert broken.read_bytes() == sound
    assert "Did not run any tasks" in till.night()


def test_a_flipped_byte_in_a_month_that_only_the_status_reads_is_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Rehearsal(tmp_path, local(tmp_path / "lake"), monkeypatch)
    assert shop.night() and shop.at(nightfall(2)).night()
    broken = tmp_path / "lake/receipts/year=2026/month=10/receipts.parquet"
    sound = flip(broken)
    assert shop.at(nightfall(3)).night()
    assert broken.read_bytes() == sound


def test_a_flipped_byte_in_raw_stops_the_run_and_names_the_object(quiet_till: Till) -> None:
    till = quiet_till
    till.night()
    broken = next((till.luigi.folder / "lake/raw/receipts/sold=2026-10-30").glob("*.zst"))
    sound = flip(broken)
    till.book.cancel(
        till.some_receipt(date(2026, 10, 30), hour=18)["receipt_number"],
        datetime(2026, 10, 31, 18, tzinfo=UTC),
    )
    log = till.set_clock(datetime(2026, 11, 1, 12, tzinfo=UTC)).night(code=30)
    assert broken.name in log
    assert "Traceback" not in log
    broken.write_bytes(sound)
    till.night()


def test_a_run_that_was_killed_is_finished_by_the_next(quiet_till: Till) -> None:
    till = quiet_till
    run = till.luigi.start("Nightly")
    for line in run.stdout:
        if "done     DailySales" in line:
            run.kill()
            break
    run.wait()
    run.stdout.close()
    till.night()
    assert "Did not run any tasks" in till.night()
    assert till.figures()["currencies"]["MXN"]["bridge"]["total"]["difference"] == "0.00"
    check(open_storage(str(till.luigi.folder / "lake")))
