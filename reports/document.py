"""A report as data: document, sections, tiles, tables and charts.

Takes typed values of `values`. A document has no words, colours or formats: `render` adds them. A
table's columns state their kind, so that each file format can align and write them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from reports.values import Count, Day, Money, Name, Quantity, Text, Value

if TYPE_CHECKING:
    import pandas as pd

MIN_CUT = 3
"""A table is shown completely if only fewer rows than this would be left out."""

Kind = Literal["money", "count", "quantity", "percent", "number", "date", "text"]
RIGHT = frozenset({"money", "count", "quantity", "percent", "number"})
"""Kinds of columns that are aligned at the right."""


@dataclass(frozen=True)
class TableColumn:
    """One column: the key of its heading in the texts and the kind of its cells.

    `frame_column` is its column in a frame, by default `key`. A `workbook_only` column is only in
    the workbook, not on a page.
    """

    key: str
    kind: Kind = "text"
    values: Mapping[str, Value] = field(default_factory=dict)
    workbook_only: bool = False
    frame_column: str = ""

    @property
    def heading(self) -> Text:
        return Text(f"column.{self.key}", self.values)


def value_of(raw: object, kind: Kind, currency: str) -> Value:
    """The typed value of a cell; a typed value stays, None and NaN are None."""
    if raw is None or raw != raw:
        return None
    match kind, raw:
        case "money", Real():
            return Money(int(raw), currency)  # type: ignore[call-overload]  # an integer of numpy
        case "count", Real():
            return Count(int(raw))  # type: ignore[call-overload]
        case "quantity", Real():
            return Quantity(int(raw))  # type: ignore[call-overload]
        case "date", date():
            return Day(raw)
        case "text", str():
            return Name(raw)
    return raw  # type: ignore[return-value]  # a frame's column of values


@dataclass(frozen=True)
class Table:
    """Rows of values.

    `name` is its sheet in the workbook, `strong` the rows that are totals, `shown` how many rows a
    page shows.
    """

    name: str
    title: Text
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Value, ...], ...]
    strong: frozenset[int] = frozenset()
    shown: int = 10
    shows_all_rows: bool = False
    """Whether paper shows all rows that a page shows."""
    is_detail: bool = False
    """Whether paper has it in the annex, because a chart or sentences show the main part."""

    def rows_within(self, limit: int) -> int:
        """Number of rows shown: `limit`, or all if fewer than MIN_CUT would be left out."""
        return len(self.rows) if len(self.rows) < limit + MIN_CUT else limit

    @property
    def is_sortable(self) -> bool:
        """Whether its rows can be sorted: totals, if any, are the last row."""
        return len(self.rows) > 2 and self.strong <= {len(self.rows) - 1}

    @classmethod
    def from_rows(
        cls,
        name: str,
        title: Text,
        columns: tuple[TableColumn, ...],
        rows: Iterable[Iterable[object]],
        currency: str,
        shown: int = 10,
        **marks: Any,
    ) -> Table:
        """Make each cell of `rows` a value of its column's kind; typed values stay."""
        cells = tuple(
            tuple(value_of(raw, c.kind, currency) for raw, c in zip(row, columns, strict=True))
            for row in rows
        )
        return cls(name, title, columns, cells, shown=shown, **marks)

    @classmethod
    def from_frame(
        cls,
        name: str,
        title: Text,
        frame: pd.DataFrame,
        columns: tuple[TableColumn, ...],
        currency: str,
        shown: int = 10,
        **marks: Any,
    ) -> Table:
        """A row for each row of `frame`."""
        rows = zip(*(frame[column.frame_column or column.key] for column in columns), strict=True)
        return cls.from_rows(name, title, columns, rows, currency, shown, **marks)

    @property
    def page_columns(self) -> list[tuple[int, TableColumn]]:
        """Columns on a page with their index; columns without any value are left out."""
        return [
            (i, column)
            for i, column in enumerate(self.columns)
            if not column.workbook_only and (i == 0 or any(row[i] is not None for row in self.rows))
        ]

    @property
    def narrow(self) -> bool:
        return len(self.page_columns) <= 3


@dataclass(frozen=True)
class Chart:
    """A chart: `kind` names the drawer in `charts`, which documents its `data`."""

    kind: str
    name: str
    title: Text
    alt: Text
    data: Mapping[str, Any]


LineUnit = Literal["money", "index", "percent"]
"""Minor units; thousandths of a plain number; thousandths of a percent."""


class MonthsAxis(TypedDict):
    """The months of a chart.

    `ticks` are the indices in `labels` of the months that the axis names, with `tick_names`.
    """

    labels: Sequence[Value]
    ticks: Sequence[int]
    tick_names: Sequence[Value]


class LinesData(MonthsAxis):
    """The data of a chart of lines, all over the same months."""

    lines: Sequence[tuple[Value, Sequence[int | None]]]
    """A name and a value a month, None where there is none; the last line is the strongest."""
    unit: LineUnit
    currency: str


@dataclass(frozen=True)
class Tile:
    """A large figure with its comparison; a rise is good (1), bad (-1) or neither (0)."""

    label: Text
    value: Value
    notes: tuple[Text, ...] = ()
    trend: int = 0


@dataclass(frozen=True)
class Finding:
    """A finding for the owner: a sentence, its amount (minor units) and its section."""

    sentence: Text
    size: int
    section: str
    urgent: bool = False
    minor: bool = False
    """Is listed last, with any size: missing data, not a change of the business."""


@dataclass(frozen=True)
class Section:
    """One question and its answer.

    `figures` are the exact figures for figures.json. `findings` are those of this section; the
    section `attention` lists the most important ones of all sections, in its field `attention`.
    """

    key: str
    sentences: Sequence[Text] = ()
    tiles: Sequence[Tile] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[Text] = ()
    findings: Sequence[Finding] = ()
    attention: Sequence[Finding] = ()
    light: Literal["", "green", "amber", "red"] = ""
    figures: Mapping[str, object] = field(default_factory=dict)
    number: int = 0
    currency: str = ""
    is_front: bool = False
    is_annex: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it has one sentence at most, and nothing else."""
        return not (
            self.tiles
            or self.charts
            or self.findings
            or self.attention
            or self.light
            or len(self.sentences) > 1
            or any(table.rows for table in self.tables)
        )

    @property
    def anchor(self) -> str:
        return f"{self.key}-{self.currency.lower()}" if self.currency else self.key

    @property
    def title(self) -> Text:
        return Text(f"{self.key}.title")


@dataclass(frozen=True)
class Document:
    """A report of all its currencies, as data.

    `currencies` are those of its amounts.
    """

    report: Literal["monthly", "cumulative"]
    month: date
    through: date | None
    lake_decimals: int
    currencies: tuple[str, ...]
    stores: tuple[str, ...]
    sections: tuple[Section, ...]
    lineage: Mapping[str, object]
    since: date | None = None
    decimals: Mapping[str, int] = field(default_factory=dict)
    """Decimals of each currency; those of the lake (`lake_decimals`) for one that is not named."""

    @property
    def title(self) -> Text:
        return Text(f"{self.report}.title")

    @property
    def shown_sections(self) -> list[Section]:
        """The sections with content, in their order."""
        return [section for section in self.sections if section.number]

    @property
    def first_page_sections(self) -> list[Section]:
        """The sections of page one."""
        return [section for section in self.shown_sections if section.is_front]

    @property
    def empty_sections(self) -> list[Section]:
        """The sections without content, with a sentence each for the end."""
        return [section for section in self.sections if not section.number and section.sentences]

    def target(self, section: Section, key: str) -> Section:
        """The section `key` that a finding of `section` leads to."""
        return next(
            s for s in self.sections if s.key == key and s.currency in (section.currency, "")
        )
