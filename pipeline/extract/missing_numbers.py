"""Holes in the tills' series of receipt numbers, and the receipts that are asked for one by one
because of them.

Each device numbers its receipts itself, refunds included, so a hole is a receipt that has not
arrived: a till that was offline, which closes it later; a number that was never used; or a receipt
that the lists of the API left out. A sweep asks for the numbers in small holes, at most so many; a
hole longer than that is a till that began anew. A number that the shop does not know is asked for
by TRIES sweeps and then given up: how often each has been asked for stands in the manifest of the
sweep.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from pipeline.errors import HistoryLimit, SourceError, Unauthorized
from pipeline.pos.source import Record, Source

log = logging.getLogger(__name__)

TRIES = 3
LONGEST = 18  # digits of a number that a till counts up

MissingNumbers = dict[str, list[tuple[int, int]]]


class AnsweredNumbers(NamedTuple):
    """`found` are the receipts that the shop knows, `unknown` the numbers that it does not know,
    `waiting` those not asked for.
    """

    found: list[Record]
    unknown: list[str]
    waiting: int


def find_missing_numbers(numbers: Iterable[str]) -> MissingNumbers:
    """By till, the (first, last) numbers of the holes between the first and the last of its series."""
    series: dict[str, set[int]] = defaultdict(set)
    padded = set()  # 1-0011: how wide the next one would be written nobody knows
    for number in numbers:
        till, _, place = number.rpartition("-")
        if till and place.isascii() and place.isdecimal() and len(place) <= LONGEST:
            series[till].add(int(place))
            padded |= {till} if place != str(int(place)) else set()
    holes = {
        till: [(a + 1, b - 1) for a, b in pairwise(sorted(seen)) if b - a > 1]
        for till, seen in sorted(series.items())
        if till not in padded
    }
    return {till: found for till, found in holes.items() if found}


def choose_numbers(
    holes: MissingNumbers, held: Iterable[str], tried: Mapping[str, int], most: int
) -> list[str]:
    """The numbers to ask for: of short holes first, later ones before earlier; those that raw holds
    elsewhere, or that were given up, never.
    """
    short = sorted(
        (last - first, -first, till)
        for till, found in holes.items()
        for first, last in found
        if last - first < most
    )
    numbers = (f"{till}-{-first + n}" for size, first, till in short for n in range(size + 1))
    held = set(held)
    return [number for number in numbers if number not in held and tried.get(number, 0) < TRIES]


def ask_for(source: Source, numbers: list[str], most: int) -> AnsweredNumbers:
    """Ask for the first `most` of the numbers; nothing where the source cannot be asked for one
    receipt (saved files).
    """
    ask = getattr(source, "receipt", None)
    if ask is None:
        return AnsweredNumbers([], [], 0)
    found: list[Record] = []
    unknown: list[str] = []
    for number in numbers[:most]:
        try:
            record = ask(number)
        except Unauthorized:
            raise
        except HistoryLimit:  # whoever asked for it was told of the wall by the walk
            break
        except (
            SourceError
        ) as error:  # what the walk has found is not given up for the sake of one number
            log.warning(
                "receipt %s could not be asked for (%s); it waits for the next sweep, as do the"
                " others",
                number,
                error,
            )
            break
        if record is None:
            unknown.append(number)
        else:
            found.append(record)
    return AnsweredNumbers(found, unknown, len(numbers) - len(found) - len(unknown))
