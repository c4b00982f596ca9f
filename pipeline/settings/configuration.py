"""Which configuration applies, and whether its sections and keys exist.

Raises UnclearConfig and ConfigError before anything is requested or written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import luigi
from luigi.interface import core
from luigi.retcodes import retcode
from luigi.worker import worker

from pipeline.errors import ConfigError, UnclearConfig
from pipeline.settings.environment import PRIVATE_FILE, SECTIONS, check_names
from pipeline.settings.strict import parse_integer

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
}
"""Luigi's own sections; some of their names are close to those of this project."""

# What must be set: a default would fill a lake with the receipts of another shop, or count them in
# another time zone or currency.
_STATED = (
    ("pos", ("url", "source")),
    ("shop", ("timezone",)),
    ("shop", ("currency",)),
    ("lake", ("url",)),
)


def check_folder() -> None:
    """Refuse to start where it is not certain which configuration applies.

    The luigi.cfg of this repository names the simulated shop and the folder data/. Without that
    file, or with an empty one, the defaults would choose the simulator, the folder data/
    and Mexico City.
    """
    check_named_file()
    check_names()
    if os.access(PRIVATE_FILE, os.F_OK) and not os.access(PRIVATE_FILE, os.R_OK):
        raise UnclearConfig(
            f"{PRIVATE_FILE.absolute()} holds secrets and settings, and this user may not read it;"
            " run as its owner"
        )
    config = luigi.configuration.get_config()
    missing = [
        " or ".join(f"[{section}] {key}" for key in keys)
        for section, keys in _STATED
        if not any(config.has_option(section, key) for key in keys)
    ]
    if missing:
        file = Path("luigi.cfg")
        problem = f"{file.absolute()} is incomplete"
        if not file.is_file():
            problem = f"there is no luigi.cfg in {Path.cwd()}"
        elif not config.sections() or not file.stat().st_size:
            problem = f"{file.absolute()} is empty"
        raise UnclearConfig(
            f"{problem}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set, so"
            " nothing was read or written; run from the folder that holds luigi.cfg (cd there"
            " first; pos init writes one), or name the file in LUIGI_CONFIG_PATH, with full paths"
            " in it"
        )


def check_named_file() -> None:
    """Refuse a LUIGI_CONFIG_PATH that Luigi would pass over with a warning."""
    if "LUIGI_CONFIG_PATH" not in os.environ:
        return
    name = os.environ["LUIGI_CONFIG_PATH"]
    problem = (
        "is set and empty"
        if not name
        else f"= {name} names no file (looked for in {Path.cwd()})"
        if not Path(name).is_file()
        else f"= {name} names a file that this user may not read"
        if not os.access(name, os.R_OK)
        else f"= {name}: only files with the ending .cfg, .conf or .ini are read"
        if Path(name).suffix not in {"", ".cfg", ".conf", ".ini"}
        else f"= {name} names an empty file"
        if not Path(name).read_bytes().strip()
        else ""
    )
    if problem:
        raise UnclearConfig(
            f"LUIGI_CONFIG_PATH {problem}, so nothing was read or written; correct the name, or"
            " unset it to use luigi.cfg alone"
        )


def check_spelling() -> None:
    """Refuse misspelt keys and sections, for which Luigi would use the defaults."""
    config = luigi.configuration.get_config()
    keys_of = {section.__name__: {name for name, _ in section.get_params()} for section in SECTIONS}
    for section in config.sections():
        for key in config.options(section) if section in keys_of else ():
            if key not in keys_of[section]:
                raise ConfigError(
                    f"[{section}] {key} is not a setting{_suggestion(key, keys_of[section])};"
                    f" the keys are {', '.join(sorted(keys_of[section]))}"
                )
        is_foreign = section not in keys_of and section not in _LUIGI
        if is_foreign and (hint := _suggestion(section, keys_of)):
            raise ConfigError(f"[{section}] is no section of luigi.cfg{hint}")


def check_luigi_sections() -> None:
    """Refuse values of Luigi's own sections that Luigi cannot read."""
    config = luigi.configuration.get_config()
    for section in (core, retcode, worker):
        for key, parameter in section.get_params():
            try:
                parameter.task_value(section.get_task_family(), key)
            except ValueError as error:
                raise _unreadable(section.get_task_family(), key, error) from error
    for key in config.options("resources") if config.has_section("resources") else ():
        try:
            parse_integer(config.get("resources", key))
        except ValueError as error:
            raise _unreadable("resources", key, error) from error
    file = config.get("core", "logging_conf_file", "")
    if file and not Path(file).is_file():
        raise _unreadable("core", "logging_conf_file", f"there is no such file in {Path.cwd()}")


def _unreadable(section: str, key: str, reason: object) -> ConfigError:
    text = luigi.configuration.get_config().get(section, key)
    return ConfigError(f"[{section}] {key} = {text} cannot be read ({reason}); correct luigi.cfg")


def _suggestion(word: str, names: Iterable[str]) -> str:
    close = get_close_matches(word, sorted(names), 1, 0.7)
    return f"; is {close[0]} meant?" if close else ""
