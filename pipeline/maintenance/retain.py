"""Remove notes and card details, which no figure uses, from old raw.

Windows and rescans before the first month that is kept verbatim are committed again without the
free text that may contain names and without the details of payments
(`Reader.remove_personal_data`): each becomes null, as for a receipt that had none. The transform
does not read these fields, so no figure changes, and every month can still be rebuilt from raw.

Receipts themselves are never removed by age: a month without its raw cannot be verified, corrected
or rebuilt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

from pipeline.errors import ConfigError
from pipeline.load import Lake
from pipeline.maintenance.rewrite import (
    EditedObject,
    find_edited,
    remove_old_versions,
    rewrite,
)
from pipeline.months import months_before
from pipeline.pos.source import Reader

MIN_MONTHS = 3
"""Months that are always kept verbatim: a rescan of the last weeks compares with them."""
_DERIVED = ("staging/", "quarantine/")


def kept_since(last: date, months: int) -> str:
    """The first month (YYYY-MM) that stays verbatim: `months` before that of `last`."""
    if months < MIN_MONTHS:
        raise ConfigError(
            f"--months {months}: at least {MIN_MONTHS} are kept verbatim, as rescans compare with"
            " them"
        )
    return months_before(last, min(months, 12 * (last.year - 1))).isoformat()[:7]


def find_aged(lake: Lake, reader: Reader, month: str) -> Iterator[EditedObject]:
    """Raw objects of windows before `month` that still hold notes or card details."""
    return find_edited(lake, reader.remove_personal_data, month)


def find_unreadable(lake: Lake, month: str) -> Iterator[EditedObject]:
    """Raw objects of these windows with records that are not JSON.

    Notes and card details are removed from such a record as far as a text search finds them, or not
    at all.
    """
    return find_edited(lake, lambda line: line if _is_json(line) else b"", month)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def retain(lake: Lake, reader: Reader, month: str) -> list[str]:
    """Remove them; return the windows and rescans that were committed again."""
    return rewrite(lake, reader.remove_personal_data, month)


def remove_old_tables(lake: Lake) -> int:
    """Remove older versions of derived tables with verbatim records."""
    return remove_old_versions(lake.storage, _DERIVED)
