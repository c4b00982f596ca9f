"""The columns of one dataset, collected by name in the types of its schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.schema import Dataset, arrow, conform
from pipeline.transform.columns import Ints, Labels, column, fixed, flags, lists


def table_of(columns: Mapping[str, Sequence[Any]], dataset: Dataset, decimals: int) -> pa.Table:
    """A small table of `dataset` from Python values, as `columns.column` takes them."""
    schema = arrow(dataset, decimals)
    arrays = [column(columns[field.name], field.type) for field in schema]
    return conform(pa.Table.from_arrays(arrays, schema=schema), dataset, decimals)


class ColumnWriter:
    """Collects columns by name; `rows` takes the fields of a column of lists."""

    def __init__(self, dataset: Dataset, decimals: int):
        self._dataset, self._decimals, self._schema = dataset, decimals, arrow(dataset, decimals)
        self._columns: dict[str, pa.Array] = {}

    def array(self, **columns: pa.Array) -> None:
        self._columns |= columns

    def label(self, **columns: Labels) -> None:
        self._columns |= {
            name: values.column(self._schema.field(name).type) for name, values in columns.items()
        }

    def number(self, present: np.ndarray | None = None, /, **columns: Ints) -> None:
        """Null where `present` is False."""
        self._columns |= {
            name: fixed(values, self._schema.field(name).type, present)
            for name, values in columns.items()
        }

    def flag(self, **columns: np.ndarray) -> None:
        self._columns |= {name: flags(values) for name, values in columns.items()}

    def rows(self, name: str, ends: Ints, *fields: pa.Array | Ints) -> None:
        kind = self._schema.field(name).type
        types = [field.type for field in kind.value_type]
        arrays = [
            field if isinstance(field, pa.Array) else fixed(field, type_)
            for field, type_ in zip(fields, types, strict=True)
        ]
        self._columns[name] = lists(ends, kind, arrays)

    def table(self) -> pa.Table:
        """The table. Raises SchemaMismatch for a missing column or a forbidden null."""
        return conform(
            pa.Table.from_arrays(list(self._columns.values()), list(self._columns)),
            self._dataset,
            self._decimals,
        )
