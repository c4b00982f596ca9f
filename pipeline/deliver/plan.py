"""Which editions are due to a recipient. Pure: the lake's editions and the ledger's in, what to
send out.

A first run on years of history sends one month and the cumulative report through it, not all of
them; a month that was closed while nobody looked is not lost; a month that people have read is sent
again when it changes. Of a month under way nothing is sent, unless asked for: half a month compares
with nothing, and is another one tomorrow.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import NamedTuple

NOT_ANNOUNCED = frozenset({"changes", "version_history", "lineage"})


class Issued(NamedTuple):
    """The newest edition of a report: `kind` monthly or cumulative, `month` YYYY-MM, `edition`
    number and digest.
    """

    kind: str
    month: str
    version: str


class Due(NamedTuple):
    """An edition to send; `before` is the one of the same report and month that the recipient has."""

    issued: Issued
    before: str | None


def find_due(
    issued: Iterable[Issued],
    had: Collection[tuple[str, str, str]],
    *,
    closed: date,
    open_months: bool,
    begun: Collection[tuple[str, str]] = (),
) -> list[Due]:
    """What is due to somebody who had those (kind, month, edition); `closed` is the last month that
    has closed, `begun` are the (kind, month) that were tried and have not arrived.

    Monthly: the months that closed since the last one that they have (to a new recipient only
    `closed`), those whose mail failed, and other editions of months that they have. Cumulative: the
    one through `closed`, and other editions of it (`is_worth_telling` says whether they go). With
    `open_months` also the month under way, each night that it changes, and its cumulative in place
    of the other.
    """
    last = f"{closed:%Y-%m}"
    read = {
        kind: sorted(month for k, month, _ in had if k == kind)
        for kind in ("monthly", "cumulative")
    }
    told = sorted(one for one in issued if one.month <= last or open_months)
    newest = max((one.month for one in told if one.kind == "cumulative"), default=last)
    found = []
    for one in told:
        versions = sorted(
            version for kind, month, version in had if (kind, month) == (one.kind, one.month)
        )
        finished = [month for month in read[one.kind] if month <= last]
        if one.version in versions:
            continue
        if one.kind == "cumulative":
            is_due = one.month == newest >= last and (
                bool(versions) or not any(month > newest for month in read["cumulative"])
            )
        else:
            is_due = (
                bool(versions)
                or one.month >= last
                or (bool(finished) and one.month > finished[-1])
                or (one.kind, one.month) in begun
            )
        if is_due:
            found.append(Due(one, versions[-1] if versions else None))
    return found


def has_visible_changes(kind: str, before: bytes, now: bytes, *, is_closed: bool) -> bool:
    """Whether a reader who has the figures.json `before` is to get `now`. The cumulative report of
    a closed month goes once: what a late receipt changes is told by its own month, and by the next
    cumulative; but whoever read it half-way gets the whole.
    """
    if kind == "cumulative" and is_closed and json.loads(before)["through"] is None:
        return False
    return not same_figures(before, now)


def same_figures(first: bytes, second: bytes) -> bool:
    """Whether two figures.json tell a reader the same, whatever they say of where it comes from."""
    return _told(first) == _told(second)


def _told(figures: bytes) -> object:
    said: Mapping[str, object] = json.loads(figures)
    sections = {
        currency: {name: told for name, told in by_name.items() if name not in NOT_ANNOUNCED}
        for currency, by_name in said["currencies"].items()
    }
    return sections, said["general"], said["through"], said["month"]
