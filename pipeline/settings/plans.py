"""The owner's files for the reports (plans): goals, days, fees, dayparts, labour."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.settings.run_context import once_per_run
from pipeline.settings.sections import report
from pipeline.settings.transform import decimals, line_of, menu
from reports import Plans, read_plans


@once_per_run
def _texts() -> dict[str, str]:
    """The files of the owner by their names; "" for one that is missing."""
    section = report()
    paths = {"goals": section.goals, "calendar": section.calendar, "fees": section.fees}
    return {name: _text(name, path) for name, path in paths.items()}


def _text(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig") if path else ""
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"[report] {name} = {path}: line {line_of(error)} is not UTF-8 text; save it as UTF-8"
        ) from error
    except OSError as error:
        raise ConfigError(f"[report] {name} = {path}: cannot be read ({error})") from error


def plans(labour: str = "") -> Plans:
    """The plans of the owner. `labour` is the text of inputs/labour.csv."""
    try:
        return read_plans(
            **_texts(),
            dayparts=menu().data.get("dayparts"),
            labour=labour,
            currencies=list(decimals()),
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error


def plans_digest(labour: str = "") -> str:
    """Digest of the values of `plans`, whatever the layout of the files."""
    return hashlib.sha256(repr(plans(labour)).encode()).hexdigest()[:16]
