"""The Glue catalog, through boto3 and its default credential chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.errors import StorageRefused


class GlueCatalog:
    """The catalog of one region of the account."""

    def __init__(self, *, region: str | None = None, endpoint: str | None = None) -> None:
        retries = {"mode": "standard", "total_max_attempts": 5}
        self._server = {"region_name": region, "endpoint_url": endpoint}
        self._config = Config(retries=retries)

    def _ask(self, command_name: str, **arguments: object) -> Any:
        """The response; None for an absent entity. Raises StorageRefused."""
        try:
            client = boto3.client("glue", config=self._config, **self._server)
            if client.can_paginate(command_name):
                return client.get_paginator(command_name).paginate(**arguments).build_full_result()
            return getattr(client, command_name)(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "EntityNotFoundException":
                return None
            action = "".join(word.title() for word in command_name.split("_"))
            raise StorageRefused(
                f"Glue refused {action} ({code}); grant glue:{action} on the database and its"
                " tables"
            ) from error
        except BotoCoreError as error:
            raise StorageRefused(
                f"Glue cannot be reached: {error}; set AWS credentials and [lake] region"
            ) from error

    def parameters(self, database: str) -> dict[str, dict[str, str]]:
        """The parameters of each table of a database, by name; empty without it."""
        answer = self._ask("get_tables", DatabaseName=database) or {"TableList": []}
        return {table["Name"]: table.get("Parameters", {}) for table in answer["TableList"]}

    def register(self, database: str, tables: Sequence[Mapping[str, Any]]) -> None:
        """Create or replace `tables` (TableInputs) in a database."""
        if self._ask("get_database", Name=database) is None:
            description = "A shop's sales, from its point of sale"
            self._ask(
                "create_database", DatabaseInput={"Name": database, "Description": description}
            )
        for table in tables:
            if self._ask("update_table", DatabaseName=database, TableInput=dict(table)) is None:
                self._ask("create_table", DatabaseName=database, TableInput=dict(table))
