"""The shop that fills a lake, and the key that its customers are hashed with.

Both are recorded in the manifests of the dataset `identity`, partition `lake`: in place of a
fingerprint the name of the newest manifest has the digest of the source (8 hex digits) and that of
the key (8 more, zeros where customers are not hashed), so that planning reads no object. The
manifest's metadata states the same in words. The key itself is never stored.

The partition `lake` is that of the primary source. Each additional source has a partition of its
own, which is named after it, so that planning sees the names of the sources in the listing. The
metadata of `lake` then lists all sources: those of the first run and those accepted later.

    simulator   the embedded shop; its lake takes no other source, and no other lake takes it
    loyverse, square    the account, by its merchant id; by the API's address where there is none
    files       saved files of the shop whose store ids the lake and the files share

Raises OtherLake before a receipt is requested and before anything is written.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from pipeline.errors import Conflict, OtherLake
from pipeline.load import CATALOG, IDENTITY, RAW_RECEIPTS, Lake, Manifest, RawPartition, decompress
from pipeline.pos import SOURCES
from pipeline.pos.source import Reader, Source
from pipeline.settings.sources import FILES, SIMULATOR

PRIMARY_PARTITION = "lake"
"""The partition of the primary source."""
_UNHASHED = "0" * 8
_ATTEMPTS = 3
_DAY, _MONTH = timedelta(days=1), timedelta(days=31)


class Account(NamedTuple):
    """The account that receipts come from, or the simulator, or saved files (`kind`).

    `account_id` is the merchant's id or the API's address; `name` is what the account calls itself.
    """

    kind: str
    account_id: str = ""
    name: str = ""

    @property
    def digest(self) -> str:
        return sha256(f"{self.kind}\n{self.account_id}".encode()).hexdigest()[:8]

    def __str__(self) -> str:
        if self.kind == SIMULATOR:
            return "the embedded simulator"
        if self.kind == FILES:
            return "saved files"
        return f"the {self.kind} account {self.name or 'without a name'} ({self.account_id})"


class Identity(NamedTuple):
    """The recorded source and key, by their digests in the newest manifest's name."""

    manifest: Manifest

    @property
    def source_digest(self) -> str:
        return self.manifest.fingerprint[:8]

    @property
    def key_digest(self) -> str:
        return self.manifest.fingerprint[8:]


SIMULATORS = frozenset(Account(SIMULATOR, name).digest for name in ("", *SOURCES))
"""The embedded shop behind the API of each point of sale; Loyverse's has no name."""


def digest_of_key(key: bytes | None) -> str:
    """8 hex digits of a key; zeros where customers are not hashed."""
    return hmac.digest(key, b"fingerprint", "sha256").hex()[:8] if key else _UNHASHED


def read_identity(lake: Lake, partition: str = PRIMARY_PARTITION) -> Identity | None:
    """The recorded identity of the source with that partition; None without one."""
    manifest = lake.newest(IDENTITY, partition)
    return Identity(manifest) if manifest else None


def additional_sources(lake: Lake) -> list[str]:
    """The additional sources of the lake."""
    return [name for name in lake.partitions(IDENTITY) if name != PRIMARY_PARTITION]


def primary_point_of_sale(lake: Lake, identity: Identity) -> str:
    """The point of sale of the primary source; "" if it is not recorded."""
    metadata = lake.metadata(IDENTITY, PRIMARY_PARTITION, identity.manifest)
    kind = metadata["source"]
    recorded: str = metadata.get("point_of_sale", "")
    if recorded or kind == FILES:
        return recorded
    return str(metadata["account"] or "loyverse") if kind == SIMULATOR else str(kind)


def describe_source(lake: Lake, identity: Identity) -> Account:
    """The source of the lake, in words."""
    metadata = lake.metadata(IDENTITY, identity.manifest.partition, identity.manifest)
    return Account(metadata["source"], metadata["account"], metadata["name"])


def check_identity(lake: Lake, *, is_simulator: bool, key: bytes | None) -> None:
    """Refuse another key, and the simulator beside a shop, by the listing alone."""
    identities = [read_identity(lake, name) for name in lake.partitions(IDENTITY)]
    if not identities and lake.has_manifests():
        raise OtherLake(
            f"{lake.storage.uri()} does not record its shop; if it is the shop of the settings,"
            " and CUSTOMER_HASH_KEY is the key of the lake, run: pos lake --accept-source"
            " --accept-key"
        )
    for recorded in filter(None, identities):
        if (recorded.source_digest in SIMULATORS) != is_simulator:
            raise _other_source(lake, recorded, SIMULATOR if is_simulator else "a real shop")
        if recorded.key_digest != digest_of_key(key):
            raise OtherLake(_other_key(lake, recorded.key_digest, key))


def check_sources(lake: Lake, names: Collection[str]) -> None:
    """Refuse settings whose points of sale `names` are not those of the lake."""
    identity, others = read_identity(lake), additional_sources(lake)
    if len(names) == 1 and not others:
        return  # its account is compared before anything is requested
    if identity is None:
        expected = {*others}
    else:
        metadata = lake.metadata(IDENTITY, PRIMARY_PARTITION, identity.manifest)
        expected = {*metadata.get("sources", [primary_point_of_sale(lake, identity)]), *others}
    missing, added = sorted(expected - {*names, ""}), sorted({*names} - expected)
    if missing:
        raise OtherLake(
            f"{lake.storage.uri()} belongs to {' and '.join(sorted(filter(None, expected)))}, and"
            f" [pos] source does not name {', '.join(missing)}; nothing was read or written: name"
            " every source of the lake, so that no receipts are missing from its figures, or set"
            " [lake] url to another folder or prefix"
        )
    if identity and added:
        raise OtherLake(
            f"{lake.storage.uri()} belongs to {' and '.join(sorted(expected - {''})) or FILES},"
            f" and [pos] source names {', '.join(added)} too; nothing was read or written: to add a"
            " source to the lake, run: pos lake --accept-source"
        )


def admit(
    lake: Lake,
    account: Account,
    key: bytes | None,
    source: Callable[[], Source],
    *,
    partition: str = PRIMARY_PARTITION,
    raw: Lake | None = None,
    names: Collection[str] = (),
) -> str:
    """Admit a source of the settings to the lake; returns its digest.

    A new lake admits any source. Saved files and one account of the API may fill the same lake
    where they share a store. Raises OtherLake for another source. `partition` is that
    of the source, `raw` the lake with its raw data; `names` are all points of sale of the settings
    if there are several.
    """
    for _ in range(_ATTEMPTS):
        check_identity(lake, is_simulator=account.kind == SIMULATOR, key=key)
        identity = read_identity(lake, partition)
        if identity and identity.source_digest == account.digest:
            return account.digest
        if identity:
            before = describe_source(lake, identity)
            is_other = FILES not in (before.kind, account.kind)
            if is_other or not _share_a_store(raw or lake, source()):
                raise _other_source(lake, identity, str(account))
            if account.kind == FILES:
                return account.digest  # the account stays the lake's
        try:
            write_identity(lake, account, key, partition=partition, names=names)
        except Conflict:  # another run has just recorded a source
            lake.refresh(IDENTITY)
            continue
        return account.digest
    raise OtherLake(
        f"{lake.storage.uri()}: another run changed its identity at the same time; run again"
    )


def write_identity(
    lake: Lake,
    account: Account,
    key: bytes | None,
    *,
    partition: str = PRIMARY_PARTITION,
    names: Collection[str] = (),
) -> None:
    """Record that the lake belongs to `account` and hashes customers with `key`.

    `partition` is that of the source. With several points of sale `names` has all of them, the
    primary one first.
    """
    hashed = digest_of_key(key)
    metadata: dict[str, object] = {
        "source": account.kind,
        "account": account.account_id,
        "name": account.name,
        "customer_key": hashed if key else None,
    }
    if names and partition == PRIMARY_PARTITION:
        metadata |= {"point_of_sale": next(iter(names)), "sources": sorted(names)}
    newest = lake.newest(IDENTITY, partition)
    lake.publish(
        IDENTITY, partition, account.digest + hashed, {}, metadata, expected_manifest=newest
    )


def stores_of_lake(lake: Lake, reader: Reader) -> frozenset[str]:
    """Store ids of the lake's newest catalog, or of its newest receipts."""
    stores: set[str] = set()
    for name in lake.partitions(CATALOG)[-1:]:
        if lake.current(CATALOG, name):
            catalog = json.loads(decompress(lake.read(CATALOG, name)["catalog"]))
            stores |= {store["id"] for store in catalog.get("stores", []) if "id" in store}
    windows = [RawPartition.parse(name).day for name in lake.partitions(RAW_RECEIPTS)]
    last = max(windows, default=date.min)
    while windows and last >= min(windows) and not stores:  # a month at a time, the newest first
        for entry in lake.raw_objects(last - _MONTH, last + _DAY):
            for line in lake.read_raw(entry).splitlines():
                stores |= reader.store_ids(line)
        last -= _MONTH
    return frozenset(stores)


def stores_of_source(source: Source) -> frozenset[str]:
    """Store ids of a source's catalog, or of its receipts."""
    rows: list[dict[str, Any]] = [json.loads(row) for row in source.catalog()["stores"]]
    stores = {row["id"] for row in rows if "id" in row}
    if stores:
        return frozenset(stores)
    for page in source.receipts(datetime(1970, 1, 1, tzinfo=UTC), None):
        for entry in page.records:
            stores |= source.reader.store_ids(entry.body)
        if stores:
            break
    return frozenset(stores)


def _share_a_store(lake: Lake, source: Source) -> bool:
    return bool(stores_of_lake(lake, source.reader) & stores_of_source(source))


def _other_source(lake: Lake, identity: Identity, kind: str) -> OtherLake:
    before = describe_source(lake, identity)
    remedy = "set [lake] url (LAKE_URL) to another folder or prefix, or [pos] url to the lake's own"
    if SIMULATOR not in (before.kind, kind):
        remedy += "; if it is the same shop: pos lake --accept-source"
    return OtherLake(
        f"{lake.storage.uri()} belongs to {before}, and the settings name"
        f" {'the embedded simulator' if kind == SIMULATOR else kind}; nothing was read or"
        f" written: {remedy}"
    )


def _other_key(lake: Lake, hashed: str, key: bytes | None) -> str:
    state = (
        "unhashed, and CUSTOMER_HASH_KEY is set now"
        if hashed == _UNHASHED
        else f"hashed with the key {hashed}, and CUSTOMER_HASH_KEY is"
        + (f" another one ({digest_of_key(key)})" if key else " not set")
    )
    remedy = "remove the variable" if hashed == _UNHASHED else "restore the variable"
    return (
        f"{lake.storage.uri()} holds customers {state}; nothing was read or written: {remedy}"
        " (environment or config/config.env); to change the key and rebuild every month:"
        " pos lake --accept-key"
    )
