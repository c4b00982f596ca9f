"""The source that the settings name: the simulator, an API, or saved files."""

from __future__ import annotations

import os
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import cast

from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.load import open_storage
from pipeline.ownership import FILES, SIMULATOR, Origin
from pipeline.pos import SOURCES, open_source
from pipeline.pos.files import is_saved
from pipeline.pos.source import Api, Source
from pipeline.transform import day_bounds


@cache
def _embedded(source: str, _pid: int) -> tuple[str, str]:
    """Address and token of the embedded shop, behind the API of that point of sale."""
    from pipeline.simulator import Server, Shop
    from pipeline.simulator.square import SquareRules, SquareServer, SquareShop

    server = (
        SquareServer(SquareShop(Shop(), events=False), now=settings.now, rules=SquareRules())
        if source == "square"
        else Server(Shop(), now=settings.now)
    )
    server.daemon_threads = True  # it ends with the process, whatever connection is still open
    server.start()
    return server.url, server.token


def connect() -> Source:
    """The configured source. Raises ConfigError when the settings do not name one."""
    section = settings.pos()
    if section.source not in SOURCES:
        raise ConfigError(
            f"[pos] source = {section.source!r} is unknown; known are {', '.join(sorted(SOURCES))}"
        )
    if section.source == "files":
        starts = day_bounds(section.history_starts, settings.default_store())[0]
        return (
            open_source(
                "files",
                folder=Path(section.folder),
                saved_from=section.saved_from,
                starts=starts,
            )
            if "://" not in section.folder
            else _saved_in_bucket(section.folder, starts)
        )
    if section.url == "simulator":
        url, token = _embedded(section.source, os.getpid())
        return open_source(section.source, url=url, token=token, rate=None)
    rate = (section.rate_requests, section.rate_seconds) if section.rate_requests else None
    return open_source(
        section.source,
        url=section.url,
        token=settings.token(section.source),
        rate=rate,
        state=settings.state_folder(),
        deadline=section.request_seconds,
        max_retry_wait=section.max_retry_wait_seconds,
    )


def origin_of(source: Source) -> Origin:
    """Where the receipts of the configured source come from.

    An API is asked for its account, which is one request.
    """
    section = settings.pos()
    if section.source == "files":
        return Origin(FILES)
    if section.url == "simulator":
        return Origin(SIMULATOR, "" if section.source == "loyverse" else section.source)
    address = section.url.rstrip("/")
    return Origin(section.source, *(cast(Api, source).account() or (address, "")))


def is_simulator() -> bool:
    """Whether the settings name the embedded simulator."""
    return settings.pos().source != "files" and settings.pos().url == "simulator"


def _saved_in_bucket(url: str, starts: datetime) -> Source:
    """Saved files below s3://bucket/prefix, on the server of the lake."""
    server = settings.lake()
    bucket = open_storage(url, endpoint=server.endpoint or None, region=server.region or None)
    return open_source(
        "files",
        listing=lambda: [
            (stat.key, partial(bucket.get, stat.key))
            for stat in bucket.list("")
            if is_saved(stat.key)
        ],
        place=url,
        saved_from=settings.pos().saved_from,
        starts=starts,
    )
