"""Which editions are due to a recipient. Pure: the lake's editions and the ledger's in, what to send out.

A first run on years of history sends one month, not all of them; a month that was closed while nobody looked is not lost; a
month that people have read is sent again when it changes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import NamedTuple

UNTOLD = frozenset({"changes", "ledger", "lineage"})


class Issued(NamedTuple):
    """The newest edition of a report: `kind` monthly or cumulative, `month` YYYY-MM, `edition` number and digest."""

    kind: str
    month: str
    edition: str


class Due(NamedTuple):
    """An edition to send; `before` is the one of the same report and month that the recipient has."""

    issued: Issued
    before: str | None


def find_due(issued: Iterable[Issued], had: Collection[tuple[str, str, str]], *, closed: date, open_months: bool) -> list[Due]:
    """What is due to somebody who had those (kind, month, edition); `closed` is the last month that has closed.

    Monthly: the months that closed since the last one that they have (to a new recipient only `closed`), and other editions
    of months that they have. Cumulative: the newest, once for each closed month, and again when a closed one changes. With
    `open_months` also the month under way, each night that it changes.
    """
    last = f"{closed:%Y-%m}"
    read = {kind: sorted(month for k, month, _ in had if k == kind) for kind in ("monthly", "cumulative")}
    found = []
    for one in sorted(issued):
        editions = sorted(edition for kind, month, edition in had if (kind, month) == (one.kind, one.month))
        if one.edition in editions:
            continue
        if one.month > last:
            is_due = open_months or (one.kind == "cumulative" and not any(month >= last for month in read["cumulative"]))
        elif editions or one.month == last:
            is_due = True
        else:
            finished = [month for month in read[one.kind] if month <= last]
            is_due = one.kind == "monthly" and bool(finished) and one.month > finished[-1]
        if is_due:
            found.append(Due(one, editions[-1] if editions else None))
    return found


def same_figures(first: bytes, second: bytes) -> bool:
    """Whether two figures.json tell a reader the same, whatever they say of where it comes from."""
    return _told(first) == _told(second)


def _told(figures: bytes) -> object:
    said: Mapping[str, object] = json.loads(figures)
    sections = {currency: {name: told for name, told in by_name.items() if name not in UNTOLD}
                for currency, by_name in said["currencies"].items()}
    return sections, said["general"], said["through"], said["month"]
