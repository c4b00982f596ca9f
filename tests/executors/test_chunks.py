"""A day in chunks is the day: the same rows, in the same bytes, each record counted once."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.load import compress
from pipeline.load.day_object import pack, pack_tables, unpack_pieces
from pipeline.load.parquet import sort_table, to_bytes
from pipeline.load.raw_objects import decompress_blocks
from pipeline.schema import MONTH_TABLES, arrow
from pipeline.transform import BuiltDay, Catalog, Raw, Rules, build_day
from pipeline.transform.merge import merge
from pipeline.transform.split_day import build_chunk, divide, merge_parts, number_of

sys.path.insert(0, str(Path(__file__).parents[1] / "transform"))
from kitchen import DAY as TODAY
from kitchen import catalog, line, raw, receipt, rules
from shops import DAY, NastyShop, shop_of

from tests.support.inputs import tries

NASTY = settings(
    max_examples=tries(7, 40),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SHOPS = st.randoms(use_true_random=False).map(shop_of)


def packed(built: BuiltDay) -> dict[str, bytes]:
    return {
        dataset.name: to_bytes(getattr(built, dataset.name), dataset.order)
        for dataset in MONTH_TABLES
    }


def portions_of(
    day: date, raws: list[Raw], book: Catalog, by: Rules, chunks: int
) -> list[BuiltDay]:
    blocks = [
        raw._replace(ndjson=block)
        for raw in raws
        for block in decompress_blocks(compress(raw.ndjson), 3000)
    ]
    return [
        portion
        for chunk in range(chunks)
        for portion in build_chunk(day, blocks, book, by, chunk, chunks, 20_000)
    ]


def in_chunks(day: date, raws: list[Raw], book: Catalog, by: Rules, chunks: int) -> BuiltDay:
    return merge_parts(portions_of(day, raws, book, by, chunks))


def spoiled_raws(shop: NastyShop, rng: Random) -> list[Raw]:
    return [
        raw._replace(
            ndjson=b"".join(record + b"\n" for record in spoil(raw.ndjson.splitlines(), rng))
        )
        for raw in shop.raws
    ]


def spoil(records: list[bytes], rng) -> list[bytes]:
    """Some of them as they may arrive broken: no store, no number, no JSON, twice, or a number
    spelt otherwise.
    """
    result = []
    for record in records:
        kind = rng.randrange(9)
        if kind == 0:
            result.append(
                json.dumps(
                    {**json.loads(record), "store_id": None, "updated_at": "2024-09-12T00:00:00Z"}
                ).encode()
            )
        elif kind == 1:
            result.append(
                json.dumps(
                    {**json.loads(record), "receipt_number": rng.choice([None, 7, ""])}
                ).encode()
            )
        elif kind == 2:
            result += [record[: len(record) // 2], b"", record]
        elif kind == 3:
            result.append(
                record.replace(b'"receipt_number": "', b'"receipt\\u005fnumber": "\\u0031')
            )
        elif kind == 4:
            result.append(
                record.replace(
                    b'"line_items": [', b'"more": {"receipt_number": "other"}, "line_items": ['
                )
            )
        else:
            result.append(record)
    return result


@NASTY
@given(SHOPS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_chunks_united_are_the_day_to_the_byte(shop: NastyShop, chunks: int, rng) -> None:
    raws = spoiled_raws(shop, rng)
    book, by = shop.read_catalog(), shop.rules
    total, merged = build_day(DAY, raws, book, by), in_chunks(DAY, raws, book, by, chunks)
    assert packed(merged) == packed(total)
    assert merged.metadata == total.metadata


@NASTY
@given(SHOPS, st.integers(1, 5), st.integers(1, 40), st.randoms(use_true_random=False))
def test_portions_merged_as_a_stream_are_the_object_of_the_day(
    shop: NastyShop, chunks: int, batch_rows: int, rng: Random
) -> None:
    raws, book, by = spoiled_raws(shop, rng), shop.read_catalog(), shop.rules
    day, portions = build_day(DAY, raws, book, by), portions_of(DAY, raws, book, by, chunks)
    merged = {}
    for dataset in MONTH_TABLES:
        schemas = {dataset.name: arrow(dataset, by.decimals)}
        tables = [sort_table(getattr(part, dataset.name), dataset.order) for part in portions]
        objects = [pack_tables({dataset.name: table}, batch_rows) for table in tables]
        pieces = [[rows for _, rows in unpack_pieces(data, "it", schemas)] for data in objects]
        assert [sum(map(len, part)) for part in pieces] == [table.num_rows for table in tables]
        assert all(len(piece) <= batch_rows for part in pieces for piece in part)
        merged[dataset.name] = schemas[dataset.name], merge(pieces, dataset.order, held=7)
    ordered = {d.name: sort_table(getattr(day, d.name), d.order) for d in MONTH_TABLES}
    assert pack(merged, 30) == pack_tables(ordered, 30)


@given(SHOPS, st.integers(1, 7))
@settings(max_examples=20)
def test_every_record_is_in_one_chunk_at_its_position(shop: NastyShop, chunks: int) -> None:
    for entry in shop.raws:
        lines, result = entry.ndjson.split(b"\n"), {}
        for chunk in range(chunks):
            for part, positions in divide(entry, chunk, chunks, buckets=3):
                records = part.ndjson.splitlines()
                assert len(records) == len(positions) and not result.keys() & set(positions)
                result |= dict(zip(positions, records, strict=True))
        assert result == {position: record for position, record in enumerate(lines, 1) if record}


@pytest.mark.parametrize(
    ("record", "number"),
    [
        (b'{"receipt_number": "1-7"}', b"1-7"),
        (b'{"receipt_number":\t"1-7", "note": "receipt_number"}', b"1-7"),
        (b'{"receipt_number": "1-\\u0037"}', b"1-7"),
        (b'{"receipt\\u005fnumber": "1-7"}', b"1-7"),
        (b'{"line_items": [{"receipt_number": "x"}], "receipt_number": "1-7"}', b"1-7"),
        (b'{"more": {"receipt_number": "x"}, "receipt\\u005fnumber": "1-7"}', b"1-7"),
        (b'{"receipt\\u005fnumber": "1-7", "note": "\x01"}', b"1-7"),
        (b'{"receipt_number": 7}', b""),
        (b'{"receipt_number": null}', b""),
        (b'{"receipt_number": "1-7"', b"1-7"),
        (b"[]", b""),
        (b"\xff", b""),
    ],
)
def test_the_number_is_the_one_that_the_rules_read(record: bytes, number: bytes) -> None:
    assert number_of(record) == number


def test_a_revision_whose_store_cannot_be_read_competes_with_its_number_in_every_store() -> None:
    """What a split by store would get wrong: the broken newest version is of the first store that
    has its number.
    """
    here = [
        receipt(line("Smash", 10), receipt_number=f"1-{n}", store_id=f"s{n % 3}") for n in range(30)
    ]
    broken = [{**entry, "store_id": 5, "updated_at": "2026-07-09T00:00:00Z"} for entry in here[::4]]
    raws = raw(*here, *broken)
    total, merged = (
        build_day(TODAY, raws, catalog(), rules()),
        in_chunks(TODAY, raws, catalog(), rules(), 4),
    )
    assert (
        total.metadata
        == merged.metadata
        == {
            "received": 30,
            "counted": 22,
            "quarantined": 8,
            "superseded": 8,
        }
    )
    assert packed(merged) == packed(total)
