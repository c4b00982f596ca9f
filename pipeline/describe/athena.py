"""Athena's statements: one external table a dataset, its partitions projected, so that neither a
crawler nor MSCK is needed.

Athena computes the folders of a query from `projection.*` instead of looking them up. The years
reach to LAST_YEAR, because a projected year must be an integer in a range; a query that names
`year` and `month` lists only the folders that it names. Source of the properties:
docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.describe.tables import PARTITIONS, Described

LAST_YEAR = 2049
_LARGEST_COMMENT = 255  # of a column, in Glue


def projection(table: Described, first_year: int) -> dict[str, str]:
    """The table properties that project the partitions of `table` from `first_year` on."""
    return {
        "projection.enabled": "true",
        "projection.year.type": "integer",
        "projection.year.range": f"{first_year},{LAST_YEAR}",
        "projection.month.type": "integer",
        "projection.month.range": "1,12",
        "projection.month.digits": "2",
        "storage.location.template": f"{table.location}/year=${{year}}/month=${{month}}/",
    }


def athena_ddl(tables: Sequence[Described], *, database: str, first_year: int) -> str:
    """The statements that make `database` and its tables, one after another; run again, they
    replace what was there.
    """
    return (
        "\n\n".join(
            [
                f"CREATE DATABASE IF NOT EXISTS `{database}`;",
                *(_statement(table, database, first_year) for table in tables),
            ]
        )
        + "\n"
    )


def _statement(table: Described, database: str, first_year: int) -> str:
    columns = ",\n".join(
        f"  `{name}` {kind} COMMENT {_quoted(said[:_LARGEST_COMMENT])}"
        for name, kind, said in table.columns
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
    return (
        "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    )  # Hive's own way, which Athena's DDL follows
