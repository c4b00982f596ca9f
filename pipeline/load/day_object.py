"""The tables of a business day or of a month's summary as one object, and back.

One Arrow stream for each table, in one zstd frame: a sixth of the time of four Parquet files. Equal
tables give equal bytes, provided that their dictionaries are in order (columns.split). Of a
schema, only names, types and the dataset are stored. Raises Corrupt for bytes that are not such an
object, SchemaMismatch for other columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa

from pipeline.errors import Corrupt
from pipeline.load.parquet import check_schema

FILE = "day"
BATCH = 64 * 1024  # rows
_NAME = b"dataset"


def pack_tables(tables: Mapping[str, pa.Table], batch_rows: int = BATCH) -> bytes:
    """The tables as one object, in their order."""
    return pack({name: (table.schema, [table]) for name, table in tables.items()}, batch_rows)


def pack(
    tables: Mapping[str, tuple[pa.Schema, Iterable[pa.Table]]], batch_rows: int = BATCH
) -> bytes:
    """Tables that come in pieces as one object, with one batch in memory.

    The pieces of a table have the same dictionaries. The bytes depend on the rows alone, not on the
    pieces.
    """
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(use_threads=False)
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        for name, (full_schema, pieces) in tables.items():
            schema = _without_meanings(full_schema).with_metadata({_NAME: name})
            with pa.ipc.new_stream(stream, schema, options=options) as writer:
                for rows in _batches((with_schema(piece, schema) for piece in pieces), batch_rows):
                    for batch in _copied(rows).to_batches():
                        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def _batches(pieces: Iterable[pa.Table], count: int) -> Iterator[pa.Table]:
    """The rows of all pieces, in tables of `count` rows."""
    rest: pa.Table | None = None
    for piece in pieces:
        rows = piece if rest is None else pa.concat_tables([rest, piece])
        while rows.num_rows > count:
            yield rows.slice(0, count)
            rows = rows.slice(count)
        rest = rows
    if rest is not None:
        yield rest


def unpack_tables(
    data: bytes, name: str, schemas: Mapping[str, pa.Schema] | None = None
) -> dict[str, pa.Table]:
    """The tables of an object, checked against `schemas`; `name` is for messages."""
    tables: dict[str, pa.Table] = {}
    try:
        body = pa.input_stream(pa.BufferReader(data), compression="zstd").read()
        source = pa.BufferReader(body)
        while source.tell() < len(body):
            table = pa.ipc.open_stream(source).read_all()
            tables[table.schema.metadata[_NAME].decode()] = table
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"{name} is not a valid object of tables: {error}") from error
    for table_name, schema in (schemas or {}).items():
        actual = tables[table_name].schema if table_name in tables else pa.schema([])
        check_schema(actual, schema, f"{name}/{table_name}")
        tables[table_name] = with_schema(tables[table_name], schema)
    return tables


def unpack_pieces(
    data: bytes, name: str, schemas: Mapping[str, pa.Schema]
) -> Iterator[tuple[str, pa.Table]]:
    """The tables of an object by name, a batch of rows at a time.

    `schemas` are those of all its tables, in their order; `name` is for messages.
    """
    try:
        source = pa.input_stream(pa.BufferReader(data), compression="zstd")
        for table_name, schema in schemas.items():
            reader = pa.ipc.open_stream(source)
            if reader.schema.metadata[_NAME].decode() != table_name:
                raise ValueError(f"no table {table_name}")
            check_schema(reader.schema, _without_meanings(schema), f"{name}/{table_name}")
            for batch in reader:
                yield table_name, with_schema(pa.Table.from_batches([batch]), schema)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"{name} is not a valid object of tables: {error}") from error


def _copied(table: pa.Table) -> pa.Table:
    """A copy of the rows, with zeros in the place of nulls.

    A slice would also hold bytes of its neighbours, and the bytes of a null depend
    on how its column was made.
    """
    rows = np.arange(table.num_rows, dtype="i8")
    take = pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(rows)])
    columns = []
    for column in table.combine_chunks().columns:
        # to join a single array copies it, which is quicker, and copies the bytes of a null
        parts = [
            part.take(take) if _has_nulls(part) else pa.concat_arrays([part])
            for part in column.chunks
        ]
        columns.append(pa.chunked_array(parts, column.type))
    return pa.Table.from_arrays(columns, schema=table.schema)


def _has_nulls(array: pa.Array) -> bool:
    """Whether the array, or an array of its elements, holds a null."""
    if array.null_count:
        return True
    if pa.types.is_list(array.type):
        return _has_nulls(array.values)
    return pa.types.is_struct(array.type) and any(map(_has_nulls, array.flatten()))


def with_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of `table` under a schema of the same names and types."""
    return pa.Table.from_arrays(table.columns, schema=schema)


def _without_meanings(schema: pa.Schema) -> pa.Schema:
    """The schema without the meanings of its columns."""
    return pa.schema([field.remove_metadata() for field in schema])
