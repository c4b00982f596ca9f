"""The contract of the storage: a local folder or an S3 bucket.

A key is a relative path of plain names ("staging/day=2026-10-05/day.arrow.zst"), an object is bytes
that appear completely or not at all, an etag an opaque word that changes with the object. Listings
and reads see every acknowledged write. Conditional writes are the only means of agreement between
runs: `if_absent` has one winner, `if_match` replaces only the object with that etag. Only `remove`
and `remove_version` delete; only pipeline/maintenance calls them (erase, retain, verify --repair),
with rights of its own. `requests` counts the requests by verb, retries included.

Raises StorageRefused (a permission, a bucket, a full disk: the operator acts), StorageUnavailable
(wait), Conflict (the condition did not hold), Corrupt (the key to be read holds nothing).
"""

from __future__ import annotations

import logging
import re
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
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
    """An object in a listing; `size` in bytes."""

    key: str
    size: int
    etag: str


class Version(NamedTuple):
    """A replaced or deleted version; `is_marker`: only says "deleted"."""

    key: str
    id: str
    is_marker: bool = False


class Write(NamedTuple):
    """An object to be written under a condition: absent, or as `if_match` left it."""

    key: str
    data: bytes
    if_absent: bool = False
    if_match: str | None = None


class Unanswered(StorageUnavailable):
    """The store gave no final answer: the write may or may not have landed."""


def check_key(key: str) -> str:
    """Return `key` if every part is a plain name, else raise ConfigError."""
    if len(key) > 900 or not all(_NAME.fullmatch(part) for part in key.split("/")):
        raise ConfigError(
            f"{key!r} cannot be the name of an object: letters, digits and _ . = + @ - only, no"
            " empty part, no '..'"
        )
    return key


class Storage(ABC):
    """Objects under one root; shared between threads and after a fork."""

    threads = 1

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._read_again: set[str] = set()  # problems that were logged

    def _count(self, command_name: str, times: int = 1) -> None:
        with self._counting:
            self.requests[command_name] += times

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Every object whose key begins with `prefix`, ordered by the bytes of the keys."""

    @abstractmethod
    def head(self, key: str) -> Stat | None:
        """The object under `key`; None if there is none."""

    @abstractmethod
    def get(self, key: str) -> bytes:
        """The bytes of the object. Raises Corrupt if there is none."""

    def find(self, key: str) -> bytes | None:
        """The bytes of the object; None if there is none."""
        try:
            return self.get(key)
        except Corrupt:
            return None

    def get_parsed(self, key: str, parse: Callable[[bytes], Out]) -> Out:
        """What `parse` makes of the object, read again if it raises Corrupt."""
        for _ in range(_READS - 1):
            try:
                return parse(self.get(key))
            except Corrupt as error:
                if str(error) not in self._read_again:
                    log.warning("%s; reading it again", error)
                self._read_again.add(str(error))
        return parse(self.get(key))

    def get_valid(self, key: str, digest: str, problem: str) -> bytes:
        """The bytes whose sha256 begins with `digest`. Raises Corrupt with `problem`."""

        def check(data: bytes) -> bytes:
            if not sha256(data).hexdigest().startswith(digest):
                raise Corrupt(f"{self.uri(key)} {problem}")
            return data

        return self.get_parsed(key, check)

    def old_versions(self, _prefix: str = "") -> Iterator[Version]:
        """The replaced or deleted versions; none if the storage keeps no versions."""
        return iter(())

    def get_version(self, version: Version) -> bytes:
        """The bytes of an old version. Raises Corrupt if it is gone."""
        raise Corrupt(f"{self.uri(version.key)} has no version {version.id}")

    @abstractmethod
    def remove(self, key: str) -> None:
        """Delete the object and its versions permanently; no error without it."""

    def remove_version(self, version: Version) -> None:
        """Delete one old version permanently. Raises Corrupt if it is gone."""
        raise Corrupt(f"{self.uri(version.key)} has no version {version.id}")

    @abstractmethod
    def uri(self, key: str = "") -> str:
        """The address of the object."""

    @abstractmethod
    def _write(self, key: str, data: bytes, if_absent: bool, if_match: str | None) -> str:
        """Write all or nothing. Raises Conflict, or Unanswered when uncertain."""

    def put(
        self, key: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None
    ) -> str:
        """Write the object, if the condition holds (Conflict); return its etag.

        A response can be lost, and the retry then meets the object that the first attempt wrote.
        So a write that finds exactly its own bytes under the key has succeeded.
        """
        check_key(key)
        try:
            return self._write(key, data, if_absent, if_match)
        except (Conflict, Unanswered):
            stat = self.head(key)
            if stat is None or stat.size != len(data) or self.get(key) != data:
                raise
            return stat.etag

    def put_all(self, writes: Sequence[Write]) -> Sequence[str | Conflict]:
        """Write each object where its condition holds; its etag, or the Conflict it met.

        Durable once a later `put_all` or `sync` has returned, and in that order.
        """
        return tuple(self.map(self._try_put, writes))

    def _try_put(self, write: Write) -> str | Conflict:
        try:
            return self.put(**write._asdict())
        except Conflict as conflict:
            return conflict

    def sync(self) -> None:  # noqa: B027 - most storages answer when an object is durable
        """Make durable what `put_all` wrote."""

    def preflight(self) -> None:
        """Prove that the root can be listed, read and written under conditions."""
        from pipeline.load.preflight import probe

        probe(self)

    def map(self, function: Callable[[In], Out], items: Iterable[In]) -> Iterator[Out]:
        """`function` of each item in order, up to `threads` at once."""
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
    """Open a folder ("data", "file:///srv/lake") or a bucket ("s3://bucket/prefix").

    `endpoint` and `region` are for S3-compatible stores, `encryption` is "AES256" or "aws:kms"
    (with `kms_key`). No request is sent yet. Raises ConfigError for a URL that is neither.
    """
    scheme, _, location = url.partition(":")
    if scheme == "s3" and location.startswith("//"):
        bucket, _, prefix = location[2:].strip("/").partition("/")
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
