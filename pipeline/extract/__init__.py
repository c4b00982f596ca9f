"""Ask the shop: whatever is sold comes in here, verbatim, and nothing is lost on the way.

In: a source (SOURCES) and the windows of time that are missing. Out: every record of every window,
byte for byte as it was served, by UTC date of sale. A new point of sale is one file that keeps the
contract of `source.py` and one line here.
"""

from collections.abc import Callable

from pipeline.extract.alarms import gap_warning, skew_warning, wall_warning
from pipeline.extract.files import open_files
from pipeline.extract.forward import Earlier, also, forward, is_update, places_of, recall
from pipeline.extract.holes import Asked, Holes, ask_for, choose_numbers, find_holes
from pipeline.extract.loyverse import open_loyverse
from pipeline.extract.source import Page, Progress, Record, Source, Window, sold_date
from pipeline.extract.sweep import Missed, by_date, find_missed, holdings, is_before, noting
from pipeline.extract.waits import heard
from pipeline.extract.walk import Records, Walk, pack, walk

SOURCES: dict[str, Callable[..., Source]] = {
    "loyverse": open_loyverse,
    "files": open_files,
}

__all__ = [
    "SOURCES",
    "Asked",
    "Earlier",
    "Holes",
    "Missed",
    "Page",
    "Progress",
    "Record",
    "Records",
    "Source",
    "Walk",
    "Window",
    "also",
    "ask_for",
    "by_date",
    "choose_numbers",
    "find_holes",
    "find_missed",
    "forward",
    "gap_warning",
    "heard",
    "holdings",
    "is_before",
    "is_update",
    "noting",
    "pack",
    "places_of",
    "recall",
    "skew_warning",
    "sold_date",
    "walk",
    "wall_warning",
]
