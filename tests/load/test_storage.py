"""One battery for every storage: what a folder and a bucket promise alike."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, Conflict, Corrupt
from pipeline.load import Storage, open_storage
from pipeline.load.local import LocalStorage
from pipeline.load.storage import Version, check_key
from tests.load.processes import together
from tests.support.buckets import opener


@pytest.fixture(params=["local", "moto", "seaweed"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """Each place in turn, the mock too, whose users may rely on it."""
    return opener(request.param, request)()


def test_what_was_put_is_read_listed_and_seen(storage: Storage) -> None:
    etag = storage.put("a/b=1/c.bin", b"\x00\xff" * 10)
    assert storage.get("a/b=1/c.bin") == b"\x00\xff" * 10
    assert storage.head("a/b=1/c.bin") == ("a/b=1/c.bin", 20, etag)
    assert list(storage.list()) == [("a/b=1/c.bin", 20, etag)]


def test_etag_is_the_same_wherever_it_is_stated_also_of_a_large_object(storage: Storage) -> None:
    data = secrets.token_bytes(9 << 20)
    etag = storage.put("large", data)
    assert storage.head("large").etag == etag == next(storage.list("large")).etag
    assert storage.get("large") == data
    assert storage.put("large", b"small", if_match=etag) != etag


def test_absent_differs_from_empty(storage: Storage) -> None:
    assert storage.head("nothing") is None
    with pytest.raises(Corrupt, match=r"nothing.* is missing"):
        storage.get("nothing")
    assert list(storage.list("nothing")) == []
    storage.put("empty", b"")
    assert storage.get("empty") == b""
    assert storage.head("empty").size == 0


def test_listing_goes_by_prefix_and_by_the_bytes_of_whole_keys(storage: Storage) -> None:
    keys = ["a/b/c", "a/b-c", "a/b.c", "a/b0", "ab/c", "b", "A/b", "a/b/c.d/e", "a/b=1/x"]
    for key in keys:
        storage.put(key, key.encode())
    assert [stat.key for stat in storage.list()] == sorted(keys)
    for prefix in ("a", "a/", "a/b", "a/b/", "a/b/c", "a/b=", "zz", "a/b/c.d/e", "a/b/c.d/e/f"):
        assert [stat.key for stat in storage.list(prefix)] == sorted(
            key for key in keys if key.startswith(prefix)
        ), prefix


def test_a_listing_of_more_than_a_thousand_keys_is_whole(reopen: Callable[[], Storage]) -> None:
    storage, keys = reopen(), [f"many/{number:05d}" for number in range(1003)]
    storage.put(keys[0], b"")
    for _ in storage.map(
        lambda key: (
            (storage.root / key).touch()
            if isinstance(storage, LocalStorage)
            else storage.put(key, b"")
        ),
        keys[1:],
    ):
        pass
    before = storage.requests["LIST"]
    assert [stat.key for stat in storage.list("many/")] == keys
    assert storage.requests["LIST"] - before == 2


def test_create_exclusive_has_one_winner_and_keeps_it(storage: Storage) -> None:
    storage.put("once", b"first", if_absent=True)
    with pytest.raises(Conflict, match=r"once"):
        storage.put("once", b"second", if_absent=True)
    assert storage.get("once") == b"first"


def test_replace_needs_the_etag_that_was_seen(storage: Storage) -> None:
    first = storage.put("k", b"1")
    second = storage.put("k", b"22", if_match=first)
    for stale in (first, '"00000000000000000000000000000000"'):
        with pytest.raises(Conflict, match=r"k "):
            storage.put("k", b"333", if_match=stale)
    assert storage.get("k") == b"22"
    assert storage.put("k", b"4444", if_match=second) == storage.head("k").etag


def test_replace_of_what_is_not_there_is_a_conflict(storage: Storage) -> None:
    with pytest.raises(Conflict):
        storage.put("absent", b"1", if_match='"00000000000000000000000000000000"')
    assert storage.head("absent") is None


def test_finding_its_own_bytes_is_success(storage: Storage) -> None:
    etag = storage.put("k", b"mine", if_absent=True)
    assert storage.put("k", b"mine", if_absent=True) == etag
    assert storage.put("k", b"mine", if_match='"of an older object"') == etag


def test_unconditional_put_overwrites(storage: Storage) -> None:
    storage.put("state/x.json", b"1")
    storage.put("state/x.json", b"2")
    assert storage.get("state/x.json") == b"2"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/../b",
        "a/./b",
        ".hidden",
        "a/.b",
        "a b",
        "a\\b",
        "a\nb",
        "a\n",
        "a?b",
        "a%2e",
        "é",
        "a\0b",
        "x" * 201,
        "/".join(["abcdefghi"] * 91),
    ],
)
def test_no_name_leads_out_of_the_root(folder: Storage, key: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"name"):
        folder.put(key, b"1")
    assert not list(tmp_path.rglob("*")), "something was written"
    for read in (folder.get, folder.head):
        if ".." in key or key.startswith("/") or "\0" in key:
            with pytest.raises(ConfigError):
                read(key)


def test_threads_race_for_one_key_and_one_wins(storage: Storage) -> None:
    def claim(number: int) -> bool:
        try:
            storage.put("claim", str(number).encode(), if_absent=True)
        except Conflict:
            return False
        return storage.get("claim") == str(number).encode()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(8))) == 1


def test_processes_add_up_under_if_match(storage: Storage) -> None:
    """Four forked children that share one storage count to 16 together: no update is lost, no
    answer is another's.
    """
    storage.put("count", b"0")

    def add(_: int) -> None:
        for _ in range(4):
            while True:
                seen = storage.head("count")
                value = int(storage.get("count"))
                try:
                    storage._write("count", str(value + 1).encode(), False, seen.etag)
                    break
                except Conflict:
                    continue

    assert together(4, add) == [0] * 4
    assert storage.get("count") == b"16"


def test_children_read_their_own_answers(storage: Storage) -> None:
    """A client shared over a fork hands one child the other's body; here each has its own."""
    for number in range(4):
        storage.put(f"k{number}", bytes([number]) * 5000)
    list(storage.list())

    def read(number: int) -> None:
        for _ in range(20):
            assert storage.get(f"k{number}") == bytes([number]) * 5000

    assert together(4, read) == [0] * 4


def test_map_keeps_the_order_and_passes_the_error_on(storage: Storage) -> None:
    assert list(storage.map(lambda number: number * 2, range(50))) == [
        number * 2 for number in range(50)
    ]
    with pytest.raises(ZeroDivisionError):
        list(storage.map(lambda number: 1 // number, [1, 0, 1]))


def test_requests_are_counted_by_verb(storage: Storage) -> None:
    storage.put("k", b"1")
    storage.get("k")
    storage.head("k")
    list(storage.list())
    assert storage.requests == {"PUT": 1, "GET": 1, "HEAD": 1, "LIST": 1}


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "s3://",
        "s3:///p",
        "s3:/b/p",
        "s3:b",
        "S3x://b",
        "s3a://b/p",
        "https://host/b",
        "s3://B_ucket/p",
        "s3://bucket/../p",
        "s3://bucket/a b",
        "file://host/folder",
    ],
)
def test_a_url_that_is_no_place_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        open_storage(url)


def test_folders_are_named_in_three_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_storage("data").put("k", b"1")
    assert (
        open_storage(f"file://{tmp_path}/data").get("k")
        == open_storage(f"{tmp_path}/data/").get("k")
        == b"1"
    )
    assert open_storage("data").uri("k") == str(tmp_path / "data" / "k")
    assert open_storage("s3://bucket/a/b/").uri("k") == "s3://bucket/a/b/k"
    assert open_storage("s3://bucket").uri("k") == "s3://bucket/k"


def test_a_plain_name_is_accepted() -> None:
    for key in (
        "_manifests/raw/receipts/2026-10-05/000001.raw.0123456789abcdef.json",
        "receipts/year=2026/month=10/receipts.parquet",
        "a+b@c-d_e",
    ):
        assert check_key(key) == key


def test_a_store_without_versions_has_none_and_says_so(folder: Storage) -> None:
    folder.put("k", b"1")
    folder.put("k", b"2")
    assert list(folder.old_versions()) == []
    with pytest.raises(Corrupt, match=r"k has no version 1"):
        folder.get_version(Version("k", "1"))
