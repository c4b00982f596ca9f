"""Saved files are a shop like any other: every form that receipts are saved in, and the same fetch
as from the API.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.errors import ConfigError, SourceFatal
from pipeline.extract.fetch import fetch_pages, pack
from pipeline.pos import open_source
from pipeline.pos.files import open_files, read_objects
from pipeline.pos.loyverse import reader
from pipeline.simulator.ids import millis
from tests.extract.small_shop import (
    DAY,
    NOW,
    START,
    fetch_first_windows,
    gather,
    numbers,
    shop,
    windows,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"
FORMS: dict[str, Callable[[list[bytes]], bytes]] = {
    "page": lambda rows: b'{"receipts":[' + b",".join(rows) + b'],"cursor":"abc"}',
    "pretty page": (
        lambda rows: json.dumps({"receipts": [json.loads(row) for row in rows]}, indent=2).encode()
    ),
    "array": lambda rows: b"[" + b",\n".join(rows) + b"]",
    "NDJSON": lambda rows: b"\n".join(rows) + b"\n",
    "NDJSON of pages": lambda rows: b"\r\n".join(b'{"receipts":[%s]}' % row for row in rows),
    "with a byte order mark": lambda rows: b"\xef\xbb\xbf[" + b",".join(rows) + b"]",
}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda text: text,
    ".gz": gzip.compress,
    ".zst": lambda text: pa.compress(text, "zstd", asbytes=True),
}


def bodies(count: int, **options) -> list[bytes]:
    """Receipts of the small shop, as the API spells them."""
    book = shop(count, **options)
    return [book.find(millis(NOW), f"1-{n + 1000}").read() for n in range(count)]


def save(folder: Path, files: dict[str, bytes]) -> Path:
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return folder


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", PACKERS)
def test_every_form_is_read(tmp_path: Path, form: str, packed: str) -> None:
    rows = bodies(48)
    ending = ".ndjson" if "NDJSON" in form else ".json"
    folder = save(tmp_path / "saved", {f"a/b{ending}{packed}": PACKERS[packed](FORMS[form](rows))})
    result = fetch_first_windows(open_source("files", folder=folder), 1, tmp_path / "state")
    kept = [
        line
        for _, records in result.windows
        for text in pack(records).values()
        for line in text.splitlines()
    ]
    assert sorted(map(json.dumps, map(json.loads, kept))) == sorted(
        map(json.dumps, map(json.loads, rows))
    )
    assert form == "pretty page" or sorted(kept) == sorted(rows), "byte for byte"


@pytest.mark.parametrize("packed", PACKERS)
def test_a_fetch_of_files_is_a_fetch_of_the_api(start, tmp_path: Path, packed: str) -> None:
    """The battery for any source: the same shop gives the same objects, whichever way it is read."""
    _, api = start(shop(300), limit=50)
    rows = bodies(300)
    files = {
        f"page-{n:03}.json{packed}": PACKERS[packed](FORMS["page"](rows[position : position + 70]))
        for n, position in enumerate(range(0, 300, 70))
    }
    sources = [api, open_source("files", folder=save(tmp_path / "saved", files))]
    fetches = []
    for source in sources:
        for bounded in (True, False):
            result = fetch_pages(
                source,
                windows(4, START + DAY),
                bounded=bounded,
                state_folder=tmp_path / "state",
                now=NOW,
            )
            fetches.append(
                {
                    (window.date, sold): text
                    for window, records in result.windows
                    for sold, text in pack(records).items()
                }
            )
    assert fetches[0] == fetches[1] == fetches[2] == fetches[3] and len(fetches[0]) == 8


def test_a_bucket_is_a_folder(tmp_path: Path) -> None:
    rows, reads = bodies(96), []
    objects = {f"saved/{n}.json": FORMS["array"](rows[n * 48 : n * 48 + 48]) for n in range(2)}
    source = open_source(
        "files",
        listing=lambda: [
            (key, lambda key=key: reads.append(key) or objects[key]) for key in objects
        ],
        location="s3://bucket",
    )
    assert len(numbers(fetch_first_windows(source, 2, tmp_path))) == 96
    reads.clear()
    assert (
        len(
            numbers(
                fetch_pages(
                    source, windows(1, START + DAY), bounded=True, state_folder=tmp_path, now=NOW
                )
            )
        )
        == 48
    )
    assert reads == ["saved/1.json"], (
        "a file whose receipts all changed at other times is not read again"
    )


def test_the_newest_revision_counts_and_of_equal_ones_the_last_file(tmp_path: Path) -> None:
    def body(number: str, hour: int, note: str) -> bytes:
        return json.dumps(
            {
                "receipt_number": number,
                "updated_at": f"2026-10-01T{hour}:00:00Z",
                "created_at": "2026-10-01T12:00:00Z",
                "receipt_date": "2026-10-01T12:00:00Z",
                "note": note,
            }
        ).encode()

    folder = save(
        tmp_path / "saved",
        {
            "1.ndjson": body("a", 15, "new") + b"\n" + body("b", 13, "first"),
            "2.ndjson": body("a", 12, "old") + b"\n" + body("b", 13, "last"),
        },
    )
    [(_, [records])] = [
        (day, [*rows.values()])
        for day, rows in gather(
            fetch_first_windows(open_source("files", folder=folder), 1, tmp_path)
        ).items()
    ]
    assert [json.loads(record.body)["note"] for record in records] == ["last", "new"]


def test_a_record_without_a_time_of_change_is_in_one_window_under_no_date(tmp_path: Path) -> None:
    rows = [
        b'{"receipt_number":"a","created_at":"2026-10-01T12:00:00Z"}',
        b'{"receipt_number":"b","receipt_date":"2026-10-02T12:00:00Z"}',
        b'{"receipt_number":"c"}',
        b'{"receipt_number":"d","updated_at":"2026-10-03T12:00:00Z"}',
        b"7",
    ]
    folder = save(tmp_path / "saved", {"1.json": FORMS["array"](rows)})
    source = open_source("files", folder=folder)
    for days in (windows(4), windows(2) + windows(2, START + 2 * DAY)):
        result = gather(fetch_pages(source, days, bounded=False, state_folder=tmp_path, now=NOW))
        placed = [
            (row.number, window.day, sold)
            for window, records in result.items()
            for sold, rows in records.items()
            for row in rows
        ]
        assert sorted(placed, key=str) == sorted(
            [("a", 1, None), ("b", 2, None), ("c", 3, None), ("d", 3, None), (None, 3, None)],
            key=str,
        )


@pytest.mark.parametrize(
    "name, body",
    [
        ("x.json", b""),
        ("x.json", b"{"),
        ("x.json", b"null"),
        ("x.json", b"[1,2]"),
        ("x.json", b'{"a":1}'),
        ("x.json", b"<html>"),
        ("x.json", b'[{"receipt_number":"\xff"}]'),
        ("x.ndjson", b'{"receipt_number":"1"}\n{"receipt_num'),
        ("x.json.gz", b"\x1f\x8bgarbage"),
        ("x.json.gz", gzip.compress(b"[]" * 9999, mtime=0)[:-12]),
        ("x.json.zst", PACKERS[".zst"](b'[{"receipt_number":"1"}]')[:-6]),
        ("x.json", b'{"receipts":[{]}'),
        ("x.json", b'[{"receipt_number":"1"}]'),
        ("x.json", b'{"receipts":[7]}'),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, body: bytes) -> None:
    folder = save(tmp_path / "saved", {"deep/" + name: body, "good.json": FORMS["page"](bodies(3))})
    with pytest.raises(SourceFatal, match=f"deep/{name}"):
        list(open_source("files", folder=folder).receipts(START, None))


def test_a_cut_gzip_is_not_half_a_shop(tmp_path: Path) -> None:
    total = gzip.compress(FORMS["NDJSON"](bodies(200)))
    for cut in range(20, len(total), 37):
        with pytest.raises(SourceFatal, match=r"x\.ndjson\.gz"):
            read_objects("x.ndjson.gz", total[:cut], reader)


def test_a_large_file_is_refused_by_its_size_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "receipts.json").open("wb") as file:
        file.truncate(600 << 20)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with pytest.raises(SourceFatal, match=r"receipts.json cannot be read .*536,870,912 bytes"):
        list(open_files(folder=tmp_path).receipts(datetime(2026, 1, 1, tzinfo=UTC), None))


@pytest.mark.parametrize("packed", ["gzip", "zstd"])
def test_a_bomb_is_refused_before_it_is_held_in_memory(packed: str) -> None:
    """More than half a gigabyte of blanks: counted piece by piece."""
    bomb = pa.BufferOutputStream()
    with pa.CompressedOutputStream(bomb, packed) as stream:
        for _ in range(576):
            stream.write(bytes(1 << 20))
    data = bomb.getvalue().to_pybytes()
    tracemalloc.start()
    with pytest.raises(SourceFatal, match="more than 536,870,912 bytes"):
        read_objects("x.json", data, reader)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


def test_a_compressed_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.pos.files._BYTE_CAP", 3 << 20)
    for packed in (".gz", ".zst"):
        bomb, before = PACKERS[packed](b" " * (64 << 20)), pa.total_allocated_bytes()
        tracemalloc.start()
        with pytest.raises(SourceFatal, match="more than 3,145,728 bytes"):
            read_objects("x.json", bomb, reader)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 12 << 20 and pa.total_allocated_bytes() - before < 8 << 20


def test_a_folder_without_receipts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        open_source("files", folder=tmp_path / "missing")
    with pytest.raises(ConfigError, match=r"\[pos\] folder"):
        open_source(
            "files",
        )
    save(
        tmp_path,
        {
            "read.me": b"hello",
            ".hidden.json": b"{",
            "items.json": b'{"items":[]}',
            "shifts.json": b'{"shifts":[{"id":1}]}',
        },
    )
    with pytest.raises(SourceFatal, match="no file holds receipts"):
        list(open_source("files", folder=tmp_path).receipts(START, None))


def test_the_catalog_of_files_is_the_newest_of_each_thing(tmp_path: Path) -> None:
    def item(name: str, updated: str) -> dict[str, str]:
        return {
            "id": "i1",
            "item_name": name,
            "updated_at": f"2026-10-0{updated}T00:00:00.000Z",
            "description": "call 55 0000",
        }

    other = {"id": "i2", "item_name": "other"}
    files = {
        "1.json": {
            "items": [item("second", "2"), other],
            "customers": [{"id": "c", "email": "x@example.org"}],
        },
        "2.json": [item("first", "1")],
        "3.json": {"id": "m", "business_name": "B", "email": "x@example.org"},
        "4.json": {"stores": [{"id": "s", "name": "S", "address": "x"}]},
        "5.json": {"receipts": [], "cursor": "x"},
    }
    result = open_source(
        "files",
        folder=save(tmp_path, {name: json.dumps(body).encode() for name, body in files.items()}),
    ).catalog()
    assert [json.loads(row) for row in result["items"]] == [
        {"id": "i1", "item_name": "second", "updated_at": "2026-10-02T00:00:00.000Z"},
        other,
    ]
    assert result["merchant"] == [b'{"id":"m","business_name":"B"}'] and result["stores"] == [
        b'{"id":"s","name":"S"}'
    ]
    assert result["taxes"] == [] and "customers" not in result


def test_the_fixtures_are_a_shop(tmp_path: Path) -> None:
    for page in ("receipts_page.json", "items_page.json"):
        shutil.copy(FIXTURES / page, tmp_path)
    source = open_source("files", folder=tmp_path)
    rows = [record for page in source.receipts(START - 3650 * DAY, None) for record in page.records]
    assert len(rows) == 8 and all(
        record.number and record.updated_at and record.sold_at for record in rows
    )
    assert len(source.catalog()["items"]) == len(
        json.loads((FIXTURES / "items_page.json").read_bytes())["items"]
    )
    assert source.requests == 0 and source.server_time is None


def test_a_killed_fetch_of_files_goes_on_with_the_next_file(tmp_path: Path) -> None:
    rows = bodies(96)
    source = open_source(
        "files",
        folder=save(
            tmp_path, {f"{n}.json": FORMS["array"](rows[n * 24 : n * 24 + 24]) for n in range(4)}
        ),
    )
    pages = list(source.receipts(START, None))
    assert [page.cursor for page in pages] == ["0.json", "1.json", "2.json", None]
    assert list(source.receipts(START, None, "1.json")) == pages[2:]
    assert [
        len(page.records)
        for page in source.receipts(START + timedelta(hours=30), START + timedelta(hours=31))
    ] == [2]
