"""Publishing: what readers see, what a second run meets, what a kill at any request leaves."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from pipeline.errors import ConfigError, Conflict, Corrupt
from pipeline.load import (
    DATASETS,
    INVALIDATED,
    MONTH_DATASET,
    MONTHLY,
    STAGING,
    SUMMARY,
    Lake,
    Storage,
    fingerprint_of,
    open_storage,
)
from pipeline.load.layout import file_key
from pipeline.load.publication import Content, digest_files
from tests.load.invariants import check
from tests.load.partitions import MONTH, NEW, OLD, fill, lake


def test_what_is_published_is_read_and_listed(reopen: Callable[[], Storage]) -> None:
    item = lake(reopen())
    manifest = item.publish(
        MONTH_DATASET,
        MONTH,
        OLD,
        {"sales": b"s", "receipts": b"r"},
        {"rows": 7, "currency": "MXN"},
        expected_manifest=None,
    )
    assert manifest.number == 1
    assert manifest.fingerprint == OLD
    assert item.newest(MONTH_DATASET, MONTH) == manifest
    other = lake(reopen())
    assert other.newest(MONTH_DATASET, MONTH) == manifest
    assert other.partitions(MONTH_DATASET) == [MONTH]
    assert other.manifests_of(MONTH_DATASET, MONTH) == [manifest]
    assert other.read(MONTH_DATASET, MONTH) == {"sales": b"s", "receipts": b"r"}
    assert other.read(MONTH_DATASET, MONTH, ["sales"]) == {"sales": b"s"}
    assert other.metadata(MONTH_DATASET, MONTH) == {"rows": 7, "currency": "MXN"}
    assert other.storage.get("receipts/year=2026/month=10/receipts.parquet") == b"r"
    check(other.storage, quiet=True)


def test_replacing_costs_one_request_per_file_and_two_for_the_log(storage: Storage) -> None:
    fill(storage)
    item = lake(storage)
    expected_manifest = item.newest(MONTH_DATASET, MONTH)
    item.metadata(MONTH_DATASET, MONTH)
    before = storage.requests.copy()
    files = {
        "receipts": b"new",
        "sales": b"sales old",
        "payments": b"new",
        "quarantine": b"quarantine old",
    }
    item.publish(MONTH_DATASET, MONTH, NEW, files, {}, expected_manifest=expected_manifest)
    assert storage.requests - before == {
        "PUT": 2 + 2,
        "HEAD": 2,
    }, "two replaced, two found unchanged, commit record and manifest"
    check(storage, quiet=True)


def test_same_content_has_the_same_digest_and_is_not_sent_again(folder: Storage) -> None:
    fill(folder)
    etag = folder.head("sales/year=2026/month=10/sales.parquet").etag
    fill(folder, "old", NEW)
    first, second = lake(folder).manifests_of(MONTH_DATASET, MONTH)
    assert first.digest == second.digest
    assert first.fingerprint != second.fingerprint
    assert folder.head("sales/year=2026/month=10/sales.parquet").etag == etag


def test_unchanged_content_that_was_lost_or_altered_is_put_back(folder: Storage) -> None:
    for harm in (
        "payments/year=2026/month=10/payments.parquet",
        "receipts/year=2026/month=10/receipts.parquet",
    ):
        fill(folder)
        path = folder.root / harm
        path.unlink() if "payments" in harm else path.write_bytes(b"scribble")
        fill(folder, "old", NEW)
        assert set(lake(folder).read(MONTH_DATASET, MONTH)) == {
            "receipts",
            "sales",
            "payments",
            "quarantine",
        }
        check(folder, quiet=True)


def test_a_lake_that_was_copied_goes_on_without_waiting(
    folder: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(folder)
    shutil.copytree(folder.root, tmp_path / "copy")
    monkeypatch.setattr("pipeline.load.publication.time.sleep", lambda _: pytest.fail("waited"))
    copy = Lake(open_storage(str(tmp_path / "copy")))
    expected_manifest = copy.newest(MONTH_DATASET, MONTH)
    copy.publish(
        MONTH_DATASET,
        MONTH,
        NEW,
        {"sales": b"new", "receipts": b"receipts old"},
        {},
        expected_manifest=expected_manifest,
    )
    assert copy.read(MONTH_DATASET, MONTH) == {"sales": b"new", "receipts": b"receipts old"}
    check(copy.storage, quiet=True)


def test_the_loser_of_a_number_starts_again(reopen: Callable[[], Storage]) -> None:
    fill(reopen())
    item, two = lake(reopen(), "one"), lake(reopen(), "two")
    expected_manifest = item.newest(MONTH_DATASET, MONTH)
    assert two.newest(MONTH_DATASET, MONTH) == expected_manifest
    won = item.publish(
        MONTH_DATASET, MONTH, NEW, {"sales": b"one"}, {}, expected_manifest=expected_manifest
    )
    with pytest.raises(Conflict, match=r"sales.*start again"):
        two.publish(
            MONTH_DATASET, MONTH, NEW, {"sales": b"two"}, {}, expected_manifest=expected_manifest
        )
    assert two.newest(MONTH_DATASET, MONTH) == won, "it knows now"
    assert lake(reopen()).read(MONTH_DATASET, MONTH) == {"sales": b"one"}
    check(reopen(), quiet=True)


def test_same_content_by_another_run_is_success_for_both(reopen: Callable[[], Storage]) -> None:
    item, two = lake(reopen(), "one"), lake(reopen(), "two")
    assert item.newest(MONTH_DATASET, MONTH) is two.newest(MONTH_DATASET, MONTH) is None
    won = item.publish(
        MONTH_DATASET, MONTH, OLD, {"sales": b"same"}, {"by": 1}, expected_manifest=None
    )
    assert (
        two.publish(
            MONTH_DATASET, MONTH, OLD, {"sales": b"same"}, {"by": 2}, expected_manifest=None
        )
        == won
    )
    assert two.metadata(MONTH_DATASET, MONTH) == {"by": 1}
    check(reopen(), quiet=True)


def test_a_stalled_run_cannot_publish_after_a_newer_manifest(reopen: Callable[[], Storage]) -> None:
    fill(reopen())
    stalled = lake(reopen(), "stalled")
    expected_manifest = stalled.newest(MONTH_DATASET, MONTH)
    stalled.metadata(MONTH_DATASET, MONTH)
    fill(reopen(), "new", NEW)
    with pytest.raises(Conflict):
        stalled.publish(
            MONTH_DATASET,
            MONTH,
            fingerprint_of(0, {}, []),
            {"sales": b"ancient"},
            {},
            expected_manifest=expected_manifest,
        )
    assert lake(reopen()).metadata(MONTH_DATASET, MONTH) == {"text": "new"}
    check(reopen(), quiet=True)


def test_a_stalled_run_that_overwrote_unseen_content_invalidates_it(
    reopen: Callable[[], Storage],
) -> None:
    """The winner's content was that of the expected manifest, so the ETag gave no warning: the loser finds its own
    bytes in the winner's place.
    """
    fill(reopen())
    stalled = lake(reopen(), "stalled")
    expected_manifest = stalled.newest(MONTH_DATASET, MONTH)
    fill(reopen(), "old", NEW)  # same content, new fingerprint
    with pytest.raises(Conflict):
        stalled.publish(
            MONTH_DATASET,
            MONTH,
            fingerprint_of(0, {}, []),
            {"sales": b"ancient"},
            {},
            expected_manifest=expected_manifest,
        )
    after = lake(reopen())
    assert after.newest(MONTH_DATASET, MONTH).fingerprint == INVALIDATED
    with pytest.raises(Corrupt, match=r"was invalidated.*stalled"):
        after.read(MONTH_DATASET, MONTH)
    fill(reopen(), "old", NEW)
    assert lake(reopen()).read(MONTH_DATASET, MONTH)["sales"] == b"sales old"
    check(reopen(), quiet=True)


def test_a_loser_whose_content_is_the_winners_has_harmed_nothing(
    reopen: Callable[[], Storage],
) -> None:
    fill(reopen())
    late = lake(reopen(), "late")
    expected_manifest = late.newest(MONTH_DATASET, MONTH)
    won = lake(reopen()).publish(
        MONTH_DATASET, MONTH, NEW, {"sales": b"same"}, {}, expected_manifest=expected_manifest
    )
    with pytest.raises(Conflict):
        late.publish(
            MONTH_DATASET,
            MONTH,
            fingerprint_of(3, {}, []),
            {"sales": b"same"},
            {},
            expected_manifest=expected_manifest,
        )
    assert lake(reopen()).newest(MONTH_DATASET, MONTH) == won
    assert lake(reopen()).read(MONTH_DATASET, MONTH) == {"sales": b"same"}


def test_an_unsound_log_is_refused_before_any_data_is_touched(folder: Storage) -> None:
    fill(folder)
    folder.put(f"_manifests/{MONTH_DATASET}/{MONTH}/copy-of-000001.json", b"{}")
    with pytest.raises(Corrupt, match=r"is not a manifest of the lake") as refused:
        fill(folder, "new", NEW)
    assert (refused.value.dataset, refused.value.partition) == (MONTH_DATASET, MONTH)
    assert lake(folder).read(MONTH_DATASET, MONTH)["sales"] == b"sales old"


def test_an_invalidated_partition_is_rebuilt_to_the_same_digest(
    reopen: Callable[[], Storage],
) -> None:
    fill(reopen())
    item = lake(reopen())
    digest = item.newest(MONTH_DATASET, MONTH).digest
    stale = lake(reopen(), "stale")
    assert stale.newest(MONTH_DATASET, MONTH) == item.newest(MONTH_DATASET, MONTH)
    assert item.invalidate(MONTH_DATASET, MONTH, "flipped").number == 2
    fill(reopen())
    assert [item.fingerprint for item in lake(reopen()).manifests_of(MONTH_DATASET, MONTH)] == [
        OLD,
        INVALIDATED,
        OLD,
    ]
    assert stale.invalidate(MONTH_DATASET, MONTH, "seen long ago").number == 3, (
        "another has built it meanwhile"
    )
    assert lake(reopen()).newest(MONTH_DATASET, MONTH).digest == digest
    check(reopen(), quiet=True)


def test_an_altered_or_missing_file_is_never_read(folder: Storage) -> None:
    fill(folder)
    path = folder.root / "sales/year=2026/month=10/sales.parquet"
    complete = path.read_bytes()
    for harmed in (bytes([complete[0] ^ 1]) + complete[1:], complete[:-1], b"", complete + b"\0"):
        path.write_bytes(harmed)
        with pytest.raises(Corrupt, match=r"sales.parquet.*build it again") as result:
            lake(folder).read(MONTH_DATASET, MONTH)
        assert (result.value.dataset, result.value.partition) == (MONTH_DATASET, MONTH)
    path.unlink()
    with pytest.raises(Corrupt, match=r"sales.parquet is missing"):
        lake(folder).read(MONTH_DATASET, MONTH)
    lake(folder).invalidate(MONTH_DATASET, MONTH, "found by a test")
    fill(folder)
    check(folder, quiet=True)


def test_a_reader_waits_for_the_run_that_is_publishing(
    folder: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(folder)
    reader = Lake(folder, publish_wait=0.5)
    reader.newest(MONTH_DATASET, MONTH)
    (folder.root / "sales/year=2026/month=10/sales.parquet").write_bytes(b"sales new")
    slept: list[float] = []

    def finish(seconds: float) -> None:
        slept.append(seconds)
        fill(folder, "new", NEW)

    monkeypatch.setattr("pipeline.load.lake.time.sleep", finish)
    assert reader.read(MONTH_DATASET, MONTH)["sales"] == b"sales new"
    assert len(slept) == 1


def test_reports_keep_every_version(reopen: Callable[[], Storage]) -> None:
    item = lake(reopen())
    first = item.publish(
        MONTHLY,
        MONTH,
        OLD,
        {"report.md": b"1", "charts/net.png": b"png"},
        {},
        expected_manifest=None,
    )
    item.publish(MONTHLY, MONTH, NEW, {"report.md": b"2"}, {}, expected_manifest=first)
    key = f"reports/monthly/2026-10/versions/000001.{first.digest}.zip"
    with ZipFile(BytesIO(item.storage.get(key))) as archive:
        assert archive.namelist() == ["charts/net.png", "report.md"]
        assert archive.read("report.md") == b"1"
    assert item.storage.get("reports/monthly/2026-10/report.md") == b"2"
    assert item.read(MONTHLY, MONTH) == {"report.md": b"2"}
    assert item.read(MONTHLY, MONTH, manifest=first) == {
        "report.md": b"1",
        "charts/net.png": b"png",
    }
    check(item.storage, quiet=True)


def test_a_file_that_is_kept_is_in_the_archive_alone(folder: Storage) -> None:
    item, files = lake(folder), {"report.md": b"1"}
    content = Content(MONTHLY, MONTH, OLD, files, {}, None, {"charts/net.svg": b"svg"})
    first = item.publish_content(content)
    assert item.read(MONTHLY, MONTH) == files
    assert item.read(MONTHLY, MONTH, ["charts/net.svg", "report.md"]) == {**files, **content.kept}
    assert [stat.key for stat in folder.list("reports/")] == [
        f"reports/monthly/{MONTH}/report.md",
        f"reports/monthly/{MONTH}/versions/000001.{first.digest}.zip",
    ]
    check(folder, quiet=True)
    second = item.publish_content(
        content._replace(expected_manifest=first, kept={"charts/net.svg": b"other"})
    )
    assert second.digest != first.digest, "it is part of the content"
    older = item.read(MONTHLY, MONTH, ["charts/net.svg"], manifest=first)
    assert older == {"charts/net.svg": b"svg"}
    folder.remove(f"reports/monthly/{MONTH}/versions/000002.{second.digest}.zip")
    assert lake(folder).read(MONTHLY, MONTH) == files
    with pytest.raises(Corrupt, match=r"versions/000002.*is missing"):
        lake(folder).read(MONTHLY, MONTH, ["charts/net.svg"])


def test_a_damaged_file_of_the_newest_report_is_read_from_its_archive(folder: Storage) -> None:
    item = lake(folder)
    item.publish(MONTHLY, MONTH, OLD, {"report.md": b"1"}, {}, expected_manifest=None)
    folder.put("reports/monthly/2026-10/report.md", b"half-published")
    assert lake(folder).read(MONTHLY, MONTH) == {"report.md": b"1"}
    with pytest.raises(Corrupt, match=r"report\.md"):
        lake(folder).read(MONTHLY, MONTH, afresh=True)


@pytest.mark.parametrize(("left", "is_same"), [(b"1" * 99, True), (b"2" * 99, False)])
def test_an_archive_that_a_killed_run_left_is_taken_over_if_its_files_are_the_same(
    folder: Storage, left: bytes, is_same: bool
) -> None:
    files = {"report.md": b"1" * 99}
    digest = digest_files({name: sha256(body).hexdigest() for name, body in files.items()})
    sink = BytesIO()
    with ZipFile(sink, "w") as archive:  # not compressed, as pack() does it
        archive.writestr("report.md", left)
    key = f"reports/monthly/2026-10/versions/000001.{digest}.zip"
    folder.put(key, sink.getvalue())
    item = lake(folder)
    if not is_same:
        with pytest.raises(Corrupt, match="is not what its name says"):
            item.publish(MONTHLY, MONTH, OLD, files, {}, expected_manifest=None)
        return
    first = item.publish(MONTHLY, MONTH, OLD, files, {}, expected_manifest=None)
    item.publish(MONTHLY, MONTH, NEW, {"report.md": b"2"}, {}, expected_manifest=first)
    assert item.read(MONTHLY, MONTH, manifest=first) == files
    check(folder, quiet=True)


def test_a_file_whose_name_leads_elsewhere_is_refused(folder: Storage) -> None:
    item = lake(folder)
    for dataset, partition, file_name in (
        (MONTH_DATASET, MONTH, "../../x"),
        (MONTH_DATASET, "2026-13", "sales"),
        ("other", MONTH, "x"),
        (MONTH_DATASET, "2026-10-05", "sales"),
        (STAGING, "../x", "sales"),
        (MONTHLY, MONTH, "a/../../b"),
        (MONTHLY, MONTH, "/etc/passwd"),
    ):
        with pytest.raises(ConfigError):
            item.publish(dataset, partition, OLD, {file_name: b"x"}, {}, expected_manifest=None)
    assert list(folder.list()) == []


def test_generation_grows_with_what_is_known(folder: Storage) -> None:
    item = lake(folder)
    item.newest(MONTH_DATASET, MONTH)
    expected = item.generation_of(DATASETS)
    item.newest(MONTH_DATASET, MONTH)
    assert item.generation_of(DATASETS) == expected
    item.publish(MONTH_DATASET, MONTH, OLD, {"sales": b"1"}, {}, expected_manifest=None)
    assert item.generation_of(DATASETS) > expected
    expected = item.generation_of(DATASETS)
    item.commit_window("2026-10-05", {date(2026, 10, 5): b"{}\n"}, {})
    assert item.generation_of(DATASETS) > expected
    expected = item.generation_of(DATASETS)
    item.refresh()
    assert item.generation_of(DATASETS) > expected
    for day in (6, 7, 8):
        item.commit_window(f"2026-10-0{day}", {date(2026, 10, day): b"{}\n"}, {})
    expected = item.generation_of(DATASETS)
    item.refresh_raw()
    assert item.generation_of(DATASETS) > expected, "whatever it was before"


def test_a_file_that_the_partition_does_not_have_is_named(folder: Storage) -> None:
    fill(folder)
    with pytest.raises(Corrupt, match=r"names no another: build sales 2026-10 again"):
        lake(folder).read(MONTH_DATASET, MONTH, ["sales", "another"])


def test_unchanged_files_of_a_folder_cost_one_listing(tmp_path: Path) -> None:
    home = Lake(open_storage(str(tmp_path)), publish_wait=0)
    files = {"report.html": b"1", **{f"charts/{name}.svg": name.encode() for name in "abc"}}
    newest, before = None, Counter[str]()
    for number in (1, 2, 3):
        files["report.html"] = b"%d" % number
        newest = home.publish(
            MONTHLY, "2026-10", f"{number:016x}", files, {}, expected_manifest=newest
        )
        built, before = Counter(home.storage.requests) - before, Counter(home.storage.requests)
        assert number != 2 or (built["LIST"], built["HEAD"]) == (1, 1), "the first one is put alone"
        assert home.read(MONTHLY, "2026-10", afresh=True) == files, "what is missing is put again"
        if number == 2:
            home.storage.remove("reports/monthly/2026-10/charts/b.svg")


def test_many_unchanged_tables_of_a_month_cost_one_listing(tmp_path: Path) -> None:
    home = Lake(open_storage(str(tmp_path)), publish_wait=0)
    files = {name: name.encode() for name in ("a", "b", "c", "d", "e")}
    newest, before = None, Counter[str]()
    for number in (1, 2, 3):
        files["a"] = b"%d" % number
        newest = home.publish(
            SUMMARY, "2026-10", f"{number:016x}", files, {}, expected_manifest=newest
        )
        built, before = Counter(home.storage.requests) - before, Counter(home.storage.requests)
        assert number != 2 or (built["LIST"], built["HEAD"]) == (1, 0)
        assert home.read(SUMMARY, "2026-10", afresh=True) == files, "what is missing is put again"
        if number == 2:
            home.storage.remove(file_key(SUMMARY, "2026-10", "c"))
