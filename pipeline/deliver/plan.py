"""Which versions of reports are due to a recipient.

A first run on years of history sends one month and the cumulative report through it. Months that
closed while nothing ran are sent later. A month that a recipient has is sent again when its figures
change. The current month is sent only with `open_months`, because a partial month cannot be
compared.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

NOT_ANNOUNCED = frozenset({"changes", "version_history", "lineage"})
"""Sections that differ in every version, so a version is not sent because of them."""


class Issued(NamedTuple):
    """The newest version (number.digest) of a monthly or cumulative report."""

    kind: str
    month: str
    version: str


class Due(NamedTuple):
    """A version to send; `before` is the version that the recipient has."""

    issued: Issued
    before: str | None


def find_due(
    issued: Iterable[Issued],
    delivered: Collection[tuple[str, str, str]],
    *,
    closed: date,
    open_months: bool,
    unfinished: Collection[tuple[str, str]] = (),
) -> list[Due]:
    """The versions due to a recipient who has `delivered`: (kind, month, version).

    `closed` is the last month that has closed. `unfinished` are the (kind, month) whose delivery
    was tried and has not succeeded. Due are

    - monthly reports: the months that closed after the last one that the recipient has (for a new
      recipient only `closed`), those in `unfinished`, and new versions of months that the recipient
      has;
    - the cumulative report through `closed`, and new versions of it;
    - with `open_months` also the current month and its new versions, and the cumulative report
      through it instead of the one through `closed`.

    `has_visible_changes` decides later whether a new version is sent.
    """
    last = f"{closed:%Y-%m}"
    candidates = sorted(entry for entry in issued if entry.month <= last or open_months)
    newest = max((entry.month for entry in candidates if entry.kind == "cumulative"), default=last)

    def is_due(entry: Issued, versions: list[str]) -> bool:
        received = sorted(month for kind, month, _ in delivered if kind == entry.kind)
        if entry.kind == "cumulative":
            is_newest = entry.month == newest and newest >= last
            return is_newest and (bool(versions) or not any(m > newest for m in received))
        closed_months = [month for month in received if month <= last]
        follows = bool(closed_months) and entry.month > closed_months[-1]
        is_new = entry.month >= last or follows or (entry.kind, entry.month) in unfinished
        return bool(versions) or is_new

    due = []
    for entry in candidates:
        versions = sorted(v for kind, month, v in delivered if (kind, month) == entry[:2])
        if entry.version not in versions and is_due(entry, versions):
            due.append(Due(entry, versions[-1] if versions else None))
    return due


def has_visible_changes(kind: str, before: bytes, now: bytes, *, is_closed: bool) -> bool:
    """Whether a recipient who has the figures.json `before` gets `now`.

    The cumulative report through a closed month is sent once: a late receipt is in the corrected
    report of its month and in the next cumulative report. A recipient who has the cumulative report
    through a part of the month gets the one through the complete month.
    """
    was_complete = json.loads(before)["through"] is None  # it is set while the month is open
    if kind == "cumulative" and is_closed and was_complete:
        return False
    return not same_figures(before, now)


def same_figures(first: bytes, second: bytes) -> bool:
    """Whether two figures.json have equal figures, whatever their origin."""
    return _figures(first) == _figures(second)


def _figures(data: bytes) -> object:
    content = json.loads(data)
    sections = {
        currency: {key: value for key, value in by_name.items() if key not in NOT_ANNOUNCED}
        for currency, by_name in content["currencies"].items()
    }
    return sections, content["general"], content["through"], content["month"]
