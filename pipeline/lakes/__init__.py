"""The configured lake, and the raw data of each of its sources.

The raw data of the primary source are at the root of the lake; the code names this source PRIMARY,
which is "". Each additional source has its own raw data, windows and catalogs below
`sources/<name>/` and is named after its point of sale. Everything built from raw is at the root;
there the identifiers of an additional source begin with its name (`square:1-1000`), so that equal
numbers of two sources stay two receipts.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import replace
from multiprocessing import parent_process

from pipeline import settings
from pipeline.errors import ConfigError, OtherLake
from pipeline.lakes import identity, local_state
from pipeline.lakes.connect import is_simulator
from pipeline.lakes.raw_source import RawSource
from pipeline.load import Lake, open_storage
from pipeline.pos.source import Reader
from pipeline.rules import Rules
from pipeline.settings.run_context import once_per_run

PRIMARY = ""
"""The name of the primary source."""
# bytes of recent reads and writes that a process keeps in memory; less in a process of a pool,
# because it does not read what it has written
_RECENT_BYTES, _RECENT_BYTES_OF_POOL = 16 << 20, 8 << 20


@once_per_run
def lake() -> Lake:
    """The configured lake; a forked child lists it again."""
    settings.check()
    opened = open_lake()
    if not is_simulator():  # a removed lake of the simulator may be created again
        local_state.check_still_there(opened)
    return opened


def open_lake(folder: str = "") -> Lake:
    """Open the configured lake, or the raw lake of a source; check nothing."""
    section = settings.lake()
    return Lake(
        open_storage(
            f"{section.url.rstrip('/')}/{folder}" if folder else section.url,
            endpoint=section.endpoint or None,
            region=section.region or None,
            encryption=section.encryption or None,
            kms_key=section.kms_key or None,
        ),
        run=secrets.token_hex(8),
        memory=_RECENT_BYTES if parent_process() is None else _RECENT_BYTES_OF_POOL,
    )


@once_per_run
def check_lake() -> None:
    """Refuse the lake of another shop or another customer key. Raises OtherLake."""
    key = settings.rules().customer_key
    identity.check_identity(lake(), is_simulator=is_simulator(), key=key)
    identity.check_sources(lake(), settings.points_of_sale())


@once_per_run
def _primary_name() -> str:
    """The point of sale of the primary source: as recorded, else the first by name."""
    names = list(settings.points_of_sale())
    if len(names) == 1:
        return names[0]
    root, others = identity.read_identity(lake()), identity.additional_sources(lake())
    recorded = identity.primary_point_of_sale(lake(), root) if root else ""
    free = [name for name in names if name not in others]
    if root and not recorded:  # saved files, which alone are recorded without a name
        free = [name for name in free if settings.point_of_sale(name).is_saved]
    if recorded in names or (len(free) == 1 if root else free):
        return recorded or free[0]
    raise OtherLake(
        f"{lake().storage.uri()}: its primary source is {recorded or 'saved files'}, and [pos]"
        f" source = {settings.pos().source} does not name it; name it together with the others"
    )


@once_per_run
def sources() -> tuple[str, ...]:
    """The configured sources, the primary one first."""
    if len(settings.points_of_sale()) == 1:
        return (PRIMARY,)
    return PRIMARY, *(name for name in settings.points_of_sale() if name != _primary_name())


def point_of_sale_of(source: str) -> str:
    """The name of a source's point of sale."""
    return source or _primary_name()


def raw_partitions() -> set[str]:
    """The windows and rescans of every source, as the tables name them."""
    return {raw.name(name) for raw in raw_sources() for name in raw.lake.windows_and_rescans()}


def source_named(name: str | None) -> str:
    """The source that a command names; without a name, the primary one."""
    if name is None:
        return PRIMARY
    by_name = {point_of_sale_of(source): source for source in sources()}
    if name not in by_name:
        raise ConfigError(f"--source {name}: the sources of the lake are {', '.join(by_name)}")
    return by_name[name]


def source_names() -> tuple[str, ...]:
    """The names of several points of sale, the primary one first; empty for one."""
    return tuple(map(point_of_sale_of, sources())) if len(sources()) > 1 else ()


@once_per_run
def raw_lake(source: str) -> Lake:
    """The lake with the raw data of a source."""
    return open_lake(folder_of(source)) if source else lake()


def folder_of(source: str) -> str:
    """The folder of a source's raw data in the lake."""
    return f"sources/{source}" if source else ""


def prefix_of(source: str) -> str:
    """The prefix of a source's identifiers in the tables."""
    return f"{source}:" if source else ""


def reader_of(source: str) -> Reader:
    """The reader of a source's raw data."""
    return settings.reader(point_of_sale_of(source) if len(sources()) > 1 else "")


@once_per_run
def rules_of(source: str) -> Rules:
    """The rules of the transform for a source, its stores by their own ids."""
    if len(sources()) == 1:
        return settings.rules()
    rules = settings.rules(point_of_sale_of(source))
    prefix, others = prefix_of(source), tuple(prefix_of(name) for name in sources() if name)
    own_stores = {
        store_id.removeprefix(prefix): store
        for store_id, store in rules.stores.items()
        if (store_id.startswith(prefix) if source else not store_id.startswith(others))
    }
    return replace(rules, stores=own_stores)


@once_per_run
def raw_sources() -> list[RawSource]:
    """The raw data of every source, the primary one first. Raises OtherLake."""
    identity.check_sources(lake(), settings.points_of_sale())
    return [
        RawSource(
            point_of_sale_of(source),
            raw_lake(source),
            rules_of(source),
            reader_of(source),
            prefix_of(source),
            folder_of(source),
        )
        for source in sources()
    ]


def additional_generations(datasets: Collection[str]) -> tuple[int, ...]:
    """`Lake.generation_of` the raw data of each additional source, as one tuple."""
    return tuple(
        number for source in sources()[1:] for number in raw_lake(source).generation_of(datasets)
    )


def refresh_all() -> None:
    """List the manifests of the lake and of every source again."""
    for source in sources():
        raw_lake(source).refresh()


def refresh_raw() -> None:
    """List the raw data of every source again."""
    refresh_all()
    for source in sources():
        raw_lake(source).refresh_raw()


def snapshots() -> dict[str, bytes]:
    """What this process has listed of the lake and each source (`load_snapshot`)."""
    return {source: raw_lake(source).snapshot() for source in sources()}


def load_snapshot(listed: dict[str, bytes]) -> None:
    """Start from what the process that started this one has listed."""
    for source, snapshot in listed.items():
        raw_lake(source).load_snapshot(snapshot)
