"""Print the lake's tables for Athena or DuckDB, or as a data dictionary.

    pos describe duckdb > views.sql                       then: duckdb -init views.sql
    pos describe duckdb --database lake.duckdb            a file with these views, for any client
    pos describe athena --database shop > tables.sql      then paste it into Athena's editor
    pos describe dictionary                               every table and column, in Markdown

A database file holds views only, so it always shows the current lake. Registering the tables with
Glue is a task: luigi --module pipeline GlueTables --database shop
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.cli.query import absent_tables
from pipeline.describe import athena_ddl, data_dictionary, duckdb_views
from pipeline.errors import ConfigError, ExitCode
from pipeline.tasks.glue import tables_of_lake


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("form", choices=["athena", "duckdb", "dictionary"])
    parser.add_argument(
        "--database", help="duckdb: the file to write; athena: name of the database (default: pos)"
    )


def run(options: argparse.Namespace) -> int:
    tables = tables_of_lake()
    if options.form == "athena":
        first_year = settings.pos().history_starts.year
        print(athena_ddl(tables, database=options.database or "pos", first_year=first_year))
    elif options.form == "dictionary":
        print(data_dictionary(tables))
    else:
        section = settings.lake()
        views = duckdb_views(
            tables, endpoint=section.endpoint, region=section.region, absent=absent_tables()
        )
        if options.database:
            _write_database(options.database, views)
        else:
            print(views)
    return ExitCode.DONE


def _write_database(file: str, views: str) -> None:
    """Write the views into a DuckDB file. Raises ConfigError where DuckDB refuses."""
    import duckdb

    try:
        with duckdb.connect(file) as database:
            database.execute(views)
    except duckdb.Error as error:
        raise ConfigError(
            f"{file} cannot be written: {error}; the lake must hold a month (pos run), and no"
            " other program may have the file open"
        ) from error
    print(f"written: {file}; open it with: duckdb.connect({file!r}, read_only=True)")
