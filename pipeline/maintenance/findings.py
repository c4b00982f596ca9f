"""What a look at the lake has found, and which part of the lake is looked at."""

from __future__ import annotations

from typing import NamedTuple


class LakeFinding(NamedTuple):
    """`place` is an address or a partition; `heals`: declared void, the partition is made again
    from what it is made of. A note (`is_wrong` False) is harmless: no reader is misled by it.
    `leftover`: key of an object that may be removed.
    """

    place: str
    what: str
    remedy: str
    dataset: str = ""
    partition: str = ""
    repairable: bool = False
    is_wrong: bool = True
    leftover: str = ""

    def __str__(self) -> str:
        return f"{'WRONG' if self.is_wrong else 'note '}  {self.place}: {self.what}; {self.remedy}"


class Span(NamedTuple):
    """Months from `first` to `last`, both written YYYY-MM and both within."""

    first: str
    last: str

    def holds(self, partition: str) -> bool:
        """Whether a day, a month, a window or a sweep of that name lies in it."""
        return self == everything() or self.first <= partition[:7] <= self.last


def everything() -> Span:
    """The span that holds all."""
    return Span("0000-01", "9999-12")
