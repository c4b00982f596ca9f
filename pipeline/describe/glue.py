"""The tables in the form of Glue's API (TableInput)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from json import dumps

from pipeline.describe.athena import MAX_COMMENT, projection
from pipeline.describe.tables import PARTITIONS, TableDescription

DIGEST = "lake.schema"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def glue_tables(tables: Sequence[TableDescription], *, first_year: int) -> list[dict[str, object]]:
    """Return TableInputs; parameter `lake.schema` is a digest of the rest."""
    return [_table(table, first_year) for table in tables]


def _table(table: TableDescription, first_year: int) -> dict[str, object]:
    table_input: dict[str, object] = {
        "Name": table.name,
        "Description": f"One row: {table.dataset.grain}.",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": _columns(PARTITIONS),
        "StorageDescriptor": {
            "Columns": _columns(table.columns),
            "Location": f"{table.location}/",
            "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
            "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe"},
        },
    }
    properties = {"classification": "parquet", "EXTERNAL": "TRUE", **projection(table, first_year)}
    digest = sha256(dumps([table_input, properties], sort_keys=True).encode()).hexdigest()[:16]
    return {**table_input, "Parameters": {**properties, DIGEST: digest}}


def _columns(columns: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [
        {"Name": name, "Type": kind, "Comment": meaning[:MAX_COMMENT]}
        for name, kind, meaning in columns
    ]
