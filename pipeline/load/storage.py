"""The contract of a place for objects, which a local folder and an S3 bucket keep alike.

A key is a relative path of plain names ("staging/day=2026-10-05/sales.parquet"), an object is bytes
that appear whole or not at all, an etag an opaque word that changes with the object. Listings and
reads see every write that was acknowledged. Conditional writes are the only means of agreement
between runs: `if_absent` has one winner, `if_match` replaces only what was seen. Nothing deletes
but `remove`, which only pipeline/maintenance calls, with rights of its own. `requests` counts what was
asked, by verb, retries included.

Raises StorageRefused (a right, a bucket, a full disk: the operator acts), StorageUnavailable
(wait), Conflict (the condition did not hold), Corrupt (the key to be read holds nothing).
"""

from __future__ import annotations

import logging
import re
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from pipeline.errors import ConfigError, Conflict, Corrupt, StorageUnavailable

In = TypeVar("In")
Out = TypeVar("Out")

log = logging.getLogger(__name__)

_READS = 3
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=+@-]{0,199}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class Stat(NamedTuple):
    """What a listing says of one object; `size` in bytes."""

    key: str
    size: int
    etag: str


class Version(NamedTuple):
    """One version of an object that was replaced or deleted, and that the store still keeps;
    `is_marker`: only says "deleted".
    """

    key: str
    id: str
    is_marker: bool = False


class Unanswered(StorageUnavailable):
    """The store gave no final answer: the write may or may not have landed."""


def check_key(key: str) -> str:
    """`key`, if every part of it is a plain name; so no identifier from outside can lead a write
    elsewhere (ConfigError).
    """
    if len(key) > 900 or not all(_NAME.fullmatch(part) for part in key.split("/")):
        raise ConfigError(
            f"{key!r} cannot be the name of an object: letters, digits and _ . = + @ - only, no"
            " empty part, no '..'"
        )
    return key


class Storage(ABC):
    """Objects under one root. Safe to share between threads, and with children after a fork."""

    threads = 1

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self._counting = threading.Lock()

    def _count(self, command_name: str, times: int = 1) -> None:
        with self._counting:
            self.requests[command_name] += times

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Every object whose key begins with `prefix`, in the order of the keys' bytes; all pages."""

    @abstractmethod
    def head(self, key: str) -> Stat | None:
        """What stands under `key`; None where nothing does."""

    @abstractmethod
    def get(self, key: str) -> bytes:
        """The object's bytes, whole. Raises Corrupt where nothing stands under `key`."""

    def get_sound(self, key: str, is_sound: Callable[[bytes], bool]) -> bytes:
        """The object's bytes, read again where they are not sound or missing: one bad answer is no
        damage. Returns what was read last; raises Corrupt where nothing stands under `key`.
        """
        for _ in range(_READS - 1):
            try:
                data = self.get(key)
            except Corrupt as error:
                log.info("%s; reading it again", error)
                continue
            if is_sound(data):
                return data
            log.warning("%s: the answer was not what was stored; reading it again", self.uri(key))
        return self.get(key)

    def old_versions(self, prefix: str = "") -> Iterator[Version]:
        """What the store keeps of objects that were replaced or deleted; nothing where it keeps no
        versions.
        """
        return iter(())

    def get_version(self, version: Version) -> bytes:
        """The bytes of an old version. Raises Corrupt where it is gone."""
        raise Corrupt(f"{self.uri(version.key)} has no version {version.id}")

    @abstractmethod
    def remove(self, key: str) -> None:
        """Delete the object with every version of it, for good; no error where nothing stands."""

    def remove_version(self, version: Version) -> None:
        """Delete one old version for good. Raises Corrupt where it is gone."""
        raise Corrupt(f"{self.uri(version.key)} has no version {version.id}")

    @abstractmethod
    def uri(self, key: str = "") -> str:
        """The name by which a person or an engine opens the object."""

    @abstractmethod
    def _write(self, key: str, data: bytes, if_absent: bool, if_match: str | None) -> str:
        """One write, all or nothing. Raises Conflict where the condition does not hold, Unanswered
        where nobody knows.
        """

    def put(
        self, key: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None
    ) -> str:
        """Write the object and return its etag; with a condition, only if it holds (Conflict).

        An answer can be lost on the way, and the repeated write then meets the object that it made
        itself. So a write that finds exactly its own bytes under the key has succeeded, whatever
        the condition says.
        """
        check_key(key)
        try:
            return self._write(key, data, if_absent, if_match)
        except (Conflict, Unanswered):
            found = self.head(key)
            if found is None or found.size != len(data) or self.get(key) != data:
                raise
            return found.etag

    def preflight(self) -> None:
        """Prove that the root can be listed, read and written and that conditions are obeyed; seven
        requests.
        """
        from pipeline.load.preflight import probe

        probe(self)

    def map(self, function: Callable[[In], Out], items: Iterable[In]) -> Iterator[Out]:
        """`function` of each item in order, up to `threads` at once, so that many small objects do
        not wait in a row.
        """
        source = iter(items)
        if self.threads == 1:
            yield from map(function, source)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            while chunk := list(islice(source, 2 * self.threads)):
                yield from pool.map(function, chunk)


def open_storage(
    url: str,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    encryption: str | None = None,
    kms_key: str | None = None,
) -> Storage:
    """The storage at `url`: a folder ("data", "file:///srv/lake") or "s3://bucket/prefix".

    `endpoint` and `region` are for S3-compatible stores, `encryption` is "AES256" or "aws:kms"
    (with `kms_key`). Nothing is asked of the storage yet. Raises ConfigError for a URL that is
    neither.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "s3" and rest.startswith("//"):
        bucket, _, prefix = rest[2:].strip("/").partition("/")
        if not _BUCKET.fullmatch(bucket):
            raise ConfigError(
                f"{url!r}: {bucket!r} is not a bucket's name; write s3://bucket/prefix"
            )
        from pipeline.load.s3 import S3Storage

        return S3Storage(
            bucket,
            check_key(prefix) if prefix else "",
            endpoint=endpoint,
            region=region,
            encryption=encryption,
            kms_key=kms_key,
        )
    if ("://" in url and scheme != "file") or scheme in ("s3", "s3a", "s3n"):
        raise ConfigError(f"{url!r} is neither a folder nor s3://bucket/prefix")
    if scheme == "file":
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost"):
            raise ConfigError(f"{url!r} names another machine; write file:///folder")
        url = unquote(parts.path)
    if not url.strip():
        raise ConfigError("the lake's URL is empty; name a folder or s3://bucket/prefix")
    from pipeline.load.local import LocalStorage

    return LocalStorage(Path(url).expanduser())
