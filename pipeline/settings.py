"""Typed settings from luigi.cfg, secrets from the environment, and the one clock.

Every setting has a default that runs out of the box: the embedded simulator is the shop, the folder data/ the
lake. Secrets are read from the environment only, when they are needed, and are never Luigi parameters;
config/config.env fills what is not set. Raises ConfigError with the section and key that must change.
"""

from __future__ import annotations

import hmac
import json
import os
import tempfile
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import luigi
from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_precision, is_currency
from dotenv import load_dotenv

from pipeline.errors import ConfigError
from pipeline.transform import Menu, Rules, Store, day_bounds, read_menu, time_zone, tz_version

load_dotenv(Path("config/config.env"))

# What Luigi must do so that nothing fails silently, also where no luigi.cfg is found: Luigi's own defaults exit
# with 0 after a failure, and count a task that wrote nothing as done.
_GUARDS = {
    "worker": {"check_complete_on_run": "true", "check_unfulfilled_deps": "false"},
    "retcode": {"already_running": "10", "missing_data": "20", "not_run": "25", "task_failed": "30", "scheduling_error": "35",
                "unhandled_exception": "40"},
    "core": {"autoload_range": "false"},
}


def install_guards() -> None:
    """Set Luigi's options that the promise rests on, unless the configuration sets them itself."""
    config = luigi.configuration.get_config()
    for section, options in _GUARDS.items():
        for option, value in options.items():
            if config.get(section, option, None) is None:
                config.set(section, option, value)


class pos(luigi.Config):  # noqa: N801  Luigi names a section after its class
    """The point of sale."""

    source = luigi.Parameter("loyverse", description="loyverse, or files")
    url = luigi.Parameter("simulator", description="simulator, or the address of the API")
    folder = luigi.Parameter("", description="source files: folder of saved JSON, or s3://bucket/prefix")
    history_starts = luigi.DateParameter(date(2023, 11, 1), description="first business day to extract")
    settle_minutes = luigi.IntParameter(30, description="a window is read this long after it closed")
    settle_days = luigi.IntParameter(2, description="windows after its own that a business day waits for")
    backfill_days = luigi.IntParameter(31, description="windows read in one walk at most")
    limited_history = luigi.BoolParameter(False, parsing=luigi.BoolParameter.EXPLICIT_PARSING, description="the account serves 31 days only")
    rate_requests = luigi.IntParameter(300, description="requests in `rate_seconds` at most; 0: no limit")
    rate_seconds = luigi.IntParameter(300)
    request_seconds = luigi.FloatParameter(60.0, description="total time of one request")
    patience_seconds = luigi.FloatParameter(300.0, description="time that the retries of one request may wait")
    spool = luigi.Parameter("", description="folder for the pages of a walk under way; empty: in the system's temporary folder")
    now = luigi.Parameter("", description="instant to take for now (ISO 8601, UTC); empty: the clock")


class shop(luigi.Config):  # noqa: N801
    """What the shop's tills do not tell: where they stand and what money they take."""

    timezone = luigi.Parameter("America/Mexico_City", description="IANA time zone")
    day_starts_at = luigi.Parameter("05:00", description="local time at which a business day begins")
    currency = luigi.Parameter("MXN", description="ISO 4217 code")
    stores = luigi.Parameter("{}", description='overrides: {"store id": {"timezone": ..., "day_starts_at": ..., "currency": ...}}')
    menu = luigi.Parameter("config/menu.toml", description="the rules of combos, names, categories, channels")


class lake(luigi.Config):  # noqa: N801
    """Where the lake is."""

    url = luigi.Parameter("data", description="folder, or s3://bucket/prefix")
    endpoint = luigi.Parameter("", description="address of an S3-compatible server")
    region = luigi.Parameter("")
    encryption = luigi.Parameter("", description="AES256 or aws:kms")
    kms_key = luigi.Parameter("")
    memory = luigi.Parameter("1GB", description="memory that counting a month may take before it spills to disk")


class report(luigi.Config):  # noqa: N801
    """How the reports speak."""

    locale = luigi.Parameter("es_MX", description="es_MX or en_US")
    paper = luigi.Parameter("us-letter", description="us-letter or a4")


class mail(luigi.Config):  # noqa: N801
    """Reports and alerts by e-mail; nothing is sent while `to` and `alerts_to` are empty. The password: SMTP_PASSWORD."""

    host = luigi.Parameter("", description="mail server")
    port = luigi.IntParameter(587)
    security = luigi.Parameter("starttls", description="starttls or tls; nothing is sent without")
    user = luigi.Parameter("")
    sender = luigi.Parameter("", description="address that the mail comes from")
    to = luigi.Parameter("", description="who gets the reports: owner@example.com, partner@example.com en_US")
    alerts_to = luigi.Parameter("", description="who is told of a night that failed")
    open_months = luigi.BoolParameter(False, parsing=luigi.BoolParameter.EXPLICIT_PARSING, description="also the month under way, every night")
    ca_file = luigi.Parameter("", description="certificates to trust instead of the system's")


class webhook(luigi.Config):  # noqa: N801
    """Messages in Slack's format to WEBHOOK_URL; nothing is sent without it."""

    reports = luigi.BoolParameter(True, parsing=luigi.BoolParameter.EXPLICIT_PARSING)
    alerts = luigi.BoolParameter(True, parsing=luigi.BoolParameter.EXPLICIT_PARSING)
    ca_file = luigi.Parameter("")


@cache
def now() -> datetime:
    """The instant of this run, UTC; read once, so that one run has one today."""
    text = pos().now
    if not text:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"[pos] now = {text!r} is not an ISO 8601 instant such as 2026-11-01T12:00:00Z") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _store(where: str, timezone: str, day_starts_at: str, currency: str) -> Store:
    try:
        time_zone(timezone)
    except ValueError as error:
        raise ConfigError(f"{where}: timezone = {timezone!r} is not an IANA time zone such as America/Mexico_City") from error
    try:
        starts = time.fromisoformat(day_starts_at)
    except ValueError as error:
        raise ConfigError(f"{where}: day_starts_at = {day_starts_at!r} is not a time such as 05:00") from error
    if not is_currency(currency):
        raise ConfigError(f"{where}: currency = {currency!r} is not an ISO 4217 code such as MXN")
    return Store(timezone=timezone, day_starts_at=starts, currency=currency, places=get_currency_precision(currency))


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
    base = {"timezone": section.timezone, "day_starts_at": section.day_starts_at, "currency": section.currency}
    found = {}
    for store_id, values in overrides.items():
        if unknown := set(values) - set(base):
            raise ConfigError(f"[shop] stores: {store_id}: unknown keys {sorted(unknown)}; known are {sorted(base)}")
        found[store_id] = _store(f"[shop] stores: {store_id}", **(base | values))
    return found


@cache
def menu() -> Menu:
    """The rules of the menu file."""
    path = Path(shop().menu)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"[shop] menu = {path}: cannot be read ({error.strerror}); run from the folder that holds luigi.cfg, "
                          "or name the file by its full path") from error
    return read_menu(text, str(path))


@cache
def rules() -> Rules:
    """All that shapes the cleaning of receipts."""
    every = stores()
    key = os.environ.get("CUSTOMER_HASH_KEY", "")
    return Rules(stores=every, default=default_store(), menu=menu(), customer_key=key.encode() or None,
                 places=max(store.places for store in (default_store(), *every.values())))


def cleaning() -> dict[str, object]:
    """All settings that shape the cleaning of receipts, as they enter its editions; no secret among them."""
    shaping = rules()
    key = shaping.customer_key and hmac.digest(shaping.customer_key, b"fingerprint", "sha256").hex()[:8]
    return {"stores": {name: str(store) for name, store in {**shaping.stores, "": shaping.default}.items()}, "menu": shaping.menu.digest,
            "places": shaping.places, "tzdata": tz_version(), "customer_key": key}


def check() -> None:
    """Read every setting that can be wrong, so that nothing is asked of the shop and nothing written before all are right."""
    last_day()
    rules()
    locale()
    paper()


def locale() -> str:
    """The locale of the reports; refused when there are no texts for it."""
    name = report().locale
    try:
        language = Locale.parse(name).language
    except (ValueError, UnknownLocaleError) as error:
        raise ConfigError(f"[report] locale = {name!r} is no locale; use es_MX or en_US") from error
    if language not in {"es", "en"}:
        raise ConfigError(f"[report] locale = {name!r}: there are reports in es_MX and en_US only")
    return name


@cache
def last_day() -> date:
    """The last business day whose window has closed and settled at `now()`."""
    instant = now() - timedelta(minutes=pos().settle_minutes)
    day = instant.date() + timedelta(days=1)
    while day_bounds(day, default_store())[1] > instant:
        day -= timedelta(days=1)
    return day


def paper() -> str:
    """The paper of the reports' PDF."""
    name = report().paper
    if name not in {"us-letter", "a4"}:
        raise ConfigError(f"[report] paper = {name!r}: use us-letter or a4")
    return name


def spool() -> Path:
    """Folder of this machine where the pages of a walk wait, so that a killed run goes on where it was."""
    return Path(pos().spool) if pos().spool else Path(tempfile.gettempdir()) / f"pos-sales-pipeline-{os.getuid()}"


def token() -> str:
    """The access token of the point of sale, from the environment."""
    value = os.environ.get("LOYVERSE_TOKEN", "")
    if not value:
        raise ConfigError("no access token: set LOYVERSE_TOKEN in the environment or in config/config.env "
                          "(Loyverse: Back Office > Settings > Access tokens)")
    return value


def default_month() -> date:
    """The last month whose windows have all closed."""
    after = last_day() + timedelta(days=1)
    return (after.replace(day=1) - timedelta(days=1)).replace(day=1)


class Day(luigi.DateParameter):
    """A business day, spelled 2026-10-31; the last closed one by default."""

    def parse(self, text: str) -> date:
        try:
            return super().parse(text)
        except ValueError as error:
            raise ConfigError(f"{text} is not a day; write it as 2026-10-31") from error

    def normalize(self, value: date | None) -> date:
        return last_day() if value is None else super().normalize(value)


class Month(luigi.MonthParameter):
    """A month, spelled 2026-10; the last whole one by default."""

    def parse(self, text: str) -> date:
        try:
            return super().parse(text)
        except ValueError as error:
            raise ConfigError(f"{text} is not a month; write it as 2026-10") from error

    def normalize(self, value: date | None) -> date:
        return default_month() if value is None else super().normalize(value)


class Days(luigi.Parameter):
    """One day; or, where Luigi batches tasks, several: a tuple of dates, spelled 2026-10-01,2026-10-02."""

    one: type[luigi.DateParameter] = Day

    def __init__(self, **kwargs: object):
        super().__init__(batch_method=lambda days: tuple(sorted(set(days))), **kwargs)

    def parse(self, text: str) -> date | tuple[date, ...]:
        days = tuple(map(self.one().parse, text.split(",")))
        return days if len(days) > 1 else days[0]

    def serialize(self, value: date | tuple[date, ...]) -> str:
        return ",".join(map(self.one().serialize, value if isinstance(value, tuple) else (value,)))

    def normalize(self, value: date | tuple[date, ...] | None) -> date | tuple[date, ...]:
        if isinstance(value, tuple):
            return value[0] if len(value) == 1 else value
        return self.one().normalize(value)
