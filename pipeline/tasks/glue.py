"""GlueTables: the lake's tables in the Glue catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import luigi

from pipeline import schema, settings
from pipeline.errors import ConfigError
from pipeline.load import BEFORE_HISTORY, MONTH_DATASET, SHIFTS, SUMMARY
from pipeline.targets import lake

if TYPE_CHECKING:
    from pipeline.describe import TableDescription
    from pipeline.load.glue import GlueCatalog


def tables_of_lake() -> list[TableDescription]:
    """The tables of the configured lake, with their folders."""
    from pipeline.describe import describe_tables

    def folder(dataset: schema.Dataset) -> str:
        return lake().uri(dataset_of(dataset), "2000-01", dataset.name).partition("/year=")[0]

    return describe_tables(settings.rules().decimals, folder)


def dataset_of(table: schema.Dataset) -> str:
    """The dataset of the lake that a table is published with."""
    if table in schema.MONTH_TABLES:
        return MONTH_DATASET
    return {schema.BEFORE_HISTORY: BEFORE_HISTORY, schema.SHIFTS: SHIFTS}.get(table, SUMMARY)


class GlueTables(luigi.Task):
    """Register the lake's tables; complete when Glue holds the schema of this code."""

    database = luigi.Parameter(
        default="pos", description="database in the Glue catalog; created if it is missing"
    )
    endpoint = luigi.Parameter(
        default="", description="address of a server with the API of Glue; empty: AWS"
    )

    def complete(self) -> bool:
        return not self.outdated()

    def catalog(self) -> GlueCatalog:
        if not settings.lake().url.startswith("s3://"):
            raise ConfigError(
                f"[lake] url = {settings.lake().url}: Glue and Athena read a bucket; set it to"
                " s3://bucket/prefix"
            )
        from pipeline.load.glue import GlueCatalog  # and with it boto3, which no other task needs

        return GlueCatalog(region=settings.lake().region or None, endpoint=self.endpoint or None)

    def outdated(self) -> list[dict[str, Any]]:
        """The tables that Glue does not hold as they should be."""
        from pipeline.describe import DIGEST, glue_tables

        first_year = settings.pos().history_starts.year
        expected: list[dict[str, Any]] = list(glue_tables(tables_of_lake(), first_year=first_year))
        registered = self.catalog().parameters(self.database)
        return [
            table
            for table in expected
            if registered.get(str(table["Name"]), {}).get(DIGEST) != table["Parameters"][DIGEST]
        ]

    def run(self) -> None:
        tables = self.outdated()
        self.catalog().register(self.database, tables)
        if self.set_status_message:
            self.set_status_message(f"{len(tables)} tables registered in {self.database}")
