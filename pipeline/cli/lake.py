"""Show the shop of the lake, its customer key and the local state.

    pos lake                       shows it
    pos lake --accept-source       the lake belongs to the source of the settings from now on
    pos lake --accept-key          the lake uses the current CUSTOMER_HASH_KEY (or none) from now on
    pos lake --forget              accept that the lake was removed; the next run starts a new one

A run on the lake of another shop or with another key is refused before anything is read. Accept a
source only if it is the same shop: receipts of two shops in one lake cannot be separated. If [pos]
source names several, --accept-source adds those that the lake does not have yet. The simulator and
a shop never share a lake. After --accept-key the next run rebuilds every month; a lake with erased
customers keeps its key. Exit code 1 if the lake is empty.
"""

from __future__ import annotations

import argparse

from pipeline import settings
from pipeline.errors import OtherLake
from pipeline.lakes import (
    identity,
    local_state,
    open_lake,
    point_of_sale_of,
    raw_lake,
    source_names,
    sources,
)
from pipeline.lakes.connect import account_of, connect
from pipeline.load import Lake
from pipeline.maintenance.erase import read_erased
from pipeline.settings.sources import SIMULATOR


def arguments(parser: argparse.ArgumentParser) -> None:
    for option, text in (
        ("--accept-source", "accept the source of the settings"),
        ("--accept-key", "accept the CUSTOMER_HASH_KEY that is set now"),
        ("--forget", "accept that the lake was removed"),
    ):
        parser.add_argument(option, action="store_true", help=text)


def run(options: argparse.Namespace) -> int:
    settings.check()
    lake = open_lake()
    if options.forget:
        _forget(lake)
    if options.accept_source or options.accept_key:
        _accept(lake, is_source=options.accept_source, is_key=options.accept_key)
    recorded = identity.read_identity(lake)
    print(f"lake           {settings.lake_name()}")
    if recorded is None:
        print("belongs to     nothing yet; the first run records the source of the settings")
    else:
        print(f"belongs to     {identity.describe_source(lake, recorded)}")
        for name in identity.additional_sources(lake):
            if other := identity.read_identity(lake, name):
                print(f"  {name:<13}{identity.describe_source(lake, other)}")
        hashed = recorded.key_digest != identity.digest_of_key(None)
        state = f"hashed with the key {recorded.key_digest}" if hashed else "not hashed"
        print(f"customers      {state}")
    print(f"local state    {settings.lake_state_folder()}")
    return 0 if recorded else 1


def _accept(lake: Lake, *, is_source: bool, is_key: bool) -> None:
    """Record the source or the key of the settings. Raises OtherLake, ConfigError."""
    recorded, key = identity.read_identity(lake), settings.rules().customer_key
    if recorded is None and not (is_source and is_key):
        raise OtherLake(
            f"{lake.storage.uri()} does not record its shop; accept source and key together"
        )
    if recorded and not is_key and recorded.key_digest != identity.digest_of_key(key):
        raise OtherLake(
            "CUSTOMER_HASH_KEY is not the lake's; restore the former key, or use --accept-key"
        )
    if is_key:
        for source in sources():
            read_erased((raw_lake(source) if source else lake).storage, key)
    for source in sources():
        _accept_one(lake, source, key, is_source=is_source)


def _accept_one(lake: Lake, source: str, key: bytes | None, *, is_source: bool) -> None:
    """Record a source of the settings, or its key, in the lake."""
    partition, name = source or identity.PRIMARY_PARTITION, point_of_sale_of(source)
    recorded = identity.read_identity(lake, partition)
    before = recorded and identity.describe_source(lake, recorded)
    account = account_of(connect(name), name) if is_source else before
    if account is None:
        if source:
            return  # it has not been read yet
        raise OtherLake(f"{lake.storage.uri()} does not record its shop; use --accept-source")
    if before and (before.kind == SIMULATOR) != (account.kind == SIMULATOR):
        raise OtherLake(
            f"{lake.storage.uri()} belongs to {before}, and the settings name {account}: simulated"
            " and real receipts never share a lake; set another folder or prefix in [lake] url"
        )
    lake.preflight()
    identity.write_identity(lake, account, key, partition=partition, names=source_names())


def _forget(lake: Lake) -> None:
    if lake.has_manifests():
        raise OtherLake(f"{lake.storage.uri()} has receipts; there is nothing to forget")
    file = local_state.forget()
    print(f"forgotten: {file}" if file else "this machine has no state of that lake")
