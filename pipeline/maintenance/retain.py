"""Raw that has grown old loses what nothing is counted from: notes and the details of cards.

In: a Lake and the first month that is kept verbatim. Windows and sweeps before it are committed
again without the free text that may name somebody (note, line_note) and without the details of
payments (payment_details): each is null afterwards, as for a receipt that had none. These are the
fields that the cleaning does not read (transform/wire.py), so nothing that is counted changes, and
everything can still be made again from raw: a late change, a new menu rule and a new version of the
code reach every month as before.

That is why receipts themselves are never removed by age: a month without its raw could not be
proven, corrected or made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from pipeline.errors import ConfigError
from pipeline.load import Lake
from pipeline.maintenance.rewrite import Touched, Which, clear, find_touched, rewrite

FEWEST = 3
"""Months that are always kept verbatim: a sweep of the last weeks compares with them."""
TEXTS, OBJECTS = ("note", "line_note"), ("payment_details",)
_TEXT = rb'"(?:[^"\\]|\\.)*"'
_TAKEN = re.compile(
    rb'("(?:%s)"\s*:\s*)%s|("(?:%s)"\s*:\s*)\{(?:[^"{}]|%s)*\}'
    % ("|".join(TEXTS).encode(), _TEXT, "|".join(OBJECTS).encode(), _TEXT)
)
_REMADE = ("staging/", "quarantine/")


def strip(line: bytes) -> bytes:
    """A record without its notes and without details of cards; the same bytes where it has none."""
    return _TAKEN.sub(lambda found: (found[1] or found[2]) + b"null", line)


def kept_since(last: date, months: int) -> str:
    """The first month (YYYY-MM) that stays verbatim where `months` whole ones before that of `last`
    do. Raises ConfigError for too few.
    """
    if months < FEWEST:
        raise ConfigError(
            f"--months {months}: at least {FEWEST} are kept verbatim, as sweeps compare with them"
        )
    count = last.year * 12 + last.month - 1 - months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def before(month: str) -> Which:
    """The windows and sweeps of earlier months."""
    return lambda batch: batch[:7] < month


def find_aged(lake: Lake, month: str) -> Iterator[Touched]:
    """Raw objects of windows before `month` that still hold something to be taken away."""
    return find_touched(lake, strip, before(month))


def retain(lake: Lake, month: str) -> list[str]:
    """Take it away; returns the windows and sweeps that were committed again."""
    return rewrite(lake, strip, before(month))


def clear_remade(lake: Lake) -> int:
    """Remove older versions of what held a record verbatim: quarantine; returns how many."""
    return clear(lake.storage, _REMADE)
