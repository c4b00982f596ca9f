"""Saved files as a source: JSON pages, arrays or NDJSON, compressed or not.

Reads a listing of (name, reader), the same for a folder and a bucket. `saved.py` lists the forms of
a file; gzip and zstd are recognised by their first bytes, and the objects of a bare array by their
fields (a Loyverse receipt has a receipt_number, an item an item_name).

If several files have a receipt, its newest revision counts, of equal revisions that of the last
file by name. If `updated_at` is unreadable, the receipt counts as changed when it was created or
sold, or else with its file. Receipts that changed before `starts`, the start of the first window,
belong to that window, so that none is lost. Raises SourceFatal, which names the unreadable file.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from pipeline.errors import ConfigError, SourceFatal
from pipeline.pos import open_reader
from pipeline.pos.pages import check_text
from pipeline.pos.saved import objects_of, to_utf8
from pipeline.pos.source import ApiPage, Reader, Record

Listing = Callable[[], Iterable[tuple[str, Callable[[], bytes]]]]

_ENDINGS = tuple(
    kind + packed for kind in (".json", ".ndjson", ".jsonl") for packed in ("", ".gz", ".zst")
)
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_BYTE_CAP = 512 << 20
_NEVER = datetime.min.replace(tzinfo=UTC)


class _Known(msgspec.Struct):
    id: msgspec.Raw = msgspec.Raw(b"null")
    updated_at: datetime | None = None


_known = msgspec.json.Decoder(_Known)


class SavedFiles:
    """A shop of saved files.

    `listing` is called for each pass; its files are read in the order of their names.
    """

    requests = 0
    server_time = None

    def __init__(
        self, listing: Listing, location: str, reader: Reader, starts: datetime | None = None
    ):
        self.starts, self.reader = starts, reader
        self._listing, self._location = listing, location
        self.connection_id = hashlib.sha256(f"files\n{location}".encode()).hexdigest()[:16]
        self._lock = threading.Lock()
        # The newest revision of each receipt: when it changed, its file, its position there.
        self._newest: dict[str, tuple[datetime, str, int]] = {}
        # The first and last change in each file.
        self._spans: dict[str, tuple[datetime, datetime]] = {}

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[ApiPage]:
        """Receipts changed in [since, until): a page per file, its name the cursor."""
        self._index()
        since = _NEVER if since == self.starts else since
        names = [
            name
            for name, (first, last) in sorted(self._spans.items())
            if name > (cursor or "") and since <= last and (until is None or first < until)
        ]
        readers = dict(self._listing())
        for name in names:
            kept = [
                record
                for position, record in enumerate(self._receipts(name, readers[name]()))
                if since <= _changed_at(record)
                and (until is None or _changed_at(record) < until)
                and self._newest.get(record.number or "", (_NEVER, name, position))[1:]
                == (name, position)
            ]
            yield ApiPage(kept, name if name != names[-1] else None)

    def catalog(self) -> dict[str, list[bytes]]:
        """The newest catalog rows in the files, by list."""
        newest: dict[str, dict[bytes, tuple[datetime, bytes]]] = {
            resource: {} for resource in self.reader.CATALOG
        }
        for name, read in sorted(self._listing()):
            for resource, rows in read_objects(name, read(), self.reader).items():
                for row in rows if resource in newest else ():
                    try:
                        header = _known.decode(row)
                    except msgspec.MsgspecError as error:
                        raise SourceFatal(
                            f"{name}: one of its {resource} cannot be read ({error}); take the file"
                            " out, or save it again"
                        ) from error
                    identifier, changed = bytes(header.id), header.updated_at or _NEVER
                    if changed >= newest[resource].get(identifier, (_NEVER,))[0]:
                        newest[resource][identifier] = (changed, row)
        return {
            resource: self.reader.redact_rows(resource, [row for _, row in rows.values()])
            for resource, rows in newest.items()
        }

    def _receipts(self, name: str, data: bytes) -> list[Record]:
        """The receipts of a file, each with an `updated_at` (see the module)."""
        rows = read_objects(name, data, self.reader).get("receipts", ())
        records = [self.reader.read_record(row) for row in rows]
        last = max((r.updated_at for r in records if r.updated_at), default=None)
        return [record if record.updated_at else _dated(record, name, last) for record in records]

    def _index(self) -> None:
        """Read every file once: newest revision of each receipt, dates of each file."""
        with self._lock:
            if self._spans:
                return
            for name, read in sorted(self._listing()):
                records = self._receipts(name, read())
                for position, record in enumerate(records):
                    revision = (_changed_at(record), name, position)
                    if record.number:
                        before = self._newest.get(record.number, revision)
                        self._newest[record.number] = max(before, revision)
                if records:
                    changes = [_changed_at(record) for record in records]
                    self._spans[name] = min(changes), max(changes)
            if not self._spans:
                raise SourceFatal(
                    f"{self._location}: no file holds receipts; save the API's pages there as"
                    f" {', '.join(_ENDINGS[::3])}"
                )


def _changed_at(record: Record) -> datetime:
    """The `updated_at` of a record of `_receipts`, which always has it."""
    assert record.updated_at
    return record.updated_at


def _dated(record: Record, name: str, last: datetime | None) -> Record:
    """A record without a readable `updated_at`, put into the window of its time."""
    changed = record.created_at or record.sold_at or last
    if changed is None:
        raise SourceFatal(
            f"{name}: none of its receipts says when it was changed, created or sold; take the file"
            " out, or repair it"
        )
    return record._replace(updated_at=changed, sold_at=None)


def read_objects(name: str, data: bytes, reader: Reader) -> dict[str, list[bytes]]:
    """The objects of a file by resource, verbatim, in order. Raises SourceFatal."""
    try:
        text = to_utf8(_unpack(data))
        check_text(text)
        if not text:
            raise ValueError("it is empty")
        return objects_of(text, reader)
    except (ValueError, OSError, msgspec.MsgspecError, RecursionError) as error:
        raise SourceFatal(
            f"{name} cannot be read as saved receipts or catalog ({error}); take it out, or save it"
            " again"
        ) from error


def _unpack(data: bytes) -> bytes:
    """The file without compression; ValueError, before it is in memory, if too large."""
    kind = next((kind for magic, kind in _PACKED.items() if data.startswith(magic)), None)
    size = 0
    for piece in _pieces(data, kind) if kind else [data]:
        size += len(piece)
        check_size(size)
    return b"".join(_pieces(data, kind)) if kind else data


def _pieces(data: bytes, kind: str) -> Iterator[bytes]:
    """A compressed file unpacked piece by piece."""
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(data), kind) as stream:
        while piece := stream.read(1 << 20):  # Arrow allocates the requested size
            yield piece


def check_size(size: int) -> None:
    """Raises ValueError for more bytes than a saved file may have, unpacked."""
    if size > _BYTE_CAP:
        raise ValueError(f"more than {_BYTE_CAP:,} bytes; split it")


def is_saved(path: str) -> bool:
    """Whether a file of that name is read; hidden files are not."""
    name = path.rpartition("/")[2]
    return name.endswith(_ENDINGS) and not name.startswith(".")


def list_folder(folder: Path) -> Listing:
    """The JSON files of a folder and its subfolders, without hidden ones."""
    if not folder.is_dir():
        raise ConfigError(
            f"{folder} is no folder; set [pos] folder to the one that holds the saved files"
        )
    return lambda: [
        (path.relative_to(folder).as_posix(), partial(_read_file, path))
        for path in folder.rglob("*")
        if is_saved(path.name) and path.is_file()
    ]


def _read_file(path: Path) -> bytes:
    """The bytes of a file; SourceFatal if it is too large."""
    try:
        check_size(path.stat().st_size)
    except ValueError as error:
        raise SourceFatal(f"{path} cannot be read as saved receipts ({error})") from error
    return path.read_bytes()


def open_files(
    *,
    folder: Path | None = None,
    listing: Listing | None = None,
    location: str = "",
    saved_from: str = "loyverse",
    starts: datetime | None = None,
) -> SavedFiles:
    """Open saved files in `folder`, or those that `listing` returns.

    `location` names the latter in messages, `saved_from` is the point of sale whose JSON they hold,
    `starts` the start of the first window. Raises ConfigError.
    """
    reader = open_reader(saved_from)
    if listing is not None:
        return SavedFiles(listing, location, reader, starts)
    if folder is None:
        raise ConfigError("the source of saved files needs a folder: set [pos] folder")
    return SavedFiles(list_folder(folder), str(folder), reader, starts)
