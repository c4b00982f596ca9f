"""Settings of the transform stage: stores, menu, customer key."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.pos import open_reader
from pipeline.pos.source import Lists, Reader, ToCanonical, number_reader
from pipeline.rules import Menu, Rules, Store, read_menu, time_zone, tz_version
from pipeline.schema.iso4217 import DECIMALS
from pipeline.settings.run_context import once_per_run
from pipeline.settings.sections import pos, shop
from pipeline.settings.sources import point_of_sale, points_of_sale
from pipeline.settings.strict import parse_integer, parse_time

MAX_DECIMALS = 4
"""Decimals that a currency can have: those of ISO 4217 end here."""


def _store(
    where: str, timezone: str, day_starts_at: str, currency: str, currency_decimals: str
) -> Store:
    try:
        time_zone(timezone)
    except ValueError as error:
        raise ConfigError(
            f"{where}: timezone = {timezone!r} is not an IANA time zone such as America/Mexico_City"
        ) from error
    try:
        starts = parse_time(day_starts_at)
    except ValueError as error:
        raise ConfigError(
            f"{where}: day_starts_at = {day_starts_at!r} is not a time such as 05:00 ({error})"
        ) from error
    return Store(
        timezone=timezone,
        day_starts_at=starts,
        currency=currency,
        decimals=_decimals_of(where, currency, currency_decimals),
    )


def _decimals_of(where: str, currency: str, currency_decimals: str) -> int:
    """Decimals of the amounts in `currency`: the setting, or those of ISO 4217."""
    if currency not in DECIMALS:
        from babel.numbers import is_currency

        if not is_currency(currency):
            raise ConfigError(
                f"{where}: currency = {currency!r} is not an ISO 4217 code such as MXN"
            )
    if currency_decimals:
        try:
            return parse_integer(currency_decimals, 0, MAX_DECIMALS)
        except ValueError as error:
            raise ConfigError(
                f"{where}: currency_decimals = {currency_decimals!r} cannot be read ({error});"
                " leave it empty for those of ISO 4217"
            ) from error
    if currency not in DECIMALS:
        raise ConfigError(
            f"{where}: currency = {currency!r} has no decimals in ISO 4217 (a metal, or a currency"
            " that is no more); set currency_decimals, or another currency"
        )
    return DECIMALS[currency]


@once_per_run
def default_store() -> Store:
    """The rules of a store that has no overrides; also those of the windows."""
    return _store("[shop]", **_base_settings())


def _base_settings() -> dict[str, str]:
    names = ("timezone", "day_starts_at", "currency", "currency_decimals")
    return {name: getattr(shop(), name) for name in names}


@once_per_run
def stores() -> dict[str, Store]:
    """Stores with their own settings, by id; another currency brings its own decimals."""
    try:
        overrides = json.loads(shop().stores, object_pairs_hook=_unique_keys)
    except ValueError as error:
        raise ConfigError(f"[shop] stores is not JSON: {error}") from error
    base = _base_settings()
    if not isinstance(overrides, dict):
        raise ConfigError('[shop] stores is not JSON such as {"store id": {"currency": "USD"}}')
    stores_by_id = {}
    for store_id, values in overrides.items():
        where = f"[shop] stores: {store_id}"
        if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
            raise ConfigError(f'{where}: write text in quotes, as in {{"currency": "USD"}}')
        if unknown := set(values) - set(base):
            raise ConfigError(f"{where}: unknown keys {sorted(unknown)}; known are {sorted(base)}")
        is_same = values.get("currency") in (None, base["currency"])
        own = {} if is_same else {"currency_decimals": ""}
        stores_by_id[store_id] = _store(where, **(base | own | values))
    return stores_by_id


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object. Raises ValueError where a key occurs twice."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"a key occurs twice among {sorted(key for key, _ in pairs)}")
    return dict(pairs)


@once_per_run
def decimals() -> dict[str, int]:
    """Decimals of each currency of the stores: the most that any store counts in it."""
    counted: dict[str, int] = {}
    for store in (default_store(), *stores().values()):
        counted[store.currency] = max(store.decimals, counted.get(store.currency, 0))
    return dict(sorted(counted.items()))


def line_of(error: UnicodeDecodeError) -> int:
    """The line that holds the bytes which cannot be decoded."""
    return 1 + error.object.count(b"\n", 0, error.start)


@once_per_run
def menu() -> Menu:
    """The rules of the menu file."""
    path = Path(shop().menu)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"[shop] menu = {path}: line {line_of(error)} is not UTF-8 text; save it as UTF-8"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"[shop] menu = {path}: cannot be read ({error.strerror}); run from the folder that"
            " holds luigi.cfg, or name the file by its full path"
        ) from error
    return read_menu(text, str(path))


def reader(name: str = "") -> Reader:
    """The reader of a point of sale; without a name, of the only one of the settings."""
    point = point_of_sale(name)
    return open_reader(point.name, "saved_from" if point.is_saved else "source")


def _translator(name: str) -> Callable[[Lists], ToCanonical] | None:
    """The reader's translator, by [pos] count_open_orders with or without open orders."""
    if pos().count_open_orders:
        return reader(name).counting_open_orders
    return reader(name).translator


@once_per_run
def rules(name: str = "") -> Rules:
    """The rules of a point of sale's receipts; unnamed: what all have in common."""
    every = stores()
    key = os.environ.get("CUSTOMER_HASH_KEY", "")
    is_common = not name and len(points_of_sale()) > 1
    translator = None if is_common else _translator(name)
    return Rules(
        stores=every,
        default=default_store(),
        menu=menu(),
        customer_key=key.encode() or None,
        max_days_late=pos().max_days_late,
        decimals=max(store.decimals for store in (default_store(), *every.values())),
        translator=translator,
        number_of=number_reader(reader(name)) if translator else None,
    )


@once_per_run
def transform_settings() -> dict[str, object]:
    """Settings of the transform stage as they enter fingerprints, without secrets."""
    used_rules = rules()
    key, stores = used_rules.customer_key, {**used_rules.stores, "": used_rules.default}
    return {
        "stores": {name: str(store) for name, store in stores.items()},
        "menu": used_rules.menu.digest,
        "decimals": used_rules.decimals,
        "tzdata": tz_version(),
        "customer_key": key and hmac.digest(key, b"fingerprint", "sha256").hex()[:8],
        "max_days_late": used_rules.max_days_late,
        **_translation(),
    }


def _translation() -> dict[str, object]:
    """What shapes the translation of records whose JSON is not canonical."""
    names = list(points_of_sale())
    if len(names) == 1 and rules().translator is None:
        return {}
    return {"records_of": ", ".join(names), "count_open_orders": pos().count_open_orders}
