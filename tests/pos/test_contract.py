"""The contract of a point of sale, held against every registered source and a third one.

A source that is added to SOURCES is tested here by itself, once SHOPS says how to serve it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pipeline import pos
from pipeline.pos import READERS, SOURCES, open_reader, open_source
from pipeline.pos.source import Source, number_reader, sold_date
from pipeline.simulator import Shop
from pipeline.transform import Catalog, Raw, Rules, build_day
from pipeline.transform.validate_record import validate_record
from tests.pos.two_apis import MENU, STORE, instant, serving

SHOP = Shop(seed=3, opened=date(2026, 9, 20), stores=2, receipts_per_day=12)
NOW, SINCE, UNTIL = instant("2026-10-08"), instant("2026-09-24"), instant("2026-10-06")


@contextmanager
def saved(name: str) -> Iterator[Source]:
    """Files with the pages that an API served."""
    with TemporaryDirectory() as folder, serving(name, SHOP, NOW) as source:
        key = next(key for key, rows in source.reader.PAGES.items() if rows == "receipts")
        for number, page in enumerate(source.receipts(SINCE, UNTIL)):
            rows = b",".join(record.body for record in page.records)
            (Path(folder) / f"{number:03d}.json").write_bytes(b'{"%s":[%s]}' % (key.encode(), rows))
        stores = next(key for key, rows in source.reader.PAGES.items() if rows == "stores")
        rows = b",".join(source.catalog()["stores"])
        (Path(folder) / "stores.json").write_bytes(b'{"%s":[%s]}' % (stores.encode(), rows))
        yield open_source("files", folder=Path(folder), saved_from=name)


@contextmanager
def third() -> Iterator[Source]:
    """The third point of sale, registered in one line each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(pos.SOURCES, "tills", "tests.pos.third_source:open_tills")
        patch.setitem(pos.READERS, "tills", "tests.pos.third_source")
        yield open_source("tills")


SHOPS: dict[str, Callable[[], AbstractContextManager[Source]]] = {
    "loyverse": partial(serving, "loyverse", SHOP, NOW),
    "square": partial(serving, "square", SHOP, NOW),
    **{f"files of {name}": partial(saved, name) for name in READERS},
    "tills": third,
}
CASES = sorted(SHOPS)


@pytest.fixture(scope="module", params=CASES)
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    with SHOPS[request.param]() as opened:
        yield opened


def records_of(source: Source) -> dict[str, list]:
    return {"all": [record for page in source.receipts(SINCE, UNTIL) for record in page.records]}


def catalog_of(source: Source) -> Catalog:
    lists = {name: [json.loads(row) for row in rows] for name, rows in source.catalog().items()}
    return Catalog.read(json.dumps(lists).encode(), source.reader.to_canonical_catalog)


def test_every_registered_source_and_reader_is_tested_here() -> None:
    tested = {name.partition(" of ")[0] for name in SHOPS}
    assert set(SOURCES) <= tested
    assert {f"files of {name}" for name in READERS} <= set(SHOPS)


def test_every_record_of_a_span_comes_with_what_decides_its_place(source: Source) -> None:
    records = records_of(source)["all"]
    inside = [record for record in records if SINCE <= record.updated_at < UNTIL]
    assert len({record.number for record in inside}) > 15
    for record in records:
        assert b"\n" not in record.body and record.number and record.created_at
        assert source.reader.read_record(record.body) == record
        assert number_reader(source.reader)(record.body) == record.number.encode()
        assert sold_date(record) == record.sold_at.date()


def test_two_spans_that_touch_are_the_whole(source: Source) -> None:
    middle = instant("2026-10-02")
    halves = [
        {
            r.body
            for page in source.receipts(*span)
            for r in page.records
            if span[0] <= r.updated_at < span[1]
        }
        for span in ((SINCE, middle), (middle, UNTIL))
    ]
    total = {r.body for r in records_of(source)["all"] if SINCE <= r.updated_at < UNTIL}
    assert halves[0] | halves[1] == total and not halves[0] & halves[1]


def test_a_fetch_goes_on_from_each_of_its_pages(source: Source) -> None:
    pages = list(source.receipts(SINCE, UNTIL))
    assert pages[-1].cursor is None
    total = {record.body for page in pages for record in page.records}
    read: set[bytes] = set()
    for page in pages[:-1]:
        read |= {record.body for record in page.records}
        rest = source.receipts(SINCE, UNTIL, page.cursor)
        assert read | {record.body for later in rest for record in later.records} == total


def test_the_catalog_has_every_list_in_an_order_of_its_own(source: Source) -> None:
    catalog = source.catalog()
    assert set(catalog) == set(source.reader.CATALOG) and catalog == source.catalog()
    stores = {json.loads(row)["id"] for row in catalog["stores"]}
    for record in records_of(source)["all"]:
        assert source.reader.store_ids(record.body) <= stores
    assert all(rows == sorted(rows) for rows in catalog.values())


def test_every_receipt_is_valid_and_its_day_is_built(source: Source) -> None:
    catalog, reader = catalog_of(source), source.reader
    rules = Rules({}, STORE, MENU, 2, None, 366, reader.translator, number_reader(reader))
    to_canonical = reader.translator(catalog.raw) if reader.translator else lambda body: [body]
    records = records_of(source)["all"]
    lines = [line for record in records for line in to_canonical(record.body)]
    assert all(isinstance(validate_record(line, rules), bytes) for line in lines)
    day = date(2026, 10, 1)
    bodies = [r.body for r in records if abs(r.sold_at.date() - day) <= timedelta(days=1)]
    raw = Raw("2026-10-01", "raw/x", b"".join(body + b"\n" for body in bodies))
    built = build_day(day, [raw], catalog, rules)
    assert built.metadata["quarantined"] == 0 and built.receipts.num_rows > 2
    for row in built.receipts.to_pylist():
        assert row["paid"] == row["total"] or row["is_cancelled"]


def test_nothing_is_unknown_and_nothing_is_removed_that_is_not_asked_for(source: Source) -> None:
    records = records_of(source)["all"]
    assert source.reader.find_unknown(records, is_first=True) == {}
    for record in records[:50]:
        assert source.reader.remove_customers(record.body, lambda _: False) == record.body
        aged = source.reader.remove_personal_data(record.body)
        assert source.reader.remove_personal_data(aged) == aged
        assert source.reader.read_record(aged)[1:] == record[1:]


def test_one_receipt_is_found_by_its_number(source: Source) -> None:
    ask = getattr(source, "receipt", None)
    if ask is None:
        assert not hasattr(source, "account")  # saved files, and tills without an address
        return
    record = records_of(source)["all"][0]
    assert ask(record.number) == record
    assert ask("nothing-of-the-kind") is None
    assert source.account()


def test_a_reader_is_named_where_it_is_unknown() -> None:
    with pytest.raises(pos.ConfigError, match="loyverse"):
        open_reader("unknown")
