"""Raw receipts: partitions that count whole or not at all, and objects that are never lost unseen."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Conflict, Corrupt
from pipeline.load import (
    INVALIDATED,
    RAW_FINGERPRINT,
    RAW_RECEIPTS,
    Lake,
    Stat,
    Storage,
    compress,
    decompress,
)
from pipeline.load.raw_keys import parse_raw
from pipeline.load.raw_objects import DATES, cut_frame, pack_window
from tests.load.faults import FaultyStorage, Killed
from tests.load.invariants import check
from tests.support.buckets import opener

OCT_4, OCT_5, OCT_6 = date(2026, 10, 4), date(2026, 10, 5), date(2026, 10, 6)
WINDOW = {OCT_5: b'{"n":1}\n{"n":2}\n', OCT_6: b'{"n":3}\n', OCT_4: b"", None: b"[1]\n"}


def lake(storage: Storage) -> Lake:
    return Lake(storage, "run", publish_wait=0)


def texts(storage: Storage, first: date, last: date, partition: str | None = None) -> list[bytes]:
    item = lake(storage)
    return [item.read_raw(result) for result in item.raw_objects(first, last, partition)]


def test_a_partition_is_found_by_date_of_sale(reopen: Callable[[], Storage]) -> None:
    manifest = lake(reopen()).commit_window("2026-10-05", WINDOW, {"start": "2026-10-05T11:00:00Z"})
    lake(reopen()).commit_window(
        "2026-10-06", {OCT_5: io.BytesIO(b'{"late":1}\n'), None: b"[2]\n"}, {}
    )
    assert manifest.fingerprint == RAW_FINGERPRINT
    assert manifest.number == 1
    assert texts(reopen(), OCT_5, OCT_5) == [WINDOW[OCT_5], b'{"late":1}\n']
    assert texts(reopen(), OCT_5, OCT_6, "2026-10-05") == [
        WINDOW[OCT_5],
        b'{"late":1}\n',
        WINDOW[OCT_6],
        b"[1]\n",
    ]
    assert texts(reopen(), OCT_4, OCT_4, "2026-10-06") == [b"[2]\n"], (
        "empty objects are not stored; unknown dates only of the partition"
    )
    assert lake(reopen()).metadata(RAW_RECEIPTS, "2026-10-05") == {"start": "2026-10-05T11:00:00Z"}
    result = lake(reopen()).raw_objects(OCT_6, OCT_6)[0]
    assert (result.sold, result.partition, result.start + result.size) == (
        OCT_6,
        "2026-10-05",
        reopen().head(result.stored).size,
    )
    check(reopen(), quiet=True)


def test_an_empty_window_is_committed_too(folder: Storage) -> None:
    lake(folder).commit_window("2026-10-05", {}, {})
    lake(folder).commit_window("2026-10-06", {OCT_5: b""}, {})
    assert lake(folder).partitions(RAW_RECEIPTS) == ["2026-10-05", "2026-10-06"]
    assert texts(folder, OCT_4, OCT_6) == []
    assert not list(folder.list("raw/"))


def test_commit_requests(storage: Storage) -> None:
    item = lake(storage)
    item.newest(RAW_RECEIPTS, "2026-10-05")
    before = storage.requests.copy()
    item.commit_window("2026-10-05", WINDOW, {})
    assert storage.requests - before == {"PUT": 2 + 2}, "two objects, commit record, manifest"
    before = storage.requests.copy()
    item.commit_window("2026-10-05", WINDOW, {})
    assert storage.requests - before == {}, "committed already: nothing is asked"
    item.raw_objects(OCT_5, OCT_5)
    item.raw_objects(OCT_4, OCT_6, "2026-10-05")
    assert storage.requests - before == {"LIST": 1}


def test_only_the_first_of_two_runs_that_fetch_a_window_counts(
    reopen: Callable[[], Storage],
) -> None:
    item, two = lake(reopen()), lake(reopen())
    assert item.newest(RAW_RECEIPTS, "2026-10-05") is two.newest(RAW_RECEIPTS, "2026-10-05") is None
    item.commit_window("2026-10-05", WINDOW, {})
    with pytest.raises(Conflict):
        two.commit_window("2026-10-05", {OCT_5: b'{"n":1}\n'}, {})
    with pytest.raises(Conflict, match=r"already committed with other content"):
        lake(reopen()).commit_window("2026-10-05", {OCT_5: b'{"n":1}\n'}, {})
    assert texts(reopen(), OCT_5, OCT_5) == [WINDOW[OCT_5]], "the loser's object is nobody's"


@pytest.mark.parametrize("sold", [OCT_5, None], ids=["dated", "unknown"])
def test_a_missing_object_is_named_and_never_skipped(folder: Storage, sold: date | None) -> None:
    other = date(2026, 10, 8)
    lake(folder).commit_window("2026-10-05", {**WINDOW, other: b"{4}\n"}, {})
    lake(folder).commit_window("2026-11-05", {date(2026, 11, 5): b"{}\n"}, {})
    result = next(
        item for item in lake(folder).raw_objects(OCT_5, OCT_5, "2026-10-05") if item.sold == sold
    )
    (folder.root / result.key).unlink()
    with pytest.raises(Corrupt, match=rf"{result.key} is missing; restore that version"):
        lake(folder).raw_objects(OCT_5, OCT_5, "2026-10-05")
    assert texts(folder, other, date(2026, 11, 30), "2026-11-05") == [
        b"{4}\n",
        b"{}\n",
    ], "other days are whole"


def test_an_altered_object_is_named_and_never_overwritten(folder: Storage) -> None:
    lake(folder).commit_window("2026-10-05", WINDOW, {})
    result = lake(folder).raw_objects(OCT_5, OCT_5)[0]
    path = folder.root / result.key
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    with pytest.raises(Corrupt, match=rf"{result.key} was altered"):
        texts(folder, OCT_5, OCT_5)
    lake(folder).commit_window("2026-10-05", WINDOW, {})
    with pytest.raises(Corrupt, match=r"was altered"):
        texts(folder, OCT_5, OCT_5)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(
    "harm", [lambda data: data[:-1], lambda data: b"", lambda data: b"<html>", None], ids=range(4)
)
def test_bad_answers_of_a_sound_store_accuse_nothing(
    folder: Storage, monkeypatch: pytest.MonkeyPatch, harm: Callable | None, times: int
) -> None:
    """Of each object the first answers are damaged, or say that it is missing."""
    lake(folder).commit_window("2026-10-05", WINDOW, {"start": "a", "end": "b"})
    publish_sales(folder)
    answers, get = Counter(), type(folder).get

    def bad(self: Storage, key: str) -> bytes:
        answers[key] += 1
        if answers[key] > times:
            return get(self, key)
        if harm is None:
            raise Corrupt(f"{key} is missing")
        return harm(get(self, key))

    monkeypatch.setattr(type(folder), "get", bad)
    assert texts(folder, OCT_5, OCT_5) == [WINDOW[OCT_5]]
    afresh = lake(folder)
    assert afresh.metadata(RAW_RECEIPTS, "2026-10-05") == {"start": "a", "end": "b"}
    assert afresh.read("sales", "2026-10") == {"sales": b"rows"}
    assert set(answers.values()) == {times + 1}


def publish_sales(folder: Storage) -> None:
    lake(folder).publish(
        "sales", "2026-10", "e" * 16, {"sales": b"rows"}, {}, expected_manifest=None
    )


def test_an_invalidated_partition_counts_no_more_and_is_fetched_again_beside_the_damage(
    folder: Storage,
) -> None:
    lake(folder).commit_window("2026-10-05", WINDOW, {})
    damaged = lake(folder).raw_objects(OCT_5, OCT_5)[0]
    (folder.root / damaged.key).write_bytes(b"flipped")
    lake(folder).invalidate(RAW_RECEIPTS, "2026-10-05", "an object was altered")
    assert texts(folder, OCT_4, OCT_6, "2026-10-05") == []
    again = lake(folder).commit_window("2026-10-05", WINDOW, {})
    assert [item.fingerprint for item in lake(folder).manifests_of(RAW_RECEIPTS, "2026-10-05")] == [
        RAW_FINGERPRINT,
        INVALIDATED,
        RAW_FINGERPRINT,
    ]
    assert again.number == 3
    assert texts(folder, OCT_5, OCT_5) == [WINDOW[OCT_5]]
    assert (folder.root / damaged.key).read_bytes() == b"flipped"


def test_foreign_and_unreferenced_files_mean_nothing(folder: Storage) -> None:
    lake(folder).commit_window("2026-10-05", WINDOW, {})
    good = lake(folder).raw_objects(OCT_5, OCT_5)[0].key
    for key in (
        "raw/receipts/sold=2026-10-05/2026-10-05.0123456789abcdef.0123456789abcdef.ndjson.zst",
        "raw/receipts/sold=2026-10-05/x.zst",
        "raw/receipts/sold=2026-99-05/2026-10-05.0123456789abcdef.0123456789abcdef.ndjson.zst",
        f"{good}.part",
        good.replace("sold=2026-10-05", "sold=2026-10-06/copy"),
        "raw/receipts/readme.txt",
    ):
        folder.put(key, b"half")
    (folder.root / "raw/receipts/sold=2026-10-05/data (1).parquet").write_bytes(b"x")
    assert texts(folder, OCT_5, OCT_5) == [WINDOW[OCT_5]]


def test_what_another_run_commits_after_the_listing_is_not_taken_for_lost(folder: Storage) -> None:
    item = lake(folder)
    assert item.raw_objects(OCT_4, OCT_6) == []
    lake(folder).commit_window("2026-10-05", WINDOW, {})
    item.refresh(RAW_RECEIPTS)  # the log is newer now than the listing of the objects
    assert len(item.raw_objects(OCT_4, OCT_6)) == 2


@pytest.mark.parametrize("kind", ["local", "seaweed"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_every_request_of_a_commit(
    kind: str, after: bool, request: pytest.FixtureRequest, tmp_path
) -> None:
    for position in range(1, 30):
        storage = opener(kind, request, str(position))()
        final = check(storage, quiet=True)
        faulty = FaultyStorage(storage, position, after=after)
        with suppress(Killed):
            lake(faulty).commit_window("2026-10-05", WINDOW, {})
        final = check(storage, final)
        assert texts(storage, OCT_4, OCT_6, "2026-10-05") in (
            [],
            [WINDOW[OCT_5], WINDOW[OCT_6], b"[1]\n"],
        ), "all of a partition or nothing"
        lake(storage).commit_window("2026-10-05", WINDOW, {})
        assert texts(storage, OCT_4, OCT_6, "2026-10-05") == [
            WINDOW[OCT_5],
            WINDOW[OCT_6],
            b"[1]\n",
        ]
        check(storage, final, quiet=True)
        if not faulty.is_spent:
            assert position > 5
            return
    raise AssertionError("the commit never survived")


def queue(storage: Storage, contents: list[dict], first: date = OCT_5) -> None:
    """Commit windows from `first` on together."""
    with lake(storage).commit_queue() as commits:
        for number, content in enumerate(contents):
            day = first + timedelta(days=number)
            metadata = {"start": f"{day}T11", "end": f"{day}T35", "records": 1}
            commits.add(day, content, metadata, {})


TOGETHER = [{OCT_5: b"{1}\n", OCT_6: b"{2}\n"}, {}, {OCT_5: b"{3}\n", None: b"?\n"}]


def test_windows_that_are_committed_together_stay_windows(reopen: Callable[[], Storage]) -> None:
    queue(reopen(), TOGETHER)
    item = lake(reopen())
    assert item.partitions(RAW_RECEIPTS) == ["2026-10-07-windows-3"]
    assert list(item.windows()) == ["2026-10-05", "2026-10-06", "2026-10-07"]
    assert item.window_metadata("2026-10-06") == {
        "start": "2026-10-06T11",
        "end": "2026-10-06T35",
        "records": 1,
    }
    assert [
        (entry.partition, entry.sold, item.read_raw(entry))
        for entry in item.raw_objects(OCT_5, OCT_6, "2026-10-07")
    ] == [
        ("2026-10-05", OCT_5, b"{1}\n"),
        ("2026-10-07", OCT_5, b"{3}\n"),
        ("2026-10-05", OCT_6, b"{2}\n"),
        ("2026-10-07", None, b"?\n"),
    ]
    queue(reopen(), TOGETHER)  # the same again changes nothing
    with pytest.raises(Conflict, match=r"2026-10-06, 2026-10-07 are already committed"):
        queue(reopen(), [{}, {}], OCT_6)
    with pytest.raises(Conflict, match=r"2026-10-05 are already committed"):
        lake(reopen()).commit_window("2026-10-05", {}, {})
    check(reopen(), quiet=True)


def test_windows_of_two_months_or_too_many_bytes_are_not_committed_together(
    folder: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(folder, [{}] * 4, date(2026, 9, 29))
    monkeypatch.setattr("pipeline.load.commit_queue.IN_MEMORY", 5)
    queue(folder, [{OCT_5: b"{1}\n"}, {}, {OCT_5: b"{2}\n"}, {OCT_5: b"{too large}\n"}])
    assert lake(folder).partitions(RAW_RECEIPTS) == [
        "2026-09-30-windows-2",
        "2026-10-02-windows-2",
        "2026-10-06-windows-2",
        "2026-10-07",
        "2026-10-08",
    ]


@pytest.mark.parametrize("kind", ["local", "seaweed"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_leaves_all_windows_of_a_commit_or_none(
    kind: str, after: bool, request: pytest.FixtureRequest, tmp_path
) -> None:
    for position in range(1, 30):
        storage = opener(kind, request, str(position))()
        faulty = FaultyStorage(storage, position, after=after)
        with suppress(Killed):
            queue(faulty, TOGETHER)
        final = check(storage)
        assert len(lake(storage).windows()) in (0, 3)
        lake(storage).complete_raw_commits()
        if not lake(storage).windows():
            queue(storage, TOGETHER)
        assert len(texts(storage, OCT_5, OCT_6, "2026-10-07")) == 4
        check(storage, final, quiet=True)
        if not faulty.is_spent:
            assert position > 5
            return
    raise AssertionError("the commit never survived")


def test_the_two_main_dates_of_a_window_are_one_object(folder: Storage) -> None:
    """Each date keeps its own times; both are fetched with one request."""
    old, times = date(2026, 9, 2), {OCT_5: "1104-2359", OCT_6: "0000-1058", None: "0000-2359"}
    contents = {old: b"{}\n", OCT_5: b"{1}\n" * 9, OCT_6: b"{2}\n" * 9, None: b"?\n"}
    lake(folder).commit_window("2026-10-05", contents, {}, times)
    assert len(list(folder.list("raw/"))) == 3
    item = lake(folder)
    entries = item.raw_objects(date(2026, 9, 1), OCT_6, "2026-10-05")
    assert {entry.sold: entry.times for entry in entries} == {**times, old: "0000-2359"}
    assert [item.read_raw(entry) for entry in entries] == list(contents.values())
    before = folder.requests.copy()
    assert item.read_raw_all(entries) == list(contents.values())
    assert folder.requests - before == {"GET": 3}


@given(
    st.dictionaries(
        st.dates(date(2020, 1, 1), date(2026, 12, 31)) | st.none(), st.binary(), max_size=20
    )
)
def test_every_date_of_a_window_is_read_as_it_was_packed(
    contents: dict[date | None, bytes],
) -> None:
    packed = pack_window(f"2026-10-05-rescan-{'x' * 40}", contents, {})
    texts = {}
    for each in packed.objects:
        key = each.key(packed.window, "a" * 16)
        for entry in parse_raw(Stat(key, len(each.body), "")):
            texts[entry.sold] = decompress(cut_frame(entry, each.body))
    assert texts == {sold: text for sold, text in contents.items() if text}
    dates = len(texts.keys() - {None})
    assert len(packed.objects) <= (None in texts) + (dates > 0) + -(-dates // DATES)


def test_of_two_partitions_with_a_window_the_smaller_counts(folder: Storage) -> None:
    """Two runs at once have committed it, one of them with the next windows."""
    item, other = lake(folder), lake(folder)
    assert item.windows() == other.windows() == {}
    queue(folder, TOGETHER)
    other.commit_window("2026-10-05", {OCT_5: b"{9}\n"}, {"start": "other"})
    afresh = lake(folder)
    assert [
        (entry.partition, afresh.read_raw(entry)) for entry in afresh.raw_objects(OCT_5, OCT_6)
    ] == [("2026-10-05", b"{9}\n"), ("2026-10-07", b"{3}\n")]
    assert afresh.window_metadata("2026-10-05") == {"start": "other"}
    check(folder, quiet=True)


@given(st.binary(max_size=4000))
def test_compression_is_lossless_and_repeatable(data: bytes) -> None:
    assert decompress(compress(data)) == data
    assert compress(data) == compress(data)


def test_a_child_lists_for_itself(folder: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    item = lake(folder)
    assert item.raw_objects(OCT_4, OCT_6) == []
    assert item.newest(RAW_RECEIPTS, "2026-10-05") is None
    lake(folder).commit_window("2026-10-05", WINDOW, {})
    assert item.raw_objects(OCT_4, OCT_6) == [], "a run keeps what it knows"
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert item.newest(RAW_RECEIPTS, "2026-10-05").number == 1
    assert len(item.raw_objects(OCT_4, OCT_6)) == 2
