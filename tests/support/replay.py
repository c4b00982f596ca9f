"""Recorded shop: receipts and rows from files of the API, served byte for byte.

A file is JSON (`{"receipts": [...]}`, `{"items": [...], ...}`, a list of receipts, one receipt) or
NDJSON of receipts. A receipt appears at its `updated_at`; one without a readable timestamp is
always present. Stores, registers and employees that are in no file get rows named after their ids,
so every id on a receipt resolves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from pipeline.simulator.ids import EPOCH, parse_stamp
from pipeline.simulator.source import decode, encode
from tests.support.book import Book

_NAMED = {"stores": "store_id", "pos_devices": "pos_device_id", "employees": "employee_id"}


class Replay(Book):
    """`ShopData` of one or more files, which together are one shop.

    Raises ValueError, with the name of the file, for a file without rows.
    """

    def __init__(self, *paths: Path | str, merchant: dict[str, Any] | None = None):
        receipts: list[bytes] = []
        rows: dict[str, list[dict[str, Any]]] = {}
        for path in map(Path, paths):
            for resource, row in _read(path):
                if resource == "receipts":
                    receipts.append(row)
                else:
                    rows.setdefault(resource, []).append(decode(row))
        bodies = [decode(body) for body in receipts]
        for resource, field in _NAMED.items():
            ids = {body[field]: body.get("store_id") for body in bodies if body.get(field)}
            named = [
                {
                    "id": key,
                    "name": f"{resource[:-1]} {key[:4]}",
                    "store_id": store,
                    "stores": [store],
                    "deleted_at": None,
                }
                for key, store in ids.items()
            ]
            rows.setdefault(resource, named)
        super().__init__(rows=rows, merchant=merchant)
        oldest_first = sorted(
            zip(reversed(receipts), reversed(bodies), strict=True),
            key=lambda pair: _instant(pair[1].get("updated_at")),
        )
        for position, (raw, body) in enumerate(oldest_first):
            self.plant(
                raw,
                str(body.get("receipt_number") or f"unnumbered-{position}"),
                _instant(body.get("created_at")),
                _instant(body.get("updated_at")),
            )


def _instant(text: object) -> datetime:
    try:
        return EPOCH + timedelta(milliseconds=parse_stamp(str(text)))
    except ValueError:
        return EPOCH


def _read(path: Path) -> Iterable[tuple[str, bytes]]:
    """(resource, verbatim JSON object) of every row in the file."""
    text = path.read_bytes().strip()
    try:
        document = msgspec.json.decode(text, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        try:
            document = [msgspec.Raw(line) for line in text.splitlines() if decode(line) is not None]
        except msgspec.DecodeError as error:
            raise ValueError(f"{path}: neither JSON nor NDJSON ({error})") from error
    if isinstance(document, list):
        return [("receipts", bytes(row)) for row in document]
    if "receipt_number" in document:
        return [("receipts", text)]
    rows = []
    for resource, raw in document.items():
        if bytes(raw).startswith(b"["):
            rows += [
                (resource, bytes(row)) for row in msgspec.json.decode(raw, type=list[msgspec.Raw])
            ]
    if not rows:
        raise ValueError(
            f"{path}: holds no list of rows such as {encode({'receipts': []}).decode()}"
        )
    return rows
