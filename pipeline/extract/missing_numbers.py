"""Missing numbers in each device's series of receipts, and requests for them.

Each device numbers its receipts itself, refunds included. A missing number is a receipt of a device
that is offline and will send it later, a number that was never used, or a receipt that the lists of
the API left out. A rescan requests missing numbers, up to a limit, from ranges that are not larger
than the limit; after a larger one the device has started a new series. If the POS does not know a
number, TRIES rescans request it. The manifest of a rescan records how often each number was
requested.
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
MAX_DIGITS = 18  # digits of a number that a device counts up

MissingNumbers = dict[str, list[tuple[int, int]]]


class AnsweredNumbers(NamedTuple):
    """Receipts that the shop has, numbers it has not, and the count not requested."""

    receipts: list[Record]
    unknown: list[str]
    waiting: int


def find_missing_numbers(numbers: Iterable[str]) -> MissingNumbers:
    """The ranges (first, last) of missing numbers in the series of each device."""
    series: dict[str, set[int]] = defaultdict(set)
    padded = set()  # devices with numbers such as 1-0011: their missing numbers cannot be spelled
    for number in numbers:
        device, _, digits = number.rpartition("-")
        if device and digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS:
            series[device].add(int(digits))
            padded |= {device} if digits != str(int(digits)) else set()
    ranges = {
        device: [(a + 1, b - 1) for a, b in pairwise(sorted(seen)) if b - a > 1]
        for device, seen in sorted(series.items())
        if device not in padded
    }
    return {device: missing for device, missing in ranges.items() if missing}


def choose_numbers(
    missing: MissingNumbers, present: Iterable[str], tried: Mapping[str, int], max_numbers: int
) -> list[str]:
    """The numbers to request: small ranges first, among equal ones the later first.

    Numbers that raw holds elsewhere, or that were given up, are left out.
    """
    short = sorted(
        (last - first, -first, device)
        for device, ranges in missing.items()
        for first, last in ranges
        if last - first < max_numbers
    )
    numbers = (f"{device}-{-first + n}" for size, first, device in short for n in range(size + 1))
    present = set(present)
    return [number for number in numbers if number not in present and tried.get(number, 0) < TRIES]


def request_numbers(source: Source, numbers: list[str], max_numbers: int) -> AnsweredNumbers:
    """Request the receipts of `max_numbers` numbers, if the source serves single ones."""
    ask = getattr(source, "receipt", None)
    if ask is None:
        return AnsweredNumbers([], [], 0)
    receipts: list[Record] = []
    unknown: list[str] = []
    for number in numbers[:max_numbers]:
        try:
            record = ask(number)
        except Unauthorized:
            raise
        except HistoryLimit:  # the extraction has already reported the limit
            break
        except SourceError as error:  # the rescan keeps its records nevertheless
            problem = "receipt %s could not be requested (%s)"
            log.warning(f"{problem}; it and the others wait for the next rescan", number, error)
            break
        if record is None:
            unknown.append(number)
        else:
            receipts.append(record)
    return AnsweredNumbers(receipts, unknown, len(numbers) - len(receipts) - len(unknown))
