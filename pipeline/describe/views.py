"""DuckDB views over the lake, as a script or in a database file.

Each table is a view, and NAMED are the lake's tables with the names of stores and employees.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pipeline.describe.tables import PARTITIONS, TableDescription

_STORE = "summary_stores AS s USING (year, month, store_id)"
_EMPLOYEE = "summary_employees AS e USING (year, month, employee_id)"
_RECEIPT = (
    "(SELECT year, month, store_id, receipt_number, employee_id FROM receipts) AS r"
    " USING (year, month, store_id, receipt_number)"
)
NAMED = {
    "named_receipts": (
        f"SELECT t.*, s.name AS store, e.alias AS employee FROM receipts AS t"
        f" LEFT JOIN {_STORE} LEFT JOIN {_EMPLOYEE}"
    ),
    "named_sales": (
        f"SELECT t.*, s.name AS store, e.alias AS employee FROM sales AS t"
        f" LEFT JOIN {_STORE} LEFT JOIN {_RECEIPT} LEFT JOIN {_EMPLOYEE}"
    ),
    "named_payments": (
        f"SELECT t.*, s.name AS store, e.alias AS employee FROM payments AS t"
        f" LEFT JOIN {_STORE} LEFT JOIN {_RECEIPT} LEFT JOIN {_EMPLOYEE}"
    ),
}
"""Queries of the views that add `store` and `employee` to the columns of a table."""


def duckdb_views(
    tables: Sequence[TableDescription],
    *,
    endpoint: str = "",
    region: str = "",
    absent: Collection[str] = (),
) -> str:
    """Return the statements; the tables in `absent` are empty views."""
    lines = [line for table in tables for line in _view(table, is_absent=table.name in absent)]
    lines += named_views()
    if any(table.location.startswith("s3://") for table in tables):
        lines = [*_access(endpoint, region), *lines]
    return "\n".join(lines) + "\n"


def named_views() -> list[str]:
    """Return the statements of the views in NAMED."""
    return [f"CREATE OR REPLACE VIEW {name} AS {query};" for name, query in NAMED.items()]


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


def _view(table: TableDescription, *, is_absent: bool) -> list[str]:
    types = ", ".join(f"'{name}': {kind}" for name, kind, _ in PARTITIONS)
    files = table.location.removeprefix("file://") + "/year=*/month=*/*.parquet"
    query = (
        f"SELECT * FROM read_parquet({_quoted(files)}, hive_partitioning = true,"
        f" hive_types = {{{types}}})"
    )
    return [
        f'CREATE OR REPLACE VIEW "{table.name}" AS {_no_rows(table) if is_absent else query};',
        f'COMMENT ON VIEW "{table.name}" IS {_quoted(f"One row: {table.dataset.grain}.")};',
        *(
            f'COMMENT ON COLUMN "{table.name}"."{name}" IS {_quoted(meaning)};'
            for name, _, meaning in (*table.columns, *PARTITIONS)
        ),
    ]


def _no_rows(table: TableDescription) -> str:
    """A query with the columns of a table and no row."""
    columns = ", ".join(
        f'CAST(NULL AS {"VARCHAR" if kind == "string" else kind}) AS "{name}"'
        for name, kind, _ in (*table.columns, *PARTITIONS)
    )
    return f"SELECT {columns} WHERE false"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
