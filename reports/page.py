"""A report before it has a form: pages, sections, tiles, tables and charts as data.

In: typed values of `values`. Out: nothing here is a word, a colour or a number format; `render`
makes those. A table's columns know what they hold, so that each form aligns and writes them
rightly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from reports.values import Text, Value

Kind = Literal["money", "count", "quantity", "percent", "number", "date", "text"]


@dataclass(frozen=True)
class Column:
    """One column: catalog key of its heading and what its cells are; one that is `aside` stands in
    the CSV alone.
    """

    key: str
    kind: Kind = "text"
    values: Mapping[str, Value] = field(default_factory=dict)
    csv_only: bool = False

    @property
    def heading(self) -> Text:
        return Text(f"column.{self.key}", self.values)


@dataclass(frozen=True)
class Table:
    """Rows of values; `name` is its file, `strong` the rows that are totals, `shown` how many rows
    a page shows.
    """

    name: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    strong: frozenset[int] = frozenset()
    shown: int = 10

    @property
    def page_columns(self) -> list[tuple[int, Column]]:
        """Columns that a page shows, with their places in a row."""
        return [(i, column) for i, column in enumerate(self.columns) if not column.csv_only]

    @property
    def narrow(self) -> bool:
        return len(self.page_columns) <= 3


@dataclass(frozen=True)
class Chart:
    """A drawing to be made: `kind` names the drawer in `charts`, `data` holds what that drawer
    documents.
    """

    kind: str
    name: str
    title: Text
    alt: Text
    data: Mapping[str, object]


@dataclass(frozen=True)
class Tile:
    """One big figure, what it is compared with, and whether a rise is good (1), bad (-1) or neither
    (0).
    """

    label: Text
    value: Value
    notes: tuple[Text, ...] = ()
    trend: int = 0


@dataclass(frozen=True)
class Finding:
    """Something an owner should look at: a sentence, its size in money (units) and the section that
    shows it.
    """

    sentence: Text
    size: int
    section: str
    urgent: bool = False
    minor: bool = False
    """Stands last, whatever its size: a gap in the data rather than a turn of the business."""


@dataclass(frozen=True)
class Section:
    """One question and its answer. `figures` are the exact figures for machines, `findings` go to
    section 3.
    """

    key: str
    sentences: tuple[Text, ...] = ()
    tiles: tuple[Tile, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[Text, ...] = ()
    findings: tuple[Finding, ...] = ()
    attention: tuple[Finding, ...] = ()
    light: Literal["", "green", "amber", "red"] = ""
    figures: Mapping[str, object] = field(default_factory=dict)
    number: int = 0
    currency: str = ""

    @property
    def anchor(self) -> str:
        return f"{self.key}-{self.currency.lower()}" if self.currency else self.key

    @property
    def title(self) -> Text:
        return Text(f"{self.key}.title")


@dataclass(frozen=True)
class Page:
    """A whole report. `front` sections make page one; `currencies` are those of its amounts."""

    report: Literal["monthly", "cumulative"]
    month: date
    through: date | None
    lake_decimals: int
    currencies: tuple[str, ...]
    stores: tuple[str, ...]
    sections: tuple[Section, ...]
    lineage: Mapping[str, object]
    front: int = 3
    since: date | None = None
    decimals: Mapping[str, int] = field(default_factory=dict)
    """Decimals of each currency; those of the lake (`places`) for one that is not named."""

    @property
    def title(self) -> Text:
        return Text(f"{self.report}.title")
