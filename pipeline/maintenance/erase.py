"""One customer out of raw, and out of every older copy of what raw has become.

In: a Lake and a customer's identifier, as the till names it. A record that names the customer says
`"customer_id": null` afterwards and is verbatim otherwise, so no amount changes. The list of the
erased, `_erased/<key's fingerprint>/<HMAC>`, keeps an identifier out when its receipt is fetched
again; it holds no identifier, and another HMAC than the tables do.

    drop        raw batches that name the customer are committed again without; the old objects and
    all their versions are removed clear_made  older versions of what is made of raw are removed: it
    can be made again traces      objects and versions that still hold the identifier or its HMAC,
    each read and decompressed

Each step finds by itself what is left to do, so an erasure that was killed is started again. Raises
ConfigError where there is no key.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa

from pipeline.errors import ConfigError, Corrupt
from pipeline.load import Lake, Storage, decompress
from pipeline.load.parquet import from_bytes
from pipeline.maintenance.rewrite import Edit, Touched, clear, find_touched, rewrite
from pipeline.pos.source import Page, Record, Source

LIST = "_erased/"
_NAMED = re.compile(rb'("customer_id"\s*:\s*)("(?:[^"\\]|\\.)*")')
_NUMBER = re.compile(rb'"receipt_number"\s*:\s*"([^"\\]+)"')
_MADE = ("staging/", "receipts/", "quarantine/", "summary/", "customers/", "backoffice/")


def fingerprint(key: bytes) -> str:
    """Tells keys apart without telling them."""
    return hmac.digest(key, b"fingerprint", "sha256").hex()[:8]


def entry(customer: str, key: bytes) -> str:
    """The customer's name in the list of the erased."""
    return hmac.digest(key, b"erased\n" + customer.encode(), "sha256").hex()


def pseudonym(customer: str, key: bytes) -> str:
    """The customer's name in the tables."""
    return hmac.digest(key, customer.encode(), "sha256").hex()


def read_erased(storage: Storage, key: bytes | None) -> frozenset[str]:
    """The list of the erased; one listing. Raises ConfigError where it was written with another key
    than `key`, or there is none.
    """
    listed = [stat.key.removeprefix(LIST).partition("/")[::2] for stat in storage.list(LIST)]
    others = {mark for mark, _ in listed} - {fingerprint(key) if key else ""}
    if others:
        raise ConfigError(
            f"{storage.uri(LIST)}: customers were erased under another CUSTOMER_HASH_KEY"
            f" ({', '.join(sorted(others))}) than the one that is set now, so they could not be"
            " kept out; set that key again"
        )
    return frozenset(name for _, name in listed)


def clean(line: bytes, is_erased: object) -> bytes:
    """A record without the customers for whom `is_erased(identifier)` holds; the same bytes where
    it names none.
    """

    def answer(found: re.Match[bytes]) -> bytes:
        try:
            named = json.loads(found[2])
        except ValueError:
            return found[0]
        return found[1] + b"null" if is_erased(named) else found[0]

    return _NAMED.sub(answer, line)


class ErasingSource:
    """A source that does not name customers who were erased, whatever the shop's server still says."""

    def __init__(self, source: Source, erased: frozenset[str], key: bytes) -> None:
        self._source, self._erased, self._key = source, erased, key

    def __getattr__(self, name: str) -> object:
        found = getattr(self._source, name)
        return self._one_of(found) if name == "receipt" else found

    def receipts(self, *asked: object, **named: object) -> Iterator[Page]:
        """As the source's, each record cleaned."""
        for page in self._source.receipts(*asked, **named):
            yield page._replace(records=[self._cleaned(record) for record in page.records])

    def _one_of(self, ask: Callable[[str], Record | None]) -> Callable[[str], Record | None]:
        return lambda number: (found := ask(number)) and self._cleaned(found)

    def _cleaned(self, record: Record) -> Record:
        return record._replace(body=clean(record.body, self._is_erased))

    def _is_erased(self, customer: str) -> bool:
        return entry(customer, self._key) in self._erased


def without_erased_customers(source: Source, storage: Storage, key: bytes | None) -> Source:
    """`source`, or where customers were erased, the same without them."""
    erased = read_erased(storage, key)
    return ErasingSource(source, erased, key) if erased else source


def find_named(lake: Lake, customer: str) -> Iterator[Touched]:
    """Every raw object that names the customer, committed or left over."""
    return find_touched(lake, _without(customer))


def _without(customer: str) -> Edit:
    return lambda line: clean(line, lambda named: named == customer)


def read_numbers(lake: Lake, found: Iterable[Touched], customer: str) -> frozenset[str]:
    """The numbers of the receipts that name the customer."""
    edit = _without(customer)
    lines = (
        line
        for one in found
        for line in decompress(lake.storage.get(one.object.key)).splitlines()
        if edit(line) != line
    )
    return frozenset(number[1].decode() for line in lines for number in _NUMBER.finditer(line))


def drop(lake: Lake, customer: str, key: bytes) -> list[str]:
    """Put the customer on the list and take him out of raw; returns the batches that were committed
    again.
    """
    read_erased(lake.storage, key)
    lake.storage.put(f"{LIST}{fingerprint(key)}/{entry(customer, key)}", b"{}\n")
    return rewrite(lake, _without(customer))


def clear_made(storage: Storage) -> int:
    """Remove older versions of all that is made of raw, and of the till's exports; returns how
    many.
    """
    return clear(storage, _MADE)


def traces(storage: Storage, words: list[str]) -> Iterator[str]:
    """Addresses of objects and old versions that hold one of the words, inside whatever they are
    packed in.
    """
    sought = [word.encode() for word in words]
    for stat in storage.list():
        if any(word in text for text in unpack(stat.key, storage.get(stat.key)) for word in sought):
            yield storage.uri(stat.key)
    for version in storage.old_versions():
        if not version.is_marker and any(
            word in text
            for text in unpack(version.key, storage.get_version(version))
            for word in sought
        ):
            yield f"{storage.uri(version.key)} (version {version.id})"


def unpack(key: str, data: bytes) -> Iterator[bytes]:
    """The bytes, and what they are when unpacked."""
    yield data
    try:
        if key.endswith(".zst"):
            yield decompress(data)
        elif key.endswith(".parquet"):
            for column in from_bytes(data, key).columns:
                if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type):
                    yield "\n".join(filter(None, column.cast(pa.string()).to_pylist())).encode()
    except (Corrupt, pa.ArrowException, OSError):
        yield b""  # not what its name says: then it is as it stands
