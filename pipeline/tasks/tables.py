"""The tables of published partitions, each checked against its dataset."""

from __future__ import annotations

import datetime as dt
import math
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import schema, settings
from pipeline.load.layout import TABLES
from pipeline.targets import DerivedTask, lake

if TYPE_CHECKING:
    import pyarrow as pa

_PARQUET_GROWTH = 8  # a Parquet file of the lake as a table is at most this many times as large
_UNITS = {"K": 10, "M": 20, "G": 30, "T": 40}
_DATASETS = {
    dataset.name: dataset
    for dataset in (
        *schema.MONTH_TABLES,
        schema.BEFORE_HISTORY,
        schema.SHIFTS,
        *schema.SUMMARY,
        schema.RECEIPT_FIGURES,
        *schema.BACKOFFICE,
    )
}


def read_day(task: DerivedTask) -> dict[str, pa.Table]:
    """The tables of a day by name, empty without a file. Raises SchemaMismatch."""
    from pipeline.load.day_object import FILE, unpack_tables

    schemas, files = _day_schemas(), lake().read(task.dataset, task.name)
    if not files:
        decimals = settings.rules().decimals
        return {d.name: schema.empty(d, decimals) for d in schema.MONTH_TABLES}
    return unpack_tables(files[FILE], f"{task.dataset}/{task.name}", schemas)


def read_day_pieces(task: DerivedTask) -> Iterator[tuple[str, pa.Table]]:
    """`read_day`, some rows at a time: (name of the table, rows)."""
    from pipeline.load.day_object import FILE, unpack_pieces

    files = lake().read(task.dataset, task.name)
    if files:
        yield from unpack_pieces(files[FILE], f"{task.dataset}/{task.name}", _day_schemas())


def _day_schemas() -> dict[str, pa.Schema]:
    decimals = settings.rules().decimals
    return {dataset.name: schema.arrow(dataset, decimals) for dataset in schema.MONTH_TABLES}


def read_table(task: DerivedTask, file_name: str, body: bytes) -> pa.Table:
    """A file of a partition as a table. Raises SchemaMismatch."""
    from pipeline.load.parquet import from_bytes

    return from_bytes(
        body,
        f"{task.dataset}/{task.name}/{file_name}",
        schema=schema.arrow(_DATASETS[file_name], settings.rules().decimals),
    )


def read_summary(task: DerivedTask, names: Sequence[str]) -> dict[str, pa.Table]:
    """The tables `names` of a summary, with one request. Raises SchemaMismatch."""
    from pipeline.load.day_object import unpack_tables

    decimals = settings.rules().decimals
    tables = unpack_tables(
        lake().read(task.dataset, task.name, [TABLES])[TABLES],
        f"{task.dataset}/{task.name}",
        {name: schema.arrow(_DATASETS[name], decimals) for name in names},
    )
    return {name: tables[name] for name in names}


def read_tables(task: DerivedTask, names: list[str] | None = None) -> dict[str, pa.Table]:
    """The tables of a partition by name: those of `names`, or all."""
    files = lake().read(task.dataset, task.name, names)
    return {name: read_table(task, name, body) for name, body in files.items()}


def read_months(
    tasks: Iterable[DerivedTask], read: Callable[[DerivedTask], dict[str, pa.Table]]
) -> dict[dt.date, dict[str, pa.Table]]:
    """What `read` returns of each task, by month; in a bucket, several at once."""
    tasks = list(tasks)
    for dataset in {task.dataset for task in tasks}:
        lake().prefetch(dataset, [task.name for task in tasks if task.dataset == dataset])
    tables = lake().storage.map(read, tasks)
    return {task.period: each for task, each in zip(tasks, tables, strict=True)}


@contextmanager
def open_tables(task: DerivedTask, memory: str, folder: Path) -> Iterator[dict[str, Any]]:
    """A month's tables, as files if large for `memory`. Raises SchemaMismatch."""
    files = lake().read(task.dataset, task.name)
    size = re.fullmatch(r"([\d.]+) ?([KMGT])i?B", memory.strip(), re.IGNORECASE)
    limit = float(size[1]) * (1 << _UNITS[size[2].upper()]) if size else math.inf
    if sum(map(len, files.values())) * _PARQUET_GROWTH <= limit / 2:
        yield {name: read_table(task, name, body) for name, body in files.items()}
        return
    # Imports pandas where it is installed; a small month does without.
    from pyarrow.dataset import dataset

    from pipeline.load.parquet import check_schema

    folder.mkdir(parents=True, exist_ok=True)
    decimals = settings.rules().decimals
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        tables = {}
        for file_name, body in files.items():
            path = Path(temporary) / file_name
            path.write_bytes(body)
            tables[file_name] = dataset(path, format="parquet")
            expected = schema.arrow(_DATASETS[file_name], decimals)
            label = f"{task.dataset}/{task.name}/{file_name}"
            check_schema(tables[file_name].schema, expected, label)
        yield tables
