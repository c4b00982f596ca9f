"""Parquet bytes: exact, repeatable, checked, sorted, documented."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Corrupt, SchemaMismatch
from pipeline.load.day_object import unpack_pieces, unpack_tables
from pipeline.load.parquet import ParquetWriter, from_bytes, to_bytes
from pipeline.schema import MONTH_TABLES, SUMMARY, arrow, conform, empty

MONEY = pa.decimal128(18, 2)
SCHEMA = pa.schema(
    [
        pa.field("business_day", pa.date32(), nullable=False, metadata={"comment": "Local day."}),
        pa.field(
            "choices",
            pa.list_(pa.struct([("name", pa.string()), ("amount", MONEY)])),
            nullable=False,
        ),
        pa.field(
            "sold_at",
            pa.timestamp("us", tz="UTC"),
            nullable=False,
            metadata={"comment": "When.", "unit": "UTC"},
        ),
        pa.field("sold_at_local", pa.timestamp("us"), nullable=False),
        pa.field("item", pa.dictionary(pa.int32(), pa.string())),
        pa.field("receipt_number", pa.string(), nullable=False),
        pa.field("net", MONEY, nullable=False),
        pa.field("cost", MONEY),
    ],
    metadata={"dataset": "sales", "grain": "one dish"},
)
ORDER = ("business_day", "sold_at", "receipt_number")
START = datetime(2026, 10, 5, 15, tzinfo=UTC)


def read_table(rows: list[dict]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def make(number: int, seed: int = 7) -> pa.Table:
    chance = random.Random(seed)
    rows = []
    for index in range(number):
        position = START + timedelta(minutes=index * 7)
        net = Decimal(chance.randrange(-(10**6), 10**6)).scaleb(-2)
        rows.append(
            {
                "business_day": position.date(),
                "sold_at": position,
                "sold_at_local": position.replace(tzinfo=None) - timedelta(hours=6),
                "item": chance.choice(["Papas", "Hamburguesa clásica", "Agua 600 ml", None]),
                "receipt_number": f"1-{index:05d}",
                "net": net,
                "cost": chance.choice([None, net / 2 if net * 50 == int(net * 50) else net]),
                "choices": [{"name": "Salsa", "amount": Decimal("5.00")}] * chance.randrange(3),
            }
        )
    return read_table(rows)


amounts = st.decimals(
    min_value=-(10**16) + 1, max_value=10**16 - 1, places=2, allow_nan=False, allow_infinity=False
)
rows = st.fixed_dictionaries(
    {
        "business_day": st.dates(date(2024, 1, 1), date(2026, 12, 31)),
        "sold_at": st.datetimes(timezones=st.just(UTC)),
        "sold_at_local": st.datetimes(),
        "item": st.none() | st.text(max_size=6),
        "receipt_number": st.text(max_size=6),
        "net": amounts,
        "cost": st.none() | amounts,
        "choices": st.lists(
            st.fixed_dictionaries({"name": st.none() | st.text(max_size=3), "amount": amounts}),
            max_size=3,
        ),
    }
)


@settings(max_examples=30)
@given(st.lists(rows, max_size=30), st.randoms())
def test_every_value_comes_back_exactly_and_the_bytes_know_no_chunks_or_dictionaries(
    content: list[dict], chance: random.Random
) -> None:
    table = read_table(content)
    data = to_bytes(table, ORDER)
    months_before = from_bytes(data)
    assert months_before.schema.equals(SCHEMA)
    assert months_before.schema.metadata == SCHEMA.metadata
    key = [(row["business_day"], row["sold_at"], row["receipt_number"]) for row in content]
    assert months_before.to_pylist() == [
        content[index] for index in sorted(range(len(content)), key=lambda i: key[i])
    ]
    cuts = sorted({0, len(content), *(chance.randrange(len(content) + 1) for _ in range(3))})
    parts = [pa.Table.from_pylist(content[a:b], schema=SCHEMA) for a, b in pairwise(cuts)]
    padded = table.set_column(
        4,
        SCHEMA.field("item"),
        pa.chunked_array(
            [
                pa.DictionaryArray.from_arrays(
                    chunk.indices.cast(pa.int32()),
                    pa.concat_arrays([chunk.dictionary, pa.array(["never sold"])]),
                )
                for chunk in table.column("item").chunks
            ],
            SCHEMA.field("item").type,
        ),
    )
    assert (
        to_bytes(pa.concat_tables([*parts, table.slice(0, 0)]), ORDER)
        == data
        == to_bytes(padded, ORDER)
    )


def test_rows_are_sorted_whatever_their_order_and_the_file_says_so() -> None:
    table = make(300)
    shuffled = table.take(pa.array(random.Random(1).sample(range(300), 300)))
    data = to_bytes(shuffled, ORDER)
    assert data == to_bytes(table, ORDER)
    assert from_bytes(data).equals(table)
    text = pq.ParquetFile(pa.BufferReader(data)).metadata.row_group(0).sorting_columns
    names = [
        pq.ParquetFile(pa.BufferReader(data)).schema.column(item.column_index).name for item in text
    ]
    assert names == list(ORDER)
    assert not any(item.descending or item.nulls_first for item in text)


def test_a_month_written_day_by_day_is_the_file_written_at_once() -> None:
    table = make(1000)
    writer = ParquetWriter(SCHEMA, ORDER, row_group=256)
    for day in sorted(set(table.column("business_day").to_pylist())):
        writer.append(table.filter(pa.compute.equal(table.column("business_day"), pa.scalar(day))))
    data = writer.close()
    assert data == to_bytes(table, ORDER, row_group=256)
    assert from_bytes(data).to_pylist() == table.to_pylist()
    assert from_bytes(data).group_by("item").aggregate([("net", "sum")]).num_rows == 4, (
        "one dictionary over all row groups"
    )
    assert [
        pq.ParquetFile(pa.BufferReader(data)).metadata.row_group(n).num_rows for n in range(4)
    ] == [256, 256, 256, 232]


def test_parts_that_go_back_are_refused() -> None:
    writer = ParquetWriter(SCHEMA, ORDER)
    writer.append(make(20).slice(10))
    with pytest.raises(SchemaMismatch, match=r"out of order"):
        writer.append(make(20).slice(0, 10))
    rows = pa.concat_tables([make(20).slice(0, 1), make(20).slice(19)])
    with pytest.raises(SchemaMismatch, match=r"out of order"):
        writer.append(rows)  # its first row alone
    with pytest.raises(SchemaMismatch, match=r"expected the columns"):
        writer.append(make(5).drop_columns(["net"]))
    with pytest.raises(SchemaMismatch, match=r"another type"):
        writer.append(make(5).set_column(6, "net", make(5).column("net").cast(pa.float64())))


def test_a_query_can_skip_and_the_file_is_of_the_kind_that_engines_read() -> None:
    file = pq.ParquetFile(pa.BufferReader(to_bytes(make(500), ORDER, row_group=200)))
    assert file.metadata.num_row_groups == 3
    assert file.metadata.format_version == "2.6"
    for group in range(3):
        for index in range(file.metadata.num_columns):
            column = file.metadata.row_group(group).column(index)
            assert column.compression == "ZSTD"
            assert column.has_column_index
            assert column.has_offset_index
            if "choices" not in column.path_in_schema:
                assert (
                    column.is_stats_set
                    and column.statistics.has_min_max
                    and column.statistics.has_null_count
                ), column.path_in_schema
            assert (column.path_in_schema == "item") == ("RLE_DICTIONARY" in column.encodings)
    ends = [file.metadata.row_group(group).column(0).statistics for group in range(3)]
    assert all(item.max <= two.min for item, two in pairwise(ends))
    assert isinstance(ends[0].min, date)
    leaf = {
        file.schema.column(index).path: file.schema.column(index)
        for index in range(file.metadata.num_columns)
    }
    assert leaf["net"].physical_type == "INT64"
    assert "Decimal(precision=18, scale=2)" in str(leaf["net"].logical_type)
    assert "isAdjustedToUTC=true, timeUnit=microseconds" in str(leaf["sold_at"].logical_type)
    assert "isAdjustedToUTC=false, timeUnit=microseconds" in str(leaf["sold_at_local"].logical_type)


def test_the_columns_meanings_travel_with_the_file() -> None:
    data = to_bytes(make(3), ORDER)
    assert from_bytes(data).schema.field("sold_at").metadata == {
        b"comment": b"When.",
        b"unit": b"UTC",
    }
    text = json.loads(pq.ParquetFile(pa.BufferReader(data)).metadata.metadata[b"comments"])
    assert text == {"business_day": "Local day.", "sold_at": "When."}


def test_a_flipped_byte_is_found() -> None:
    data = to_bytes(make(4000), ORDER)
    complete = from_bytes(data)
    error = 0
    for position in range(4, len(data) - 8, max(1, len(data) // 120)):
        harmed = data[:position] + bytes([data[position] ^ 0x20]) + data[position + 1 :]
        try:
            # outside the pages (headers' statistics, footer) a flip may leave every value as it
            # was: that is no harm
            assert from_bytes(harmed, "month.parquet").to_pydict() == complete.to_pydict()
        except Corrupt as result:
            assert "month.parquet is not a valid Parquet file" in str(result)
            error += 1
    assert error > 90


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1PAR1", b"not parquet at all"])
def test_what_is_no_parquet_file_is_named(data: bytes) -> None:
    with pytest.raises(Corrupt, match=r"no file.parquet is not a valid"):
        from_bytes(data, "no file.parquet")


def test_some_columns_may_be_read() -> None:
    assert from_bytes(to_bytes(make(5)), columns=["net", "item"]).column_names == ["net", "item"]


def test_columns_that_the_file_does_not_have_are_an_error() -> None:
    with pytest.raises(Corrupt, match=r"no file.parquet is not a valid"):
        from_bytes(to_bytes(make(5)), "no file.parquet", ["net", "nett"])


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        (SCHEMA.append(pa.field("note", pa.string())), r"missing \['note'\], unknown \[\]"),
        (SCHEMA.remove(0), r"missing \[\], unknown \['business_day'\]"),
        (SCHEMA.set(6, pa.field("net", pa.int64(), nullable=False)), "net is pyarrow.Field<net"),
        (pa.schema(list(SCHEMA)[::-1]), "in another order"),
    ],
    ids=["missing", "unknown", "type", "order"],
)
def test_a_file_with_other_columns_is_refused(wanted: pa.Schema, what: str) -> None:
    data = to_bytes(make(3))
    assert from_bytes(data, schema=SCHEMA).num_rows == 3
    with pytest.raises(SchemaMismatch, match=what):
        from_bytes(data, "month.parquet", schema=wanted)


def test_reading_starts_no_thread() -> None:
    """A worker of pyarrow's pool that drops the last reference to Python's bytes while the
    interpreter ends aborts the process (exit code 134).
    """
    program = """if True:
        import os
        import pyarrow as pa
        from pipeline.load.parquet import from_bytes, to_bytes
        data = to_bytes(pa.table({"number": range(100_000), "item": ["soup"] * 100_000}))
        before = os.listdir("/proc/self/task")
        from_bytes(data), from_bytes(data, columns=["item"])
        assert os.listdir("/proc/self/task") == before, "pyarrow has started its pool"
    """
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


@pytest.mark.parametrize("decimals", [0, 2, 3])
@pytest.mark.parametrize("dataset", [*MONTH_TABLES, *SUMMARY], ids=lambda dataset: dataset.name)
def test_every_dataset_of_the_lake_can_be_written_empty_and_read_back(
    dataset, decimals: int
) -> None:
    months_before = from_bytes(
        to_bytes(
            empty(dataset, decimals), [name for name in dataset.key if name in dataset.names()]
        )
    )
    assert months_before.schema.equals(arrow(dataset, decimals))
    assert conform(months_before, dataset, decimals).num_rows == 0


@pytest.mark.parametrize("data", [b"zstd", b"\x28\xb5\x2f\xfd", to_bytes(make(5))])
def test_what_is_no_object_of_a_business_day_is_named(data: bytes) -> None:
    with pytest.raises(Corrupt, match=r"day.arrow is not a valid object of tables"):
        unpack_tables(data, "day.arrow")
    with pytest.raises(Corrupt, match=r"day.arrow is not a valid object of tables"):
        list(unpack_pieces(data, "day.arrow", {"receipts": arrow(MONTH_TABLES[0], 2)}))
