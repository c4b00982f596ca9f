"""What killed and overtaken runs leave: notes, which are removed on request, and no errors.

Also here: damage hides only the sums of the damaged partitions.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.errors import Conflict, StorageRefused
from pipeline.load import MONTH_DATASET, MONTHLY, STAGING, Lake, Manifest, Storage
from pipeline.load.local import LocalStorage
from pipeline.maintenance import unreferenced
from pipeline.targets import lake
from tests.dag.in_process import NOW, InProcessRun, content, local, save_shop
from tests.dag.test_verify import flip, lose_a_payment, published_otherwise, some
from tests.load.faults import FaultyStorage, Killed
from tests.load.invariants import check


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcessRun:
    """A lake of one run, and the saved receipts of the next one."""
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    return run_days_later(shop.after(1), 1)


def run_days_later(shop: InProcessRun, days: int) -> InProcessRun:
    save_shop(shop.saved, NOW + timedelta(days=days))
    return shop.at(NOW + timedelta(days=days))


def verify(shop: InProcessRun, *options: str, storage: Storage | None = None) -> int:
    with shop.process(storage):
        return main(["verify", *options])


def archived(shop: InProcessRun, *, number: int) -> set[Path]:
    """The archives of a version of the monthly report."""
    return set((shop.folder / "lake").glob(f"{MONTHLY}/2026-10/versions/{number:06d}.*.zip"))


def kill_while_archiving(shop: InProcessRun) -> set[Path]:
    """Kill the run behind the archive of the second report; returns that file."""

    class Mortal(FaultyStorage):
        def _write(self, key: str, data: bytes, if_absent: bool, if_match: str | None) -> str:
            etag = self.inner._write(key, data, if_absent, if_match)
            if key.startswith(f"{MONTHLY}/2026-10/versions/000002."):
                raise Killed(key)
            return etag

    with pytest.raises(Killed):
        shop.run_nightly(Mortal(shop.storage(), 1 << 30, after=False))
    return archived(shop, number=2)


def test_a_kill_while_a_report_is_archived_leaves_a_note(
    shop: InProcessRun, capsys: pytest.CaptureFixture[str]
) -> None:
    (left,) = kill_while_archiving(shop)
    assert verify(shop) == 0
    text = capsys.readouterr().out
    assert f"note   {left}: its run was killed, or another run published first" in text
    assert "not checked" not in text
    assert "problems: 0" in text
    before = content(shop.storage())
    assert verify(shop, "--repair") == 0
    assert "removed unreferenced files: 1, the first: " in capsys.readouterr().out
    gone = set(before) - set(content(shop.storage()))
    assert gone == {str(left.relative_to(shop.folder / "lake"))}
    assert verify(shop, "--deep") == 0
    assert "note" not in capsys.readouterr().out


def test_an_unreferenced_file_can_be_removed_before_the_next_run(
    shop: InProcessRun, capsys: pytest.CaptureFixture[str]
) -> None:
    (left,) = kill_while_archiving(shop)
    assert verify(shop, "--repair") == 0
    assert not left.exists()
    assert shop.run_nightly()
    check(shop.storage(), quiet=True)
    capsys.readouterr()
    assert verify(shop, "--deep") == 0
    assert "note" not in capsys.readouterr().out


def test_whatever_write_a_run_was_killed_behind_the_next_and_repair_leave_no_finding(
    shop: InProcessRun, capsys: pytest.CaptureFixture[str], stride: Callable[[int], int]
) -> None:
    lake, base = shop.folder / "lake", shop.folder / "base"
    lake.rename(base)
    kills = 0
    while True:
        shutil.copytree(base, lake, dirs_exist_ok=True)
        write = 1 + stride(53) * kills
        faulty = FaultyStorage(shop.storage(), write, after=True, commands=("PUT",))
        with suppress(Killed):
            run_days_later(shop, 1).run_nightly(faulty)
        if not faulty.is_spent:
            break
        if kills % 2:
            assert [str(item) for item in shop.verify(repair=True) if not item.repairable] == []
        assert run_days_later(shop, 2).run_nightly()
        assert [str(item) for item in shop.verify() if not item.repairable] == []
        assert verify(shop, "--repair") in (0, 1)
        capsys.readouterr()
        assert verify(shop) == 0 and "note" not in capsys.readouterr().out, f"kill {kills}"
        check(shop.storage())
        shutil.rmtree(lake)
        kills += 1
    assert kills > 1


def overtake(shop: InProcessRun) -> set[Path]:
    """Publish a third version of the report, and let another run lose that number to it."""
    assert shop.run_nightly()
    winner, loser = (Lake(shop.storage(), run, publish_wait=0) for run in ("first", "second"))
    expected_manifest = loser.newest(MONTHLY, "2026-10")
    files, metadata = loser.read(MONTHLY, "2026-10"), loser.metadata(MONTHLY, "2026-10")
    fingerprint = expected_manifest.fingerprint
    changed = {name: body + b" " for name, body in files.items()}
    winner.publish(
        MONTHLY, "2026-10", fingerprint, changed, metadata, expected_manifest=expected_manifest
    )
    before = archived(shop, number=3)
    with pytest.raises(Conflict):
        other = {name: body + b"  " for name, body in files.items()}
        loser.publish(
            MONTHLY, "2026-10", fingerprint, other, metadata, expected_manifest=expected_manifest
        )
    left = archived(shop, number=3) - before
    assert left
    return left


def test_the_files_of_an_overtaken_run_are_notes_and_can_be_removed(
    shop: InProcessRun, capsys: pytest.CaptureFixture[str]
) -> None:
    left = overtake(shop)
    assert verify(shop) == 0
    text = capsys.readouterr().out
    assert all(f"note   {path}" in text for path in left)
    assert "WRONG" not in text
    assert verify(shop, "--repair") == 0
    assert not any(path.exists() for path in left)


def test_unreferenced_files_that_are_published_meanwhile_stay(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that seemed dead comes through while `--repair` waits for it."""
    (left,) = kill_while_archiving(shop)
    with shop.process():
        findings = [*unreferenced_findings(shop)]
    assert [finding.unreferenced_key for finding in findings] == [
        str(left.relative_to(shop.folder / "lake"))
    ]
    lake = Lake(shop.storage(), publish_wait=0)
    monkeypatch.setattr(unreferenced.time, "sleep", lambda _: shop.run_nightly())
    assert unreferenced.remove_unreferenced(lake, findings) == []
    assert left.exists()


def unreferenced_findings(shop: InProcessRun) -> list:
    from pipeline.maintenance import EVERYTHING
    from pipeline.maintenance.audit import audit

    lake = Lake(shop.storage(), publish_wait=0)
    return [finding for finding in audit(lake, EVERYTHING) if finding.unreferenced_key]


def test_foreign_files_are_errors_and_are_never_removed(shop: InProcessRun) -> None:
    lake = shop.folder / "lake"
    foreign = [
        lake / MONTHLY / "2026-10/notes.txt",
        lake / MONTHLY / "2026-10/charts/mine.png",
        lake / MONTHLY / "2026-10/versions/notes.txt",
        lake / MONTHLY / "2026-13/report.html",
        lake / "receipts/year=2026/month=10/receipts (1).parquet",
        lake / "receipts/year=2026/month=13/receipts.parquet",
        lake / "summary/mine/year=2026/month=10/mine.parquet",
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"PAR1")
    assert {finding.location for finding in shop.verify()} == set(map(str, foreign))
    assert verify(shop, "--repair") == 1
    assert all(path.exists() for path in foreign)


def test_without_the_right_to_delete_unreferenced_files_stay_and_the_reason_is_printed(
    shop: InProcessRun, capsys: pytest.CaptureFixture[str]
) -> None:
    class NoDelete(LocalStorage):
        def remove(self, key: str) -> None:
            raise StorageRefused(f"cannot remove {key}: s3:DeleteObject is missing")

    (left,) = kill_while_archiving(shop)
    assert verify(shop, "--repair", storage=NoDelete(shop.folder / "lake")) == 0
    assert "unreferenced files not removed: cannot remove" in capsys.readouterr().out
    assert left.exists()


def test_a_lost_archive_of_the_newest_version_is_built_again(shop: InProcessRun) -> None:
    """It alone has some files of the version, which the lake gives again."""
    for harm in (Path.unlink, lambda path: path.write_bytes(b"x")):
        assert shop.run_nightly()
        before = published(shop)
        harm(max(archived(shop, number=before.number)))
        (finding,) = shop.verify(repair=True)
        assert "versions/" in finding.location and "--repair" in finding.remedy
        assert shop.run_nightly()
        after = published(shop)
        assert (after.fingerprint, after.digest) == (before.fingerprint, before.digest)
        assert shop.verify() == [], "its latest copy counts"


def published(shop: InProcessRun) -> Manifest:
    """The newest manifest of the monthly report."""
    with shop.process():
        newest = lake().newest(MONTHLY, "2026-10")
    assert newest
    return newest


def test_a_broken_report_and_a_foreign_file_do_not_hide_the_sums(shop: InProcessRun) -> None:
    published_otherwise(shop, MONTH_DATASET, "2026-10", lose_a_payment)
    flip(some(shop, f"{MONTHLY}/2026-10/report.html"), 10)
    (shop.folder / "lake/notes.txt").write_text("mine")
    assert any("its payments do not add up" in finding.what for finding in shop.verify())


def test_a_broken_month_hides_only_its_own_sums(
    shop: InProcessRun, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_days_later(shop, 2).run_nightly(), "November has begun"
    published_otherwise(shop, MONTH_DATASET, "2026-11", lose_a_payment)
    flip(some(shop, "receipts/year=2026/month=10/receipts.parquet"), 50)
    flip(some(shop, "staging/day=2026-11-01/day.arrow.zst"), 50)
    assert any(
        finding.location == "sales 2026-11" and "its payments do not add up" in finding.what
        for finding in shop.verify(deep=True)
    )
    assert verify(shop) == 1
    text = capsys.readouterr().out
    assert "note   the sums of 2026-10: not checked, because sales 2026-10 is damaged" in text
    assert f"not checked, because {STAGING}/2026-11-01 is damaged" in text
