"""Open the configured source: the simulator, an API, or saved files."""

from __future__ import annotations

import os
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import cast

from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.lakes.embedded_shop import EmbeddedShop
from pipeline.lakes.identity import Account
from pipeline.load import open_storage
from pipeline.pos import SOURCES, open_source
from pipeline.pos.files import is_saved
from pipeline.pos.source import Api, Source
from pipeline.settings.run_context import once_per_run
from pipeline.settings.sources import FILES, SIMULATOR


@once_per_run
def _embedded(source: str, _pid: int) -> EmbeddedShop:
    """The simulated shop of this process, behind the API of that point of sale."""
    return EmbeddedShop(source, settings.now())


def start_embedded() -> None:
    """Start the simulated shops of the settings; they answer a moment later."""
    for point in settings.points_of_sale().values():
        if point.is_embedded:
            _embedded(point.name, os.getpid())


def connect(name: str = "") -> Source:
    """The source of a point of sale; without a name, the only one. Raises ConfigError."""
    section, point = settings.pos(), settings.point_of_sale(name)
    if point.is_saved:
        starts = settings.window_bounds(section.history_starts)[0]
        if "://" in point.location:
            return _saved_in_bucket(point, starts)
        folder = Path(point.location)
        return open_source("files", folder=folder, saved_from=point.name, starts=starts)
    if point.name not in SOURCES:
        raise ConfigError(
            f"[pos] source = {point.name!r} is unknown; known are {', '.join(sorted(SOURCES))}"
        )
    if point.is_embedded:
        shop = _embedded(point.name, os.getpid())
        return open_source(point.name, url=shop.url, token=shop.token, rate=None)
    requests = section.rate_requests  # None: the point of sale's own rate; 0: no limit
    rate = (requests, section.rate_seconds) if requests else None
    return open_source(
        point.name,
        url=point.location,
        token=settings.token(point.name),
        state=settings.state_folder(),
        deadline=section.request_seconds,
        max_retry_wait=section.max_retry_wait_seconds,
        **({} if requests is None else {"rate": rate}),
    )


def account_of(source: Source, name: str = "") -> Account:
    """The account that a source's receipts come from; one request to an API."""
    point = settings.point_of_sale(name)
    if point.is_saved:
        return Account(FILES)
    if point.is_embedded:
        # in the lake's identity the simulated shop behind Loyverse's API has no name
        return Account(SIMULATOR, "" if point.name == "loyverse" else point.name)
    address = point.location.rstrip("/")
    return Account(point.name, *(cast(Api, source).account() or (address, "")))


def is_simulator() -> bool:
    """Whether the settings name the embedded simulator."""
    return any(point.is_embedded for point in settings.points_of_sale().values())


def _saved_in_bucket(point: settings.PointOfSale, starts: datetime) -> Source:
    """Saved files below s3://bucket/prefix, with the endpoint and region of [lake]."""
    server = settings.lake()
    bucket = open_storage(
        point.location, endpoint=server.endpoint or None, region=server.region or None
    )
    return open_source(
        "files",
        listing=lambda: [
            (stat.key, partial(bucket.get, stat.key))
            for stat in bucket.list("")
            if is_saved(stat.key)
        ],
        location=point.location,
        saved_from=point.name,
        starts=starts,
    )
