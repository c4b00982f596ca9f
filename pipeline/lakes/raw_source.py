"""The raw data of one source of a lake, and how the tables name what is in it."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.load import Lake
from pipeline.pos.source import Reader
from pipeline.rules import Rules


class RawSource(NamedTuple):
    """Raw data of a source; the primary one has neither `prefix` nor `folder`."""

    point_of_sale: str
    lake: Lake
    rules: Rules
    reader: Reader
    prefix: str = ""
    folder: str = ""

    def name(self, identifier: str) -> str:
        """The identifier in the tables."""
        return f"{self.prefix}{identifier}"

    def path_of(self, key: str) -> str:
        """The key of an object in the lake."""
        return f"{self.folder}/{key}" if self.folder else key
