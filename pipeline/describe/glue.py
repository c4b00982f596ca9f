"""The same tables in the form of Glue's API (TableInput), for those who register them instead of
running statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from json import dumps

from pipeline.describe.athena import projection
from pipeline.describe.tables import PARTITIONS, Described

DIGEST = "lake.schema"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def glue_tables(tables: Sequence[Described], *, first_year: int) -> list[dict[str, object]]:
    """One TableInput a table. Its parameter `lake.schema` is a digest of all the rest, by which one
    sees whether it is current.
    """
    return [_table(table, first_year) for table in tables]


def _table(table: Described, first_year: int) -> dict[str, object]:
    said: dict[str, object] = {
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
    digest = sha256(dumps([said, properties], sort_keys=True).encode()).hexdigest()[:16]
    return {**said, "Parameters": {**properties, DIGEST: digest}}


def _columns(columns: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"Name": name, "Type": kind, "Comment": said[:255]} for name, kind, said in columns]
