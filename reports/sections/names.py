"""Lists of people's names for a sentence: the first few, then how many more."""

from __future__ import annotations

from collections.abc import Iterable

from reports.values import Count, Name, Series, Value, text

SHOWN = 5


def names_of(names: Iterable[str], shown: int = SHOWN) -> Value:
    """The first `shown` names, and "3 more"."""
    listed = list(names)
    more = (text("items.more", n=Count(len(listed) - shown)),) if len(listed) > shown else ()
    return Series((*(Name(name) for name in listed[:shown]), *more))
