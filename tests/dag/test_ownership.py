"""A lake belongs to one shop and one key of customers, and does not begin again where it vanished."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import pytest

from pipeline import lakes, settings
from pipeline.errors import OtherLake, StorageUnavailable
from pipeline.lakes import local_state
from pipeline.lakes.identity import Account, admit, check_identity, read_identity, write_identity
from pipeline.load import Lake, open_storage
from pipeline.load.local import LocalStorage
from pipeline.pos.loyverse import reader as loyverse_reader
from pipeline.settings.sources import FILES, SIMULATOR
from pipeline.simulator import Shop
from tests.dag.in_process import configured
from tests.support.book import Book
from tests.support.fake_pos import FIRST, FakePos
from tests.support.server import serve

API, OTHER = Account("loyverse", "m-1", "Burgers"), Account("loyverse", "m-2", "Tacos")
KEY = b"a key of the shop"


def new_lake(folder: Path) -> Lake:
    return Lake(open_storage(str(folder)))


class Saved:
    """A source that names its stores."""

    reader = loyverse_reader

    def __init__(self, *stores: str):
        self._stores = stores

    def catalog(self) -> dict[str, list[bytes]]:
        return {"stores": [json.dumps({"id": name}).encode() for name in self._stores]}

    def receipts(self, *_: object) -> list:
        return []


def never() -> Saved:
    raise AssertionError("the shop was asked for its stores")


@pytest.mark.parametrize(
    "first", [API, Account(SIMULATOR), Account(FILES)], ids=lambda one: one.kind
)
@pytest.mark.parametrize("second", [API, OTHER, Account(SIMULATOR)], ids=["same", "other", "sim"])
def test_only_the_first_source_fills_a_lake(
    tmp_path: Path, first: Account, second: Account
) -> None:
    admit(new_lake(tmp_path), first, KEY, never)
    manifests = sorted((tmp_path / "_manifests").rglob("*.json"))
    lake, ask = new_lake(tmp_path), (Saved if first.kind == FILES else never)
    if first == second:
        assert admit(lake, second, KEY, ask) == first.digest
    else:
        with pytest.raises(OtherLake, match="belongs to"):
            admit(lake, second, KEY, ask)
    assert sorted((tmp_path / "_manifests").rglob("*.json")) == manifests


@pytest.mark.parametrize("key", [None, b"another"], ids=["dropped", "another"])
def test_a_lake_knows_its_key_and_not_the_key_itself(tmp_path: Path, key: bytes | None) -> None:
    admit(new_lake(tmp_path), API, KEY, never)
    check_identity(new_lake(tmp_path), is_simulator=False, key=KEY)
    with pytest.raises(OtherLake, match="hashed with the key"):
        check_identity(new_lake(tmp_path), is_simulator=False, key=key)
    assert not any(
        KEY in path.read_bytes() or KEY.hex().encode() in path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    )


def test_an_unhashed_lake_does_not_begin_to_hash_by_itself(tmp_path: Path) -> None:
    admit(new_lake(tmp_path), API, None, never)
    with pytest.raises(OtherLake, match="unhashed, and CUSTOMER_HASH_KEY is set now"):
        check_identity(new_lake(tmp_path), is_simulator=False, key=KEY)


def test_two_first_runs_of_two_shops_leave_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run records its source between this one's look and its own record."""
    mine, theirs = new_lake(tmp_path), new_lake(tmp_path)
    assert read_identity(mine) is None
    write_identity(theirs, OTHER, KEY)
    with pytest.raises(OtherLake, match="Tacos"):
        admit(mine, API, KEY, never)


def test_files_and_the_api_share_a_lake_where_they_share_a_store(tmp_path: Path) -> None:
    lake = new_lake(tmp_path)
    admit(lake, Account(FILES), None, never)
    body = b'{"receipt_number": "1-1", "store_id": "s-1"}\n'
    lake.commit_window("2026-10-30", {FIRST: body}, {})
    with pytest.raises(OtherLake, match="saved files"):
        admit(lake, API, None, lambda: Saved("s-2"))
    assert admit(lake, API, None, lambda: Saved("s-1", "s-2")) == API.digest
    assert admit(new_lake(tmp_path), Account(FILES), None, lambda: Saved("s-1"))
    with pytest.raises(OtherLake):
        admit(new_lake(tmp_path), Account(FILES), None, lambda: Saved("s-3"))
    assert read_identity(new_lake(tmp_path)).source_digest == API.digest, "the account stays"


def test_a_filled_lake_that_names_no_shop_is_refused(tmp_path: Path) -> None:
    new_lake(tmp_path).commit_window("2026-10-30", {FIRST: b'{"receipt_number": "1-1"}\n'}, {})
    with pytest.raises(OtherLake, match="--accept-source --accept-key"):
        check_identity(new_lake(tmp_path), is_simulator=False, key=None)


def raw(folder: Path) -> Callable[[], list[str]]:
    return lambda: sorted(path.name for path in (folder / "raw").rglob("*") if path.is_file())


def test_another_shop_the_simulator_and_another_key_stop_a_run(quiet_pos: FakePos) -> None:
    fake_pos = quiet_pos
    luigi, lake = fake_pos.luigi, fake_pos.luigi.folder / "lake"
    luigi.environment["CUSTOMER_HASH_KEY"] = token_hex(16)
    luigi("RawReceipts", "--date", "2026-10-28")
    code, text = luigi.pos("lake")
    assert code == 0 and "the loyverse account Book" in text and "hashed with the key" in text
    kept, objects = luigi.environment.pop("CUSTOMER_HASH_KEY"), raw(lake)()
    requests = len(fake_pos.server.requests)
    assert "CUSTOMER_HASH_KEY is not set" in luigi("RawReceipts", "--date", "2026-10-29", code=35)
    assert luigi.pos("run")[0] == 35
    luigi.environment["CUSTOMER_HASH_KEY"] = kept
    url = luigi.options["pos"]["url"]
    luigi.configure("pos", url="simulator")
    text = luigi("RawReceipts", "--date", "2026-10-29", code=35)
    assert "the settings name the embedded simulator" in text
    code, text = luigi.pos("lake", "--accept-source")
    assert code == 2 and "never share a lake" in text
    assert len(fake_pos.server.requests) == requests and raw(lake)() == objects
    other = Book(Shop(opened=FIRST), merchant={"id": "m-2", "business_name": "Tacos"})
    with serve(other, now=lambda: datetime(2026, 10, 31, 12, tzinfo=UTC)) as server:
        luigi.configure("pos", url=server.url)
        luigi.environment["LOYVERSE_TOKEN"] = server.token
        text = luigi("RawReceipts", "--date", "2026-10-29", code=30)
        assert "Book" in text and "Tacos" in text and raw(lake)() == objects
        assert {entry.path for entry in server.requests} == {"/merchant"}
        code, text = luigi.pos("lake", "--accept-source")
        assert code == 0 and "Tacos" in text
    luigi.configure("pos", url=url)
    luigi.environment["CUSTOMER_HASH_KEY"] = token_hex(16)
    code, text = luigi.pos("lake", "--accept-key")
    assert code == 0 and f"hashed with the key {kept}" not in text


def test_a_lake_that_vanished_is_not_begun_again(quiet_pos: FakePos) -> None:
    luigi, lake = quiet_pos.luigi, quiet_pos.luigi.folder / "lake"
    luigi("RawReceipts", "--date", "2026-10-28")
    lake.rename(luigi.folder / "unmounted")
    for mount_point in (False, True):
        if mount_point:
            lake.mkdir()
        text = luigi("RawReceipts", "--date", "2026-10-29", code=35)
        assert "is empty or gone" in text and re.search(r"on purpose: \S*pos lake --forget", text)
        assert luigi.pos("status")[0] == 2 and luigi.pos("verify")[0] == 2
        assert not (list(lake.iterdir()) if mount_point else lake.exists())
    assert luigi.pos("lake", "--forget")[0] == 1
    luigi("RawReceipts", "--date", "2026-10-29")
    assert luigi.pos("lake", "--forget")[0] == 2, "it is there"


def test_a_removed_lake_of_the_simulator_begins_again(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    options = {"lake": {"url": str(lake)}, "pos": {"state_folder": str(tmp_path / "state")}}
    with configured(options):
        for _ in range(2):
            settings.new_run()
            assert not lakes.lake().has_manifests()
            lakes.lake().storage.put("state/a", b"1")
            local_state.remember(settings.lake_name())
            shutil.rmtree(lake)
    with configured({**options, "pos": {**options["pos"], "url": "https://api.example.com"}}):
        settings.new_run()
        with pytest.raises(OtherLake, match="is empty or gone"):
            lakes.lake()
    settings.new_run()


def test_a_lake_that_vanishes_during_a_run_is_not_begun_again(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "lake")
    storage.put("state/a", b"1")
    shutil.rmtree(tmp_path / "lake")
    with pytest.raises(StorageUnavailable, match="has vanished"):
        storage.put("state/b", b"2")
    assert not (tmp_path / "lake").exists()


def test_two_lakes_of_one_user_share_no_log_page_or_lock(quiet_pos: FakePos) -> None:
    luigi = quiet_pos.luigi
    code, _ = luigi.pos("run")
    assert code == 0 and "ended with exit code 0" in luigi.pos("tail")[1]
    luigi.configure("lake", url=luigi.folder / "second")
    code, text = luigi.pos("tail")
    assert code == 1 and "no run on this machine" in text
    luigi("RawReceipts", "--date", "2026-10-28")
    first, second = sorted(path for path in (luigi.folder / "state").iterdir() if path.is_dir())
    assert {first.name[:4], second.name[:4]} == {"lake", "seco"}
    assert len({path.parent for path in (luigi.folder / "locks").rglob("*.pid")}) == 2
