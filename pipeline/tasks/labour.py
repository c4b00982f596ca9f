"""Hours and wages that the owner keeps in the lake: inputs/labour.csv."""

from __future__ import annotations

from pipeline.errors import ConfigError
from pipeline.load.layout import LABOUR
from pipeline.settings.run_context import once_per_run
from pipeline.targets import lake


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
