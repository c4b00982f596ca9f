"""Parts merged as streams are the sorted table: same rows, same dictionaries."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pyarrow as pa
import pytest

from pipeline.transform.columns import Labels, texts
from pipeline.transform.merge import merge, sort

ORDER = ("time", "store", "number")
LABEL = pa.dictionary(pa.int32(), pa.string())


def table_of(rows: list[tuple[int, str, str, str | None]]) -> pa.Table:
    times, stores, numbers, names = (list(column) for column in zip(*rows, strict=True))
    return pa.table(
        {
            "time": pa.array(times, pa.timestamp("us", "UTC")),
            "store": Labels.read(texts(stores)).column(LABEL),
            "number": texts(numbers),
            "name": Labels.read(texts(names)).column(LABEL),
        }
    )


def random_rows(rng: Random, count: int) -> list[tuple[int, str, str, str | None]]:
    """Rows with a number of their own each; many of equal time."""
    return [
        (
            rng.randrange(30),
            rng.choice("äbcz"),
            f"{rng.choice('1é')}-{number}",
            rng.choice([None, "a", f"n{number}"]),
        )
        for number in range(count)
    ]


def cut(table: pa.Table, size: int) -> Iterator[pa.Table]:
    """The table in pieces of some rows, and an empty one."""
    for start in range(0, len(table) + size, size):
        yield table.slice(start, size)


@pytest.mark.parametrize("seed", range(30))
def test_merged_parts_are_the_sorted_table(seed: int) -> None:
    rng = Random(seed)
    rows, parts = random_rows(rng, rng.randrange(1, 120)), rng.randrange(1, 6)
    part_of = [rng.randrange(parts) for _ in rows]
    streams = []
    for part in range(parts):
        of_part = [row for row, owner in zip(rows, part_of, strict=True) if owner == part]
        if not of_part:
            streams.append(iter(()))
            continue
        table, size = sort(table_of(of_part), ORDER), rng.randrange(1, 12)
        streams.append(cut(table, size))
    pieces = list(merge(streams, ORDER, held=rng.randrange(1, 9)))
    merged, expected = pa.concat_tables(pieces), sort(table_of(rows), ORDER)
    assert merged.to_pydict() == expected.to_pydict()
    for name in ("store", "name"):
        dictionary = expected.column(name).chunk(0).dictionary
        assert all(piece.column(name).chunk(0).dictionary.equals(dictionary) for piece in pieces)


def test_rows_are_in_memory_for_some_pieces_of_each_part_only() -> None:
    rows = random_rows(Random(1), 400)
    tables = [sort(table_of(rows[start::4]), ORDER) for start in range(4)]
    read = 0

    def pieces(table: pa.Table):
        nonlocal read
        for start in range(0, 100, 5):
            read += 5
            yield table.slice(start, 5)

    merged = 0
    for piece in merge([*map(pieces, tables)], ORDER, held=10):
        assert read - merged <= 4 * 15
        merged += len(piece)
    assert merged == 400
