"""Describe the lake: data dictionary, Athena and Glue tables, DuckDB views.

All are generated from the schema that each read and write is checked against, so they state the
same columns, types and meanings. Nothing here sends a request.
"""

from pipeline.describe.athena import athena_ddl
from pipeline.describe.dictionary import data_dictionary
from pipeline.describe.glue import DIGEST, glue_tables
from pipeline.describe.tables import TableDescription, describe_tables
from pipeline.describe.views import NAMED, duckdb_views, named_views
