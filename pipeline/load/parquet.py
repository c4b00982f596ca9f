"""Tables to Parquet bytes, and back.

The same rows give the same bytes, however the table is chunked or its dictionaries are filled:
zstd, labels dictionary-encoded, DECIMAL money as integers, instants as UTC microseconds, statistics
and a page index for queries, page checksums, and sort order and column meanings in the metadata.
Reading verifies the checksums. Nothing is rounded, no row is dropped. Raises Corrupt for bytes that
are not a valid Parquet file, SchemaMismatch for other columns or rows out of order.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.errors import Corrupt, SchemaMismatch

ROW_GROUP = 64 * 1024
_LEVEL = 3
_COMMENTS = b"comments"


class ParquetWriter:
    """A file written in parts (days), with one row group in memory.

    `order` names the columns by which rows and parts are sorted. The bytes depend on the rows
    alone, not on the parts.
    """

    def __init__(
        self, schema: pa.Schema, order: Sequence[str] = (), *, row_group: int = ROW_GROUP
    ) -> None:
        self._schema, self._order, self._size = schema, tuple(order), row_group
        self._pending = self._last = pa.Table.from_batches([], schema)
        self._sink = pa.BufferOutputStream()
        labels = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        self._writer = pq.ParquetWriter(
            self._sink,
            _documented(schema),
            compression="zstd",
            compression_level=_LEVEL,
            use_dictionary=labels or False,
            write_statistics=True,
            write_page_index=True,
            write_page_checksum=True,
            store_decimal_as_integer=True,
            sorting_columns=[pq.SortingColumn(_leaf(schema, name)) for name in self._order] or None,
        )

    def append(self, table: pa.Table) -> None:
        """Add the rows of `table`; SchemaMismatch where one belongs before earlier rows."""
        if not table.schema.equals(self._schema):
            raise SchemaMismatch(
                f"expected the columns {self._schema.names}, got {table.schema.names}, or another"
                " type among them"
            )
        if not table.num_rows:
            return
        rows = pa.concat_tables([self._last.select(self._order), table.select(self._order)])
        if not _is_sorted(_keys(rows, self._order)):
            table = sort_table(table, self._order)
            seam = pa.concat_tables([self._last, table.slice(0, 1)])
            if sort_table(seam, self._order) is not seam:
                values = seam.select(self._order).to_pylist()
                raise SchemaMismatch(f"rows are out of order: {values}")
        self._last = table.slice(table.num_rows - 1)
        self._pending = pa.concat_tables([self._pending, table])
        while self._pending.num_rows >= self._size:
            self._write(self._pending.slice(0, self._size))
            self._pending = self._pending.slice(self._size)

    def close(self) -> bytes:
        """The file, complete."""
        if self._pending.num_rows:
            self._write(self._pending)
        self._writer.close()
        return self._sink.getvalue().to_pybytes()

    def _write(self, rows: pa.Table) -> None:
        self._writer.write_table(
            _canonical(rows).replace_schema_metadata(_documented(self._schema).metadata),
            row_group_size=self._size,
        )


def to_bytes(table: pa.Table, order: Sequence[str] = (), *, row_group: int = ROW_GROUP) -> bytes:
    """The table as a Parquet file, sorted by `order` (stable, nulls last)."""
    writer = ParquetWriter(table.schema, order, row_group=row_group)
    writer.append(table)
    return writer.close()


def from_bytes(
    data: bytes,
    name: str = "the file",
    columns: Sequence[str] | None = None,
    schema: pa.Schema | None = None,
) -> pa.Table:
    """The checked table of a file `name`, or some columns, with exactly this `schema`."""
    # ParquetFile, not read_table, which hands `data` to a worker of pyarrow's pool even with
    # use_threads=False: a worker that releases Python's bytes while the interpreter ends aborts it
    try:
        with pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True) as file:
            table = file.read(columns, use_threads=False).unify_dictionaries()
        if columns is not None:
            table = table.select(list(columns))
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise Corrupt(f"{name} is not a valid Parquet file: {error}") from error
    if schema is not None:
        check_schema(table.schema, schema, name)
    metadata = {
        key: text for key, text in (table.schema.metadata or {}).items() if key != _COMMENTS
    }
    return table.replace_schema_metadata(metadata or None)


def check_schema(actual: pa.Schema, expected: pa.Schema, name: str) -> None:
    """Raise SchemaMismatch unless columns, types and order are as expected."""
    if actual.equals(expected):
        return
    missing = [column for column in expected.names if column not in actual.names]
    unknown = [column for column in actual.names if column not in expected.names]
    other = [
        f"{field.name} is {actual.field(field.name)}, not {field}"
        for field in expected
        if field.name in actual.names and not actual.field(field.name).equals(field)
    ]
    raise SchemaMismatch(
        f"{name} does not have the columns of its dataset: missing {missing}, unknown {unknown},"
        f" {'; '.join(other) or 'in another order'}; was it written by other code? Build it again"
        " (pos rebuild)"
    )


def _documented(schema: pa.Schema) -> pa.Schema:
    """Add the columns' meanings as JSON, for tools that ignore Arrow's metadata."""
    comments = {
        field.name: field.metadata[b"comment"].decode()
        for field in schema
        if b"comment" in (field.metadata or {})
    }
    return schema.with_metadata(
        {**(schema.metadata or {}), _COMMENTS: json.dumps(comments, ensure_ascii=False)}
    )


def _leaf(schema: pa.Schema, name: str) -> int:
    """The index of a column among the leaves; a struct has one per field."""
    return sum(_leaves(field.type) for field in list(schema)[: schema.get_field_index(name)])


def _leaves(kind: pa.DataType) -> int:
    if pa.types.is_dictionary(kind) or not kind.num_fields:
        return 1
    return sum(_leaves(kind.field(number).type) for number in range(kind.num_fields))


def sort_table(table: pa.Table, order: Sequence[str]) -> pa.Table:
    """Return `table` itself if its rows are in order, else sorted (stable)."""
    if not order or table.num_rows < 2:
        return table
    keys = _keys(table, order)
    if _is_sorted(keys):
        return table
    indices = pc.sort_indices(
        pa.Table.from_arrays(keys, list(order)), sort_keys=[(name, "ascending") for name in order]
    )
    rising = pc.less(indices.slice(0, table.num_rows - 1), indices.slice(1))
    return table if pc.all(rising).as_py() else table.take(indices)


def _keys(table: pa.Table, order: Sequence[str]) -> list[pa.Array]:
    """The columns by which a table is sorted, each in one piece."""
    return [_plain(table.column(name)).combine_chunks() for name in order]


def _is_sorted(keys: Sequence[pa.Array]) -> bool:
    """Whether no row belongs before the one above it; False if there is a null."""
    tied: pa.BooleanArray | None = None  # with the row above, in the columns so far
    for key in keys:
        above, below = key[:-1], key[1:]
        falls, same = pc.greater(above, below), pc.equal(above, below)
        if tied is not None:
            falls, same = pc.and_(tied, falls), pc.and_(tied, same)
        if key.null_count or falls.true_count:
            return False
        if not same.true_count:
            return True
        tied = same
    return True


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _canonical(table: pa.Table) -> pa.Table:
    """Combine chunks; rebuild each dictionary in order of first occurrence."""
    columns = []
    for field, column in zip(table.schema, table.combine_chunks().columns, strict=True):
        is_label = pa.types.is_dictionary(field.type) and column.num_chunks
        columns.append(_in_order_of_occurrence(column.chunk(0)) if is_label else column)
    return pa.Table.from_arrays(columns, schema=table.schema)


def _in_order_of_occurrence(labels: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same labels, the dictionary without unused and equal values."""
    values = labels.dictionary.dictionary_encode()
    codes = values.indices.take(labels.indices).dictionary_encode()  # numbers: quicker than texts
    return pa.DictionaryArray.from_arrays(codes.indices, values.dictionary.take(codes.dictionary))
