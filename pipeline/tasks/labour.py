"""Hours and wages that the owner keeps in the lake: inputs/labour.csv."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import reports
from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.load.layout import LABOUR
from pipeline.settings.run_context import once_per_run
from pipeline.targets import lake

if TYPE_CHECKING:
    import pyarrow as pa

    from reports import Plans


@once_per_run
def labour() -> str:
    """The text of the file; "" if there is none."""
    storage = lake().storage
    if all(stat.key != LABOUR for stat in lake().files_of_owner("inputs/")):
        return ""
    try:
        return storage.get(LABOUR).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{storage.uri(LABOUR)} is not UTF-8 text: save it as CSV UTF-8"
        ) from error


def plans_for(
    days: Collection[dt.date], summaries: Mapping[dt.date, Mapping[str, pa.Table]]
) -> Plans:
    """The owner's plans. Raises ConfigError for one of `days` for an unknown store."""
    from reports.figures.tables import names

    plans, stores = settings.plans(labour()), names(summaries, "stores", "store_id", "name")
    try:
        reports.check_stores(plans, days, {store: stores[store] or store for store in stores})
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return plans
