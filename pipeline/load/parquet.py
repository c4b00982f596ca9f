"""Tables as Parquet bytes that engines like, and back.

In: a table of a dataset (schema.conform), rows in any order. Out: bytes that are the same for the
same rows, however the table was cut into chunks or its dictionaries were filled: zstd, labels
dictionary-encoded, DECIMAL money as integers, instants as UTC microseconds, statistics and a page
index by which a query skips, checksums in every page, the sort order and the columns' meanings in
the metadata. Reading verifies the checksums. Nothing is rounded, no row is dropped. Raises Corrupt
for bytes that are no sound Parquet file, SchemaMismatch for parts that do not follow each other in
order.
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
    """A file that grows by parts (days of a month), holding no more than one row group and one part
    of them as a table.

    `order` names the columns by which rows are sorted and parts follow each other. The bytes depend
    on the rows alone, not on how they were parted.
    """

    def __init__(
        self, schema: pa.Schema, order: Sequence[str] = (), *, row_group: int = ROW_GROUP
    ) -> None:
        self._schema, self._order, self._size = schema, tuple(order), row_group
        self._waiting = self._last = pa.Table.from_batches([], schema)
        self._sink = pa.BufferOutputStream()
        self._writer = pq.ParquetWriter(
            self._sink,
            _documented(schema),
            compression="zstd",
            compression_level=_LEVEL,
            use_dictionary=_labels(schema),
            write_statistics=True,
            write_page_index=True,
            write_page_checksum=True,
            store_decimal_as_integer=True,
            sorting_columns=[pq.SortingColumn(_leaf(schema, name)) for name in self._order] or None,
        )

    def append(self, table: pa.Table) -> None:
        """Add the rows of `table`, none of which may come before those that are there
        (SchemaMismatch).
        """
        if not table.schema.equals(self._schema):
            raise SchemaMismatch(
                f"expected the columns {self._schema.names}, got {table.schema.names}, or another"
                " type among them"
            )
        table = _sort(table, self._order)
        seam = pa.concat_tables([self._last, table.slice(0, 1)])
        if _sort(seam, self._order) is not seam:
            raise SchemaMismatch(f"rows are out of order: {seam.select(self._order).to_pylist()}")
        self._last = table.slice(max(table.num_rows - 1, 0)) if table.num_rows else self._last
        self._waiting = pa.concat_tables([self._waiting, table])
        while self._waiting.num_rows >= self._size:
            self._write(self._waiting.slice(0, self._size))
            self._waiting = self._waiting.slice(self._size)

    def close(self) -> bytes:
        """The file, complete."""
        if self._waiting.num_rows:
            self._write(self._waiting)
        self._writer.close()
        return self._sink.getvalue().to_pybytes()

    def _write(self, rows: pa.Table) -> None:
        self._writer.write_table(
            _canonical(rows).replace_schema_metadata(_documented(self._schema).metadata),
            row_group_size=self._size,
        )


def to_bytes(table: pa.Table, order: Sequence[str] = (), *, row_group: int = ROW_GROUP) -> bytes:
    """`table` as a Parquet file, its rows sorted by the columns of `order` (stable, nulls last)."""
    writer = ParquetWriter(table.schema, order, row_group=row_group)
    writer.append(table)
    return writer.close()


def from_bytes(
    data: bytes,
    name: str = "the file",
    columns: Sequence[str] | None = None,
    schema: pa.Schema | None = None,
) -> pa.Table:
    """The table of a Parquet file, or some of its columns; every page's checksum is verified.
    `name` is for the message.

    Raises SchemaMismatch where the file has not exactly the columns of `schema`.
    """
    # ParquetFile, not read_table, which hands `data` to a worker of pyarrow's pool even with
    # use_threads=False: a worker that releases Python's bytes while the interpreter ends aborts it
    try:
        with pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True) as file:
            table = file.read(columns, use_threads=False).unify_dictionaries()
        if columns is not None:
            table = table.select(list(columns))
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise Corrupt(f"{name} is not a sound Parquet file: {error}") from error
    if schema is not None:
        check_schema(table.schema, schema, name)
    said = {key: value for key, value in (table.schema.metadata or {}).items() if key != _COMMENTS}
    return table.replace_schema_metadata(said or None)


def check_schema(found: pa.Schema, wanted: pa.Schema, name: str) -> None:
    """Raises SchemaMismatch, naming file and columns, where `found` has not the columns, types and
    order of `wanted`; meanings aside.
    """
    if found.equals(wanted):
        return
    missing, unknown = (
        [n for n in wanted.names if n not in found.names],
        [n for n in found.names if n not in wanted.names],
    )
    other = [
        f"{field.name} is {found.field(field.name)}, not {field}"
        for field in wanted
        if field.name in found.names and not found.field(field.name).equals(field)
    ]
    raise SchemaMismatch(
        f"{name} has not the columns of its dataset: missing {missing}, unknown {unknown},"
        f" {'; '.join(other) or 'in another order'}; was it written by other code? Build it again"
        " (pos rebuild)"
    )


def _documented(schema: pa.Schema) -> pa.Schema:
    """With every column's meaning as one JSON of the file, for engines that do not know Arrow's
    metadata.
    """
    comments = {
        field.name: field.metadata[b"comment"].decode()
        for field in schema
        if b"comment" in (field.metadata or {})
    }
    return schema.with_metadata(
        {**(schema.metadata or {}), _COMMENTS: json.dumps(comments, ensure_ascii=False)}
    )


def _labels(schema: pa.Schema) -> list[str] | bool:
    """The columns of few values: dictionary-encoded in Arrow, so in the file too."""
    return [field.name for field in schema if pa.types.is_dictionary(field.type)] or False


def _leaf(schema: pa.Schema, name: str) -> int:
    """The number of a column among the file's columns, where a list of structs counts for each of
    its fields.
    """
    return sum(_leaves(field.type) for field in list(schema)[: schema.get_field_index(name)])


def _leaves(kind: pa.DataType) -> int:
    if pa.types.is_dictionary(kind) or not kind.num_fields:
        return 1
    return sum(_leaves(kind.field(number).type) for number in range(kind.num_fields))


def _sort(table: pa.Table, order: Sequence[str]) -> pa.Table:
    """`table` itself if its rows are in order, else sorted; equal rows keep theirs."""
    if not order or table.num_rows < 2:
        return table
    keys = pa.table({name: _plain(table.column(name)) for name in order})
    indices = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in order])
    rising = pc.less(indices.slice(0, table.num_rows - 1), indices.slice(1))
    return table if pc.all(rising).as_py() else table.take(indices)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _canonical(table: pa.Table) -> pa.Table:
    """One chunk a column, and each dictionary in the order in which its values appear, without
    those that do not.
    """
    columns = []
    for field in table.schema:
        column = _plain(table.column(field.name)).combine_chunks()
        columns.append(
            column.dictionary_encode().cast(field.type)
            if pa.types.is_dictionary(field.type)
            else column
        )
    return pa.Table.from_arrays(columns, schema=table.schema)
