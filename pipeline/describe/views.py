"""A file of DuckDB views over the lake: `duckdb -init views.sql`, and every table has its name, its
sentences and its types.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.describe.tables import PARTITIONS, Described


def duckdb_views(tables: Sequence[Described], *, endpoint: str = "", region: str = "") -> str:
    """The statements. Tables in a bucket need DuckDB's httpfs extension, and are read with the
    credentials of the environment.
    """
    return (
        "\n".join(
            [
                *_access(tables, endpoint, region),
                *(line for table in tables for line in _view(table)),
            ]
        )
        + "\n"
    )


def _access(tables: Sequence[Described], endpoint: str, region: str) -> list[str]:
    if not any(table.location.startswith("s3://") for table in tables):
        return []
    host = endpoint.split("://")[-1]
    options = [
        *([f"REGION {_quoted(region)}"] if region else []),
        *(
            [
                f"ENDPOINT {_quoted(host)}",
                "URL_STYLE 'path'",
                f"USE_SSL {str(endpoint.startswith('https')).lower()}",
            ]
            if endpoint
            else []
        ),
    ]
    return [
        "INSTALL httpfs; LOAD httpfs; INSTALL aws; LOAD aws;",
        (
            "CREATE OR REPLACE SECRET lake (TYPE s3, PROVIDER"
            f" credential_chain{''.join(f', {option}' for option in options)});"
        ),
    ]


def _view(table: Described) -> list[str]:
    types = ", ".join(f"'{name}': {kind}" for name, kind, _ in PARTITIONS)
    files = table.location.removeprefix("file://") + "/year=*/month=*/*.parquet"
    return [
        (
            f'CREATE OR REPLACE VIEW "{table.name}" AS SELECT * FROM read_parquet({_quoted(files)},'
            f" hive_partitioning = true, hive_types = {{{types}}});"
        ),
        f'COMMENT ON VIEW "{table.name}" IS {_quoted(f"One row: {table.dataset.grain}.")};',
        *(
            f'COMMENT ON COLUMN "{table.name}"."{name}" IS {_quoted(said)};'
            for name, _, said in (*table.columns, *PARTITIONS)
        ),
    ]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
