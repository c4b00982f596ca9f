"""Describe the lake to those who read it: a data dictionary, Athena's tables, Glue's tables,
DuckDB's views.

In: `schema` and where the tables stand. Out: text, or tables in the form of Glue's API. All of them
say the same columns, types and sentences, because all are made from the schema that each read and
write is held to. Nothing here asks a server.
"""

from pipeline.describe.athena import athena_ddl
from pipeline.describe.dictionary import data_dictionary
from pipeline.describe.glue import DIGEST, glue_tables
from pipeline.describe.tables import Described, described
from pipeline.describe.views import duckdb_views

__all__ = [
    "DIGEST",
    "Described",
    "athena_ddl",
    "data_dictionary",
    "described",
    "duckdb_views",
    "glue_tables",
]
