"""Athena DDL: one external table per dataset, with projected partitions.

Athena computes the folders of a query from `projection.*`; a query that names `year` and `month`
lists only those folders. A projected year must be an integer in a range, hence LAST_YEAR. Source:
docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.describe.tables import PARTITIONS, TableDescription

LAST_YEAR = 2049
MAX_COMMENT = 255
"""Characters of a column's comment in Glue."""


def projection(table: TableDescription, first_year: int) -> dict[str, str]:
    """Return the properties that project a table's partitions."""
    return {
        "projection.enabled": "true",
        "projection.year.type": "integer",
        "projection.year.range": f"{first_year},{LAST_YEAR}",
        "projection.month.type": "integer",
        "projection.month.range": "1,12",
        "projection.month.digits": "2",
        "storage.location.template": f"{table.location}/year=${{year}}/month=${{month}}/",
    }


def athena_ddl(tables: Sequence[TableDescription], *, database: str, first_year: int) -> str:
    """Return the statements that create the database and its tables."""
    statements = [f"CREATE DATABASE IF NOT EXISTS `{database}`;"]
    statements += [_statement(table, database, first_year) for table in tables]
    return "\n\n".join(statements) + "\n"


def _statement(table: TableDescription, database: str, first_year: int) -> str:
    columns = ",\n".join(
        f"  `{name}` {kind} COMMENT {_quoted(meaning[:MAX_COMMENT])}"
        for name, kind, meaning in table.columns
    )
    partitions = ", ".join(f"`{name}` {kind}" for name, kind, _ in PARTITIONS)
    properties = ",\n".join(
        f"  {_quoted(key)} = {_quoted(value)}"
        for key, value in projection(table, first_year).items()
    )
    return (
        f"DROP TABLE IF EXISTS `{database}`.`{table.name}`;\n\nCREATE EXTERNAL TABLE"
        f" `{database}`.`{table.name}` (\n{columns}\n)\nCOMMENT"
        f" {_quoted(f'One row: {table.dataset.grain}.')}\nPARTITIONED BY ({partitions})\nSTORED AS"
        f" PARQUET\nLOCATION {_quoted(table.location + '/')}\nTBLPROPERTIES (\n{properties}\n);"
    )


def _quoted(text: str) -> str:
    """Quote a string as in Hive, which Athena's DDL follows."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
