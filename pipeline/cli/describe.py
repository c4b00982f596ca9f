"""Print the lake's tables for Athena or DuckDB, or as a data dictionary.

    pos describe duckdb > views.sql                       then: duckdb -init views.sql
    pos describe athena --database shop > tables.sql      then paste it into Athena's editor
    pos describe dictionary                               every table and column, in Markdown

Registering the tables with Glue is a task: luigi --module pipeline GlueTables --database shop
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.describe import athena_ddl, data_dictionary, duckdb_views
from pipeline.tasks.glue import tables_of_lake


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("form", choices=["athena", "duckdb", "dictionary"])
    parser.add_argument("--database", default="pos", help="name of the database in Athena")


def run(options: argparse.Namespace) -> int:
    tables = tables_of_lake()
    if options.form == "athena":
        text = athena_ddl(
            tables, database=options.database, first_year=settings.pos().history_starts.year
        )
    elif options.form == "duckdb":
        text = duckdb_views(
            tables, endpoint=settings.lake().endpoint, region=settings.lake().region
        )
    else:
        text = data_dictionary(tables)
    print(text)
    return 0
