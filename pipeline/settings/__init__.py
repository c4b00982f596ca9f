"""Typed settings from luigi.cfg, secrets from the environment, and the one clock.

Every setting has a default that runs out of the box: the embedded simulator is the shop, the folder
data/ the lake. Secrets are read from the environment only, when they are needed, and are never
Luigi parameters; config/config.env fills what is not set. Raises ConfigError with the section and
key that must change.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import luigi
from babel import Locale, UnknownLocaleError
from dotenv import load_dotenv

from pipeline.errors import ConfigError
from pipeline.settings.clock import default_month, last_day, now
from pipeline.settings.parameters import Day, Days, Month
from pipeline.settings.sections import lake, mail, pos, report, shop, webhook
from pipeline.settings.shaping import cleaning, default_store, menu, rules, stores

__all__ = [
    "Day",
    "Days",
    "Month",
    "check",
    "cleaning",
    "default_month",
    "default_store",
    "install_guards",
    "lake",
    "last_day",
    "locale",
    "mail",
    "menu",
    "now",
    "paper",
    "pos",
    "report",
    "rules",
    "shop",
    "spool",
    "stores",
    "token",
    "webhook",
    "weekend",
]

load_dotenv(Path("config/config.env"))

# What Luigi must do so that nothing fails silently, also where no luigi.cfg is found: Luigi's own
# defaults exit
# with 0 after a failure, and count a task that wrote nothing as done.
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
}


_LUIGI = {
    "core",
    "email",
    "resources",
    "retcode",
    "s3",
    "scheduler",
    "smtp",
    "task_history",
    "worker",
}  # Luigi's own, some of them near ours


def install_guards() -> None:
    """Set Luigi's options that the promise rests on, unless the configuration sets them itself."""
    config = luigi.configuration.get_config()
    for section, options in _GUARDS.items():
        for option, value in options.items():
            if config.get(section, option, None) is None:
                config.set(section, option, value)


def check() -> None:
    """Read every setting that can be wrong, so that nothing is asked of the shop and nothing
    written before all are right.
    """
    check_folder()
    check_spelling()
    if pos().history_starts > last_day():
        raise ConfigError(
            f"[pos] history_starts = {pos().history_starts} has not closed yet: the last business"
            f" day that has is {last_day()}; set an earlier day, or run again when that one has"
            " closed"
        )
    rules()
    locale()
    paper()
    weekend()


def check_folder() -> None:
    """Refuse to go on with nothing but defaults where no menu is either, which is another folder:
    the lake would be another one too.
    """
    config = luigi.configuration.get_config()
    if (
        not any(config.has_section(one.__name__) for one in (pos, shop, lake))
        and not Path(shop().menu).is_file()
    ):
        raise ConfigError(
            f"there is no luigi.cfg in {Path.cwd()}; run from the folder that holds it (cd there"
            " first), or name it in LUIGI_CONFIG_PATH, with full paths in it"
        )


def check_spelling() -> None:
    """Refuse keys and sections of luigi.cfg that are ours but for a letter: Luigi would go on with
    the defaults.
    """
    config = luigi.configuration.get_config()
    ours = {
        section.__name__: {name for name, _ in section.get_params()}
        for section in (pos, shop, lake, report, mail, webhook)
    }
    for section in config.sections():
        for key in config.options(section) if section in ours else ():
            if key not in ours[section]:
                raise ConfigError(
                    f"[{section}] {key} is not a setting{_meant(key, ours[section])}; known are"
                    f" {', '.join(sorted(ours[section]))}"
                )
        if section not in ours and section not in _LUIGI and (meant := _meant(section, ours)):
            raise ConfigError(f"[{section}] is no section of luigi.cfg{meant}")


def _meant(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, sorted(known), 1, 0.7)
    return f"; is {close[0]} meant?" if close else ""


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


def paper() -> str:
    """The paper of the reports' PDF."""
    name = report().paper
    if name not in {"us-letter", "a4"}:
        raise ConfigError(f"[report] paper = {name!r}: use us-letter or a4")
    return name


def weekend() -> tuple[int, ...]:
    """The weekdays (0 = Monday) that the cumulative report calls the weekend."""
    known, named = (
        ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        [name.strip().lower() for name in report().weekend.split(",")],
    )
    if not set(named) <= set(known) or len(set(named)) in {0, len(known)}:
        raise ConfigError(
            f"[report] weekend = {report().weekend!r}: name some of {', '.join(known)}, and not"
            " all, with commas between them"
        )
    return tuple(sorted({known.index(name) for name in named}))


def spool() -> Path:
    """Folder of this machine where the pages of a walk wait, so that a killed run goes on where it
    was.
    """
    return (
        Path(pos().spool)
        if pos().spool
        else Path(tempfile.gettempdir()) / f"pos-sales-pipeline-{os.getuid()}"
    )


def token() -> str:
    """The access token of the point of sale, from the environment."""
    value = os.environ.get("LOYVERSE_TOKEN", "")
    if not value:
        raise ConfigError(
            "no access token: set LOYVERSE_TOKEN in the environment or in config/config.env "
            "(Loyverse: Back Office > Settings > Access tokens)"
        )
    return value
