"""Typed settings from luigi.cfg, secrets from the environment, and the one clock.

Every setting has a default: the embedded simulator is the shop, the folder data/ the lake. Secrets
are read from the environment only, when they are needed, and are never Luigi parameters;
config/config.env fills what is not set. Raises ConfigError with the section and key that must
change.
"""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Literal

import luigi

from pipeline.errors import ConfigError
from pipeline.pos.source import FIRST_SALE
from pipeline.settings.clock import default_month, last_day, now, window_bounds
from pipeline.settings.configuration import check_folder, check_luigi_sections, check_spelling
from pipeline.settings.environment import apply_environment, read_private_file, settings_table
from pipeline.settings.parameters import DayParameter, Days, MonthParameter, Number, field
from pipeline.settings.plans import plans, plans_digest
from pipeline.settings.run_context import new_run, once_per_run
from pipeline.settings.sections import (
    engine,
    lake,
    mail,
    monitor,
    pos,
    report,
    shop,
    spark,
    webhook,
)
from pipeline.settings.sources import PointOfSale, point_of_sale, points_of_sale
from pipeline.settings.strict import parse_locale
from pipeline.settings.transform import (
    decimals,
    default_store,
    menu,
    reader,
    rules,
    stores,
    transform_settings,
)

__all__ = [
    "DayParameter",
    "Days",
    "MonthParameter",
    "Number",
    "PointOfSale",
    "check",
    "check_folder",
    "check_luigi_sections",
    "check_mail",
    "decimals",
    "default_locale",
    "default_month",
    "default_store",
    "engine_name",
    "field",
    "install_guards",
    "lake",
    "lake_name",
    "last_day",
    "locale",
    "mail",
    "menu",
    "monitor",
    "new_run",
    "now",
    "paper",
    "plans",
    "plans_digest",
    "point_of_sale",
    "points_of_sale",
    "pos",
    "reader",
    "recipients",
    "report",
    "rules",
    "settings_table",
    "shop",
    "state_folder",
    "stores",
    "token",
    "transform_settings",
    "webhook",
    "weekend",
    "window_bounds",
]

read_private_file()
apply_environment()

# Options without which Luigi hides failures: by default it exits with 0 after a failure, and counts
# a task that wrote nothing as done. They hold without a luigi.cfg too.
_GUARDS = {
    "worker": {"check_complete_on_run": "true", "check_unfulfilled_deps": "false"},
    "retcode": {
        "already_running": "10",
        "missing_data": "20",
        "not_run": "25",
        "task_failed": "30",
        "scheduling_error": "35",
        "unhandled_exception": "40",
    },
    "core": {"autoload_range": "false"},
    # otherwise Luigi starts a task again and again for 10 s if a task that it requires has become
    # incomplete
    "scheduler": {"stable_done_cooldown_secs": "0"},
}


def install_guards() -> None:
    """Set the options of Luigi that must hold, unless the configuration sets them."""
    config = luigi.configuration.get_config()
    for section, options in _GUARDS.items():
        for option, value in options.items():
            if config.get(section, option, None) is None:
                config.set(section, option, value)


def check() -> None:
    """Check every setting before anything is requested or written. Raises ConfigError."""
    check_folder()
    check_spelling()
    if pos().history_starts < FIRST_SALE.date():
        raise ConfigError(
            f"[pos] history_starts = {pos().history_starts} is before {FIRST_SALE:%Y-%m-%d}, and an"
            " older sale is quarantined as implausible: set a later day"
        )
    if pos().history_starts > last_day():
        raise ConfigError(
            f"[pos] history_starts = {pos().history_starts} has not closed yet; the last closed"
            f" business day is {last_day()}: set an earlier day, or run again later"
        )
    points_of_sale()
    rules()
    for section in (shop, lake, engine, spark, report, mail, webhook, monitor):
        section()
    check_mail()
    plans()
    paper()
    weekend()
    engine_name()


@once_per_run
def locale() -> str:
    """The locale of the reports."""
    return report().locale


def default_locale() -> str:
    """The language of a recipient without one, also if [report] cannot be read."""
    try:
        return locale()
    except ConfigError:
        return "en_US"


def recipients(key: Literal["to", "alerts_to"]) -> list[tuple[str, str]]:
    """Address and locale of each recipient in [mail] `key`."""
    listed = []
    entries = [words for entry in getattr(mail(), key).split(",") if (words := entry.split())]
    for n, (address, *language) in enumerate(entries, 1):
        try:
            (name,) = map(parse_locale, language or [default_locale()])
        except ValueError as error:
            raise ConfigError(
                f"[mail] {key}: entry {n} is not an address and a language; write"
                " owner@example.com, partner@example.com en_US"
            ) from error
        listed.append((address, name))
    return listed


def check_mail() -> None:
    """Refuse invalid recipients and an invalid [mail] security."""
    recipients("to")
    recipients("alerts_to")
    if mail().security not in {"starttls", "tls"}:
        raise ConfigError(
            f"[mail] security = {mail().security!r}: use starttls or tls; mail is never sent"
            " unencrypted"
        )


@once_per_run
def paper() -> str:
    """The paper of the reports' PDF."""
    name = report().paper
    if name not in {"us-letter", "a4"}:
        raise ConfigError(f"[report] paper = {name!r}: use us-letter or a4")
    return name


def weekend() -> tuple[int, ...]:
    """The weekdays (0 = Monday) that the cumulative report calls the weekend."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    names = {name.strip().lower() for name in report().weekend.split(",")}
    if not names <= set(days) or len(names) in {0, len(days)}:
        raise ConfigError(
            f"[report] weekend = {report().weekend!r}: list some of {', '.join(days)}, but not"
            " all, separated by commas"
        )
    return tuple(sorted(days.index(name) for name in names))


def engine_name() -> str:
    """What builds the partitions: local or spark."""
    name: str = engine().name
    if name not in {"local", "spark"}:
        raise ConfigError(f"[engine] name = {name!r}: use local or spark")
    return name


def state_folder() -> Path:
    """Folder of this user's state: rate limits, and a folder for each lake."""
    if folder := pos().state_folder:
        return Path(folder).absolute()
    if home := os.environ.get("XDG_STATE_HOME"):
        return Path(home).absolute() / "pos-sales-pipeline"
    try:
        return Path.home().absolute() / ".local" / "state" / "pos-sales-pipeline"
    except RuntimeError as error:
        raise ConfigError(
            "this user has no home folder for the state of this machine; name a folder in [pos]"
            " state_folder (POS_STATE_FOLDER)"
        ) from error


def lake_name() -> str:
    """The address of the lake in the settings; a folder by its full path."""
    section = lake()
    if "://" in section.url and not section.url.startswith("file:"):
        return f"{section.url.rstrip('/')}{f' on {section.endpoint}' if section.endpoint else ''}"
    return str(Path(section.url.removeprefix("file://")).expanduser().absolute())


def lake_state_folder() -> Path:
    """Folder of a lake's state on this machine: page journal, run logs, locks."""
    name = lake_name()
    word = re.sub(r"[^A-Za-z0-9]+", "-", name.rpartition("/")[2])[:24].strip("-") or "lake"
    return state_folder() / f"{word}-{sha256(name.encode()).hexdigest()[:12]}"


_TOKENS = {
    "loyverse": "Loyverse: Back Office > Settings > Access tokens",
    "square": "Square: Developer Console > Applications > Credentials",
}
"""Where the access token of a point of sale is created."""


def token(source: str) -> str:
    """The access token of a point of sale, from the environment."""
    variable = f"{source.upper()}_TOKEN"
    value = os.environ.get(variable, "")
    if not value:
        raise ConfigError(
            f"no access token: set {variable} in the environment or in config/config.env "
            f"({_TOKENS[source]})"
        )
    return value
