"""The raw receipts of a simulated chain in a lake, and runs over them.

They are committed without an API. The receipts are those of tests/reference/shop.py (3.1 kB and 2.8
lines each) with numbers, stores and times of their own, all sold between 08:00 and 18:00 in Mexico
City.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count, cycle
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost, Workspace
from pipeline.load import RAW_FINGERPRINT, Lake, compress, open_storage
from tests.reference import settings as shop
from tests.reference.shop import receipts

DAY = timedelta(days=1)
_TEMPLATES = 2000
_LINES_OF_A_TEMPLATE = 2  # at least, on average
_STAMP = "%Y-%m-%dT%H:%M:%S.000Z"


class Chain:
    """A lake with raw receipts of some stores, to which days are added, and its runs.

    `per_day` are receipts of a store in a day; `items` are the items that are sold besides those
    of the reference shop; `memory` is the setting [lake] memory.
    """

    def __init__(
        self, folder: Path, stores: int, per_day: float, memory: str = "512MB", items: int = 0
    ) -> None:
        self.folder, self.stores, self.per_day, self.items = folder, stores, per_day, items
        self.workspace = Workspace(folder)
        self.lake = Lake(open_storage(str(folder / "data")), run="benchmark")
        (folder / "menu.toml").write_text(shop.MENU, encoding="utf-8")
        self.workspace.configure("pos", source="files", folder=".", allowed_lateness_days=0)
        self.workspace.configure("shop", menu=folder / "menu.toml")
        self.workspace.configure("lake", url=folder / "data", memory=memory)
        self.workspace.configure("spark", master="local[*]")
        self._receipts = numbered_receipts(items)

    def add_day(self, day: date) -> int:
        """Commit the window of a business day; returns the number of its receipts."""
        total = max(1, round(self.stores * self.per_day))
        opens = datetime(day.year, day.month, day.day, 14, tzinfo=UTC)
        lines = []
        for position in range(total):
            sold = (opens + timedelta(seconds=position * 35_000 / total)).strftime(_STAMP)
            store = f"{shop.STORE[:-6]}{position % self.stores:06d}"
            lines.append(next(self._receipts).replace("@store", store).replace("@sold", sold))
        start = datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
        self.lake.commit_window(
            str(day),
            {day: "".join(lines).encode()},
            _window(start.isoformat(), (start + DAY).isoformat(), total),
            {day: "1400-2359"},
        )
        return total

    def add_catalog(self, day: date) -> None:
        """Commit the catalog of a day, with all items."""
        body = compress(catalog(self.items))
        self.lake.publish(
            "raw/catalog",
            str(day),
            RAW_FINGERPRINT,
            {"catalog": body},
            {"objects": {}},
            expected_manifest=None,
        )

    def add_rescan(self, day: date) -> None:
        """Commit the rescan that is due on a day, without new receipts."""
        while day.weekday() != 6 and (day + DAY).day != 1:
            day -= DAY
        self.lake.commit_window(f"{day}-rescan-35", {}, _window("", "", 0))

    def set_span(self, first: date, last: date, engine: str = "local", workers: int = 0) -> None:
        """Let the history be these days, and set what builds the partitions.

        The first call lets the lake accept its raw receipts as those of the settings.
        """
        self.workspace.configure("pos", history_starts=first, now=f"{last + DAY}T12:00:00Z")
        self.workspace.configure("engine", name=engine, workers=workers)
        if not (self.folder / "data" / "_manifests" / "identity").exists():
            self.workspace.pos("lake", "--accept-source", "--accept-key")

    def run(self, task: str, *arguments: object) -> Cost:
        """The cost of a run of luigi. Raises CommandFailed."""
        return self.workspace.luigi(task, *map(str, arguments))

    def remove_derived(self) -> None:
        """Remove everything but raw, as if no stage had run."""
        data = self.folder / "data"
        for path in [*data.iterdir(), *data.glob("_manifests/*"), *data.glob("_commits/*")]:
            if path.name not in ("raw", "identity", "_manifests", "_commits"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(self.folder / "state", ignore_errors=True)  # the state of the lake before

    def bytes_of(self, *datasets: str) -> int:
        """The bytes that some datasets take in the lake."""
        root = self.folder / "data"
        return sum(
            path.stat().st_size
            for path in self.workspace.files()
            if path.relative_to(root).parts[0] in datasets
        )


def numbered_receipts(items: int = 0) -> Iterator[str]:
    """Receipts without end, as lines of JSON with @store and @sold to be replaced.

    With `items`, their lines name further items, as many as `catalog(items)` has.
    """
    templates = cycle(_templates(items))
    for number in count():
        yield next(templates).replace("@number", f"{1 + number % 3}-{number}")


def catalog(items: int = 0) -> bytes:
    """The catalog of the reference shop with so many more items."""
    rows = json.loads(shop.catalog())
    model = next(row for row in rows["items"] if row["item_name"] == "Fries")
    for number in range(items):
        item_id, variant_id, name = _item(number)
        variant = {**model["variants"][0], "variant_id": variant_id}
        rows["items"].append({**model, "id": item_id, "item_name": name, "variants": [variant]})
    return json.dumps(rows).encode()


def _templates(items: int) -> list[str]:
    """Receipts of the reference shop with marks in place of what differs."""
    numbers = cycle(range(items)) if items else iter(())
    lines = []
    for text in receipts(max(_TEMPLATES, items // _LINES_OF_A_TEMPLATE)):
        receipt: dict[str, Any] = json.loads(text)
        for name in ("receipt_date", "created_at", "updated_at"):
            receipt[name] = "@sold"
        if receipt["cancelled_at"]:
            receipt["cancelled_at"] = "@sold"
        receipt |= {"receipt_number": "@number", "store_id": "@store"}
        for line in receipt["line_items"]:
            if items and not line["item_name"].startswith("Combo "):
                line["item_id"], line["variant_id"], line["item_name"] = _item(next(numbers))
        for payment in receipt["payments"]:
            payment["paid_at"] = "@sold"
        lines.append(json.dumps(receipt, ensure_ascii=False) + "\n")
    return lines


def _item(number: int) -> tuple[str, str, str]:
    """Item id, variant id and name of a further item."""
    return shop.identifier("item", number), shop.identifier("variant", number), f"Item {number:05d}"


def _window(start: str, end: str, records: int) -> dict[str, object]:
    """The metadata of a window."""
    return {"start": start, "end": end, "records": records, "truncated_at": None}
