"""DuckDB views over the lake, for `duckdb -init views.sql`."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.describe.tables import PARTITIONS, TableDescription


def duckdb_views(
    tables: Sequence[TableDescription], *, endpoint: str = "", region: str = ""
) -> str:
    """Return the statements.

    Tables in a bucket need DuckDB's httpfs extension and the credentials of the environment.
    """
    lines = [line for table in tables for line in _view(table)]
    if any(table.location.startswith("s3://") for table in tables):
        lines = [*_access(endpoint, region), *lines]
    return "\n".join(lines) + "\n"


def _access(endpoint: str, region: str) -> list[str]:
    options = ["TYPE s3", "PROVIDER credential_chain"]
    if region:
        options.append(f"REGION {_quoted(region)}")
    if endpoint:
        use_ssl = str(endpoint.startswith("https")).lower()
        host = _quoted(endpoint.split("://")[-1])
        options += [f"ENDPOINT {host}", "URL_STYLE 'path'", f"USE_SSL {use_ssl}"]
    return [
        "INSTALL httpfs; LOAD httpfs; INSTALL aws; LOAD aws;",
        f"CREATE OR REPLACE SECRET lake ({', '.join(options)});",
    ]


def _view(table: TableDescription) -> list[str]:
    types = ", ".join(f"'{name}': {kind}" for name, kind, _ in PARTITIONS)
    files = table.location.removeprefix("file://") + "/year=*/month=*/*.parquet"
    return [
        (
            f'CREATE OR REPLACE VIEW "{table.name}" AS SELECT * FROM read_parquet({_quoted(files)},'
            f" hive_partitioning = true, hive_types = {{{types}}});"
        ),
        f'COMMENT ON VIEW "{table.name}" IS {_quoted(f"One row: {table.dataset.grain}.")};',
        *(
            f'COMMENT ON COLUMN "{table.name}"."{name}" IS {_quoted(meaning)};'
            for name, _, meaning in (*table.columns, *PARTITIONS)
        ),
    ]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
