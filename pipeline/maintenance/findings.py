"""A finding of a verification, and the months that are verified."""

from __future__ import annotations

from typing import NamedTuple


class LakeFinding(NamedTuple):
    """Something that is wrong with the lake, or a harmless note (`is_wrong` False).

    `location` is an address or a partition. `repairable`: once invalidated, the partition is built
    again from its inputs. `unreferenced_key`: key of an object that may be removed.
    """

    location: str
    what: str
    remedy: str
    dataset: str = ""
    partition: str = ""
    repairable: bool = False
    is_wrong: bool = True
    unreferenced_key: str = ""

    def __str__(self) -> str:
        return (
            f"{'WRONG' if self.is_wrong else 'note '}  {self.location}: {self.what}; {self.remedy}"
        )


class MonthRange(NamedTuple):
    """Months from `first` to `last`, both written YYYY-MM and both included."""

    first: str = "0000-01"
    last: str = "9999-12"

    def holds(self, partition: str) -> bool:
        """Whether a day, a month, a window or a rescan of that name is in it."""
        return self == EVERYTHING or self.first <= partition[:7] <= self.last


EVERYTHING = MonthRange()
"""All months, and partitions that are not named after one."""
