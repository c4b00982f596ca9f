"""The pipeline's own transform over a file of receipts.

    python -m benchmarks.contenders.ours FILE OUT [PROCESSES]

A file of more than `SMALL` bytes is divided among processes at line ends. Each process parses pages
of 12 MB. It appends a day, once it is older than the newest two, as a row group to its file of the
month, sorted by time.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.transform import Catalog, Raw, Rules, Store, read_menu
from pipeline.transform.build_days import select_receipts
from pipeline.transform.columns import Labels, fixed, ints
from pipeline.transform.menu_lookup import MenuLookup
from pipeline.transform.read import read
from pipeline.transform.tables import ReceiptTables
from tests.reference import settings

PAGE, SMALL = 12 << 20, 24 << 20


def rules() -> Rules:
    """The rules of the reference shop."""
    return Rules(
        {},
        Store("America/Mexico_City", time(5), "MXN", 2),
        read_menu(settings.MENU, "menu.toml"),
        2,
    )


class Months:
    """A Parquet file a month, to which each day is written once it is closed.

    Rows come in pages, which overlap by minutes.
    """

    def __init__(self, folder: Path, part: int):
        self.folder, self.part = folder, part
        self.open: dict[tuple[int, int], pq.ParquetWriter] = {}
        self.kept: pa.Table | None = None

    def add(self, rows: pa.Table) -> None:
        """Merge a page with the rows that overlap it, and write the closed days."""
        if self.kept is not None and self.kept.num_rows:
            last = _column(self.kept, "sold_at")[-1]
            overlap = int(np.searchsorted(_column(rows, "sold_at"), last, "right"))
            rows = pa.concat_tables(
                [
                    _by_time(pa.concat_tables([self.kept, rows.slice(0, overlap)])),
                    rows.slice(overlap),
                ]
            )
        days = _column(rows, "business_day")
        closed = int(np.searchsorted(days, days[-1] - 1, "left")) if len(days) else 0
        self._write(rows.slice(0, closed), days[:closed])
        self.kept = rows.slice(closed)

    def close(self) -> None:
        """Write the last days."""
        if self.kept is not None:
            self._write(self.kept, _column(self.kept, "business_day"))
        for writer in self.open.values():
            writer.close()

    def _write(self, rows: pa.Table, days: np.ndarray) -> None:
        months = days.astype("M8[D]").astype("M8[M]").astype("i8")
        starts = np.flatnonzero(np.diff(months, prepend=-1))
        for start, end in zip(starts, np.append(starts[1:], len(months)), strict=False):
            year, month = divmod(int(months[start]), 12)
            self._writer(1970 + year, 1 + month, rows.schema).write_table(
                rows.slice(start, end - start)
            )

    def _writer(self, year: int, month: int, schema: pa.Schema) -> pq.ParquetWriter:
        for key in [key for key in self.open if key < (year, month)]:
            self.open.pop(key).close()
        if (year, month) not in self.open:
            folder = self.folder / f"year={year}" / f"month={month:02d}"
            folder.mkdir(parents=True, exist_ok=True)
            repeated = [
                f.name
                for f in schema
                if pa.types.is_dictionary(f.type) or pa.types.is_decimal(f.type)
            ]
            self.open[year, month] = pq.ParquetWriter(
                folder / f"{self.part}.parquet",
                schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=repeated,
                store_decimal_as_integer=True,
            )
        return self.open[year, month]


def _column(rows: pa.Table, name: str) -> np.ndarray:
    chunks = rows.column(name).chunks
    return np.concatenate(
        [ints(chunk, "i4" if name == "business_day" else "i8") for chunk in chunks]
        or [np.zeros(0, "i8")]
    )


def _by_time(rows: pa.Table) -> pa.Table:
    return rows.take(fixed(np.argsort(_column(rows, "sold_at"), kind="stable"), pa.int64()))


def pages(path: Path, start: int, end: int) -> Iterator[bytes]:
    """The lines that begin in bytes [start, end) of the file, about a page at a time."""
    with path.open("rb") as file:

        def line_end(position: int) -> int:
            """The end of the line that contains byte `position` - 1."""
            file.seek(max(position - 1, 0))
            file.readline()
            return file.tell() if position else 0

        start, end = line_end(start), line_end(end)
        while start < end:
            stop = line_end(min(start + PAGE, end))
            file.seek(start)
            yield file.read(stop - start)
            start = stop


def run(path: Path, out: Path, part: int, parts: int) -> None:
    """Transform one of `parts` parts of a file."""
    size = path.stat().st_size
    shop_rules = rules()
    lookup, months = (
        MenuLookup(shop_rules.menu, Catalog.read(settings.catalog())),
        Months(out, part),
    )
    for body in pages(path, size * part // parts, size * (part + 1) // parts):
        records = read([Raw("b", "x", body)], shop_rules)
        if records.rejected:
            raise ValueError(f"a record is rejected: {records.rejected[0]}")
        partition = Labels(np.zeros(len(records.receipts), int), ["b"])
        selected = select_receipts(records.receipts, records.accepted, partition, shop_rules)
        months.add(ReceiptTables(selected, lookup, shop_rules).sales)
    months.close()


def main(path: str, out: str, processes: str = "2") -> None:
    parts = int(processes) if Path(path).stat().st_size > SMALL else 1
    children = []
    for part in range(1, parts):
        child = os.fork()
        if child == 0:
            run(Path(path), Path(out), part, parts)
            sys.stdout.flush()
            os._exit(0)
        children.append(child)
    run(Path(path), Path(out), 0, parts)
    if any(os.waitpid(child, 0)[1] for child in children):
        raise SystemExit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
