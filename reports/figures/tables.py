"""Summary tables as exact integer frames.

Takes Arrow tables of the lake's summaries (schema SUMMARY), one set a month. Returns pandas frames
in which money is int64 in units of 10**-decimals and a quantity int64 in units of 10**-4, labels
are str, days are date. Decimals are read from their 128-bit words, so nothing passes through a
float. Raises KeyError naming a table that is missing and OverflowError where an amount does not fit
64 bits.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

Summaries = Mapping[date, Mapping[str, pa.Table]]
"""The lake's summary tables of each month, by its first day."""

COPIED = 100_000
"""Rows of a table whose columns are copied side by side."""


def _integers(column: pa.ChunkedArray) -> np.ndarray:
    """The unscaled integers of a decimal column; objects where it has nulls."""
    if column.null_count:
        scale = column.type.scale
        return np.array(
            [None if v is None else int(v.scaleb(scale)) for v in column.to_pylist()], dtype=object
        )
    parts = []
    for chunk in column.chunks:
        words = np.frombuffer(chunk.buffers()[1], dtype=np.int64)[
            2 * chunk.offset : 2 * (chunk.offset + len(chunk))
        ]
        low, high = words[0::2], words[1::2]
        if not np.array_equal(high, low >> 63):
            raise OverflowError(f"an amount of {column.type} does not fit 64 bits")
        parts.append(low)
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _shared(column: pa.ChunkedArray) -> np.ndarray:
    """A column of few distinct texts or days as Python objects, shared between rows."""
    if pa.types.is_dictionary(column.type):
        encoded = column.unify_dictionaries().combine_chunks()
    else:
        encoded = column.combine_chunks().dictionary_encode()
    values = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    indices = encoded.indices
    if indices.null_count:
        indices = indices.fill_null(len(values) - 1)
    return values[indices.to_numpy(zero_copy_only=False)]


def frame(table: pa.Table) -> pd.DataFrame:
    """`table` as a frame of exact integers, strings and dates, rows in their order."""
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_decimal(column.type):
            columns[name] = _integers(column)
            continue
        if (
            pa.types.is_dictionary(column.type)
            or pa.types.is_string(column.type)
            or pa.types.is_date(column.type)
        ):
            columns[name] = _shared(column)
        elif pa.types.is_integer(column.type) and not column.null_count:
            columns[name] = column.to_numpy().astype(np.int64)
        elif pa.types.is_timestamp(column.type):
            columns[name] = pd.Series(column.to_pylist(), dtype=object)
        else:
            columns[name] = np.array(column.to_pylist() or [], dtype=object)
    # In one block for each type most later steps take a third of the time, at twice the memory.
    return pd.DataFrame(columns, copy=table.num_rows < COPIED)


def stack(tables: Mapping[date, pa.Table]) -> pa.Table:
    """Tables of months, one under the other, with the month of each row."""
    counts = [table.num_rows for table in tables.values()]
    months = np.repeat(np.array(list(tables), "datetime64[D]"), counts)
    return pa.concat_tables(tables.values()).append_column("month", pa.array(months))


def distinct(column: pa.ChunkedArray) -> set[str]:
    """The different texts of a column."""
    return set(column.unique().to_pylist())


class SummaryTables:
    """The tables of one month in one currency; days and hours also of a span of days.

    `tables["items"]` is a frame; `quality` also keeps the rows without a readable currency, and of
    `received`, which has none, only what the other currencies do not account for.
    """

    def __init__(
        self, first: date, source: Mapping[str, pa.Table], currency: str, last: date | None = None
    ):
        self.first, self.source, self.currency, self.last = first, source, currency, last
        self._frames: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._frames:
            rows = frame(self.source[name])
            keep = rows["currency"] == self.currency
            if name == "quality":
                rows = _less_other_currencies(rows, self.currency)
                keep = (rows["currency"] == self.currency) | rows["currency"].isna()
            if self.last is not None and "business_day" in rows:
                keep &= rows["business_day"].map(lambda day: day <= self.last).astype(bool)
            if not keep.all():
                rows = rows[keep.astype(bool)].reset_index(drop=True)
            self._frames[name] = rows
        return self._frames[name]

    @cached_property
    def open_days(self) -> list[date]:
        """Days on which a store of the currency made a sale."""
        days = self["days"]
        return sorted(set(days.loc[days["receipts"] > 0, "business_day"]))


def _less_other_currencies(quality: pd.DataFrame, currency: str) -> pd.DataFrame:
    """`quality` with the accounted receipts of other currencies taken off `received`."""
    is_other = quality["currency"].notna() & (quality["currency"] != currency)
    accounted = quality[is_other & quality["check"].isin(["counted", "quarantined"])]
    if accounted.empty:
        return quality
    taken_off = accounted.assign(
        check="received",
        currency=None,
        subject="",
        count=-accounted["count"],
        amount=None,
        unknown=0,
    )
    return pd.concat([quality, taken_off], ignore_index=True)


def sum_by(
    rows: pd.DataFrame, keys: Sequence[str], sums: Sequence[str], largest: str = ""
) -> pd.DataFrame:
    """Sums of `rows` by `keys` ("" if missing), the largest of a column first."""
    totals = group_sums({key: rows[key].fillna("") for key in keys}, rows, sums)
    return sort_rows(totals, f"-{largest}").reset_index(drop=True) if largest else totals


def group_sums(
    keys: Mapping[str, pd.Series], rows: pd.DataFrame, sums: Sequence[str]
) -> pd.DataFrame:
    """Sums of integer columns of `rows` per combination of `keys`, in their order.

    A row without a key is left out. pandas' own groupby takes ten times as long for a month.
    """
    combined = np.zeros(len(rows), dtype=np.int64)
    is_keyed = np.ones(len(rows), dtype=bool)
    values: dict[str, np.ndarray] = {}
    for name, column in keys.items():
        codes, labels = pd.factorize(column.to_numpy())
        is_keyed &= codes >= 0
        order = sorted(range(len(labels)), key=labels.__getitem__)
        values[name] = labels[order]
        ranks = np.empty(len(labels) + 1, dtype=np.int64)  # the last one for a key that is missing
        ranks[order] = range(len(labels))
        combined = combined * max(len(labels), 1) + ranks[codes]
    groups, members = np.unique(combined[is_keyed], return_inverse=True)
    by_group = np.argsort(members, kind="stable")
    starts = np.searchsorted(members[by_group], np.arange(len(groups)))
    columns: dict[str, np.ndarray] = {}
    for name in reversed(tuple(keys)):
        groups, places = np.divmod(groups, max(len(values[name]), 1))
        columns[name] = values[name][places]
    totals = {
        name: np.add.reduceat(_numbers(rows[name])[is_keyed][by_group], starts)
        if len(starts)
        else np.empty(0, dtype=np.int64)
        for name in sums
    }
    return pd.DataFrame({name: columns[name] for name in keys} | totals)


def _numbers(column: pd.Series) -> np.ndarray:
    """A column of integers, what is missing as 0."""
    values: np.ndarray = column.to_numpy()
    if values.dtype != object:
        return values
    return np.array([0 if value is None else value for value in values], dtype=np.int64)


def rows_of(rows: pd.DataFrame) -> Iterator[Any]:
    """The rows as named tuples; pandas' own builds a class for each call."""
    row = _row_class(tuple(rows.columns))
    return map(row._make, zip(*(rows[name].tolist() for name in rows.columns), strict=True))


@lru_cache(maxsize=256)
def _row_class(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)  # the columns are known when it runs


def sort_rows(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Sort `rows` by `columns`, stably; "-units" means the largest first."""
    keys = [
        (-rows[name[1:]]).tolist() if name[0] == "-" else rows[name].tolist() for name in columns
    ]
    return rows.iloc[sorted(range(len(rows)), key=list(zip(*keys, strict=True)).__getitem__)]


def names(summaries: Summaries, table: str, key: str, label: str) -> dict[str, str]:
    """Labels by identifier, as the newest month has them."""
    latest: dict[str, str] = {}
    for month in sorted(summaries):
        if table in summaries[month]:
            labels = (summaries[month][table].column(name).to_pylist() for name in (key, label))
            latest.update(zip(*labels, strict=True))
    return latest


def store_names(summaries: Summaries, stores: Iterable[str]) -> dict[str, str]:
    """The names of `stores` by identifier, in the order of the names."""
    labels = names(summaries, "stores", "store_id", "name")
    named = {store: labels.get(store) or store for store in stores}
    return dict(sorted(named.items(), key=lambda pair: (pair[1], pair[0])))


def currencies(source: Mapping[str, pa.Table]) -> tuple[str, ...]:
    """Currencies of a month's stores and days, sorted."""
    codes = (distinct(source[table].column("currency")) for table in ("days", "stores"))
    return tuple(sorted(filter(None, set().union(*codes))))
