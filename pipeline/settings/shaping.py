"""What shapes the cleaning of receipts: the stores' places, clocks and money, the menu, the key of
customers.
"""

from __future__ import annotations

import hmac
import json
import os
from datetime import time
from functools import cache
from pathlib import Path

from babel.numbers import get_currency_precision, is_currency

from pipeline.errors import ConfigError
from pipeline.settings.sections import shop
from pipeline.transform import Menu, Rules, Store, read_menu, time_zone, tz_version


def _store(where: str, timezone: str, day_starts_at: str, currency: str) -> Store:
    try:
        time_zone(timezone)
    except ValueError as error:
        raise ConfigError(
            f"{where}: timezone = {timezone!r} is not an IANA time zone such as America/Mexico_City"
        ) from error
    try:
        starts = time.fromisoformat(day_starts_at)
    except ValueError as error:
        raise ConfigError(
            f"{where}: day_starts_at = {day_starts_at!r} is not a time such as 05:00"
        ) from error
    if not is_currency(currency):
        raise ConfigError(f"{where}: currency = {currency!r} is not an ISO 4217 code such as MXN")
    return Store(
        timezone=timezone,
        day_starts_at=starts,
        currency=currency,
        places=get_currency_precision(currency),
    )


@cache
def default_store() -> Store:
    """The rules of a store that has no overrides; also those of the windows."""
    section = shop()
    return _store("[shop]", section.timezone, section.day_starts_at, section.currency)


@cache
def stores() -> dict[str, Store]:
    """Stores with settings of their own, by id."""
    section = shop()
    try:
        overrides = json.loads(section.stores)
    except json.JSONDecodeError as error:
        raise ConfigError(f"[shop] stores is not JSON: {error}") from error
    base = {
        "timezone": section.timezone,
        "day_starts_at": section.day_starts_at,
        "currency": section.currency,
    }
    found = {}
    for store_id, values in overrides.items():
        if unknown := set(values) - set(base):
            raise ConfigError(
                f"[shop] stores: {store_id}: unknown keys {sorted(unknown)}; known are"
                f" {sorted(base)}"
            )
        found[store_id] = _store(f"[shop] stores: {store_id}", **(base | values))
    return found


@cache
def menu() -> Menu:
    """The rules of the menu file."""
    path = Path(shop().menu)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"[shop] menu = {path}: cannot be read ({error.strerror}); run from the folder that"
            " holds luigi.cfg, or name the file by its full path"
        ) from error
    return read_menu(text, str(path))


@cache
def rules() -> Rules:
    """All that shapes the cleaning of receipts."""
    every = stores()
    key = os.environ.get("CUSTOMER_HASH_KEY", "")
    return Rules(
        stores=every,
        default=default_store(),
        menu=menu(),
        customer_key=key.encode() or None,
        places=max(store.places for store in (default_store(), *every.values())),
    )


def cleaning() -> dict[str, object]:
    """All settings that shape the cleaning of receipts, as they enter its editions; no secret among
    them.
    """
    shaping = rules()
    key = (
        shaping.customer_key
        and hmac.digest(shaping.customer_key, b"fingerprint", "sha256").hex()[:8]
    )
    return {
        "stores": {
            name: str(store) for name, store in {**shaping.stores, "": shaping.default}.items()
        },
        "menu": shaping.menu.digest,
        "places": shaping.places,
        "tzdata": tz_version(),
        "customer_key": key,
    }
