"""Erase one customer from raw and from all that is derived from raw.

A record of the customer loses the identifier and the contacts that its reader removes with it. All
other values stay, so no amount changes. The list of erased customers, `_erased/<key
digest>/<HMAC>`, does the same with receipts that are fetched again. It contains no identifier, and
its HMAC differs from that of the tables.

    erase_customer      commits raw partitions that name the customer again without the identifier,
                        and removes the old objects and all their versions
    remove_old_derived  removes older versions of the derived tables that can name a customer
    find_traces         finds objects and versions that still hold the identifier or its pseudonym,
                        also within compressed files

Each step finds out what is left to do, so a killed erasure can be started again. Raises
ConfigError without a key.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from typing import cast
from zipfile import BadZipFile, ZipFile

import pyarrow as pa

from pipeline.errors import ConfigError, Corrupt
from pipeline.lakes.identity import digest_of_key
from pipeline.load import Lake, Storage, decompress
from pipeline.load.month_packs import PACKED, pack_key
from pipeline.load.parquet import from_bytes
from pipeline.maintenance.rewrite import (
    Edit,
    EditedObject,
    find_edited,
    read_entry,
    remove_old_versions,
    rewrite,
)
from pipeline.pos.source import ApiPage, Reader, Record, Source

ERASED = "_erased/"
_NAME_CUSTOMERS = ("staging/", "receipts/", "quarantine/", "summary/", "customers/", "backoffice/")


def erased_entry(customer: str, key: bytes) -> str:
    """The customer's entry in the list of erased customers."""
    return hmac.digest(key, b"erased\n" + customer.encode(), "sha256").hex()


def pseudonym(customer: str, key: bytes) -> str:
    """The customer's pseudonym in the tables."""
    return hmac.digest(key, customer.encode(), "sha256").hex()


def read_erased(storage: Storage, key: bytes | None) -> frozenset[str]:
    """The list of erased customers. Raises ConfigError for another key."""
    entries = [stat.key.removeprefix(ERASED).partition("/") for stat in storage.list(ERASED)]
    others = {digest for digest, _, _ in entries} - {digest_of_key(key) if key else ""}
    if others:
        raise ConfigError(
            f"{storage.uri(ERASED)}: customers were erased under another CUSTOMER_HASH_KEY"
            f" ({', '.join(sorted(others))}) than the current one, which cannot find them in"
            " receipts that are fetched again; set that key again"
        )
    return frozenset(name for _, _, name in entries)


class ErasingSource:
    """A source without the customers who were erased."""

    def __init__(self, source: Source, erased: frozenset[str], key: bytes) -> None:
        self._source, self._erased, self._key = source, erased, key

    def __getattr__(self, name: str) -> object:
        attribute = getattr(self._source, name)
        if name != "receipt":
            return attribute

        def receipt(number: str) -> Record | None:
            record: Record | None = attribute(number)
            return record and self._without_erased(record)

        return receipt

    def receipts(
        self, since: datetime, until: datetime | None, cursor: str | None = None
    ) -> Iterator[ApiPage]:
        """The source's pages, each record without the customer."""
        for page in self._source.receipts(since, until, cursor):
            yield page._replace(records=[self._without_erased(record) for record in page.records])

    def _without_erased(self, record: Record) -> Record:
        body = self._source.reader.remove_customers(record.body, self._is_erased)
        return record._replace(body=body)

    def _is_erased(self, customer: str) -> bool:
        return erased_entry(customer, self._key) in self._erased


def without_erased_customers(source: Source, storage: Storage, key: bytes | None) -> Source:
    """Return `source`, without the customers who were erased if there are any."""
    erased = read_erased(storage, key)
    if key is None or not erased:
        return source
    # it delegates the other attributes to the source, which a type checker does not see
    return cast(Source, ErasingSource(source, erased, key))


def find_named(lake: Lake, reader: Reader, customer: str) -> Iterator[EditedObject]:
    """Every raw object that names the customer, also an unreferenced one."""
    return find_edited(lake, _without(reader, customer))


def _without(reader: Reader, customer: str) -> Edit:
    return lambda line: reader.remove_customers(line, lambda named: named == customer)


def read_numbers(
    lake: Lake, reader: Reader, touched: Iterable[EditedObject], customer: str
) -> frozenset[str]:
    """The numbers of the receipts that name the customer."""
    edit = _without(reader, customer)
    lines = (
        line
        for item in touched
        for line in read_entry(lake, item.object).splitlines()
        if edit(line) != line
    )
    return frozenset(number for line in lines if (number := reader.read_record(line).number))


def erase_customer(lake: Lake, reader: Reader, customer: str, key: bytes) -> list[str]:
    """List the customer as erased and edit raw; return the partitions committed again."""
    read_erased(lake.storage, key)
    lake.storage.put(f"{ERASED}{digest_of_key(key)}/{erased_entry(customer, key)}", b"{}\n")
    return rewrite(lake, _without(reader, customer))


def remove_old_derived(storage: Storage) -> int:
    """Remove packs of months and older versions of derived objects; count these."""
    for dataset in PACKED:
        storage.remove(pack_key(dataset))
    return remove_old_versions(storage, _NAME_CUSTOMERS)


def find_traces(storage: Storage, words: list[str]) -> Iterator[str]:
    """Addresses of objects and old versions that hold one of the words, unpacked."""
    patterns = [word.encode() for word in words]

    def holds(key: str, data: bytes) -> bool:
        return any(pattern in text for text in unpack(key, data) for pattern in patterns)

    for stat in storage.list():
        if holds(stat.key, storage.get(stat.key)):
            yield storage.uri(stat.key)
    for version in storage.old_versions():
        if not version.is_marker and holds(version.key, storage.get_version(version)):
            yield f"{storage.uri(version.key)} (version {version.id})"


def unpack(key: str, data: bytes) -> Iterator[bytes]:
    """The bytes as they are and, where possible, decompressed."""
    yield data
    try:
        if key.endswith(".zst"):
            yield decompress(data)
        elif key.endswith(".zip"):
            with ZipFile(BytesIO(data)) as archive:
                for name in archive.namelist():
                    yield from unpack(name, archive.read(name))
        elif key.endswith(".parquet"):
            for column in from_bytes(data, key).columns:
                if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type):
                    yield "\n".join(filter(None, column.cast(pa.string()).to_pylist())).encode()
    except (Corrupt, pa.ArrowException, OSError, BadZipFile):
        return  # another kind of file than its name says; its plain bytes were searched
