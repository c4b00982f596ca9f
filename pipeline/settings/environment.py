"""Environment overrides: one variable, SECTION_KEY, for every key of luigi.cfg.

A variable wins over luigi.cfg and over the file that LUIGI_CONFIG_PATH names; a command-line option
such as --lake-url wins over both. The value is taken as written: an empty variable is an empty
value. Raises NoConfiguration for a name that is close to a setting's and is none, because the
setting that was meant would silently keep another value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

import luigi
from luigi.interface import core
from luigi.retcodes import retcode
from luigi.worker import worker

from pipeline.errors import NoConfiguration
from pipeline.logs import OWN_SECRETS
from pipeline.settings import sections
from pipeline.settings.run_context import new_run

SECTIONS = (
    sections.pos,
    sections.shop,
    sections.lake,
    sections.engine,
    sections.spark,
    sections.report,
    sections.mail,
    sections.webhook,
    sections.monitor,
)
_LUIGI: dict[str, Iterable[str]] = {
    "core": [name for name, _ in core.get_params()] + ["autoload_range"],
    "worker": [name for name, _ in worker.get_params()],
    "retcode": [name for name, _ in retcode.get_params()],
    "resources": ["pos_api"],
}
_NO_SETTINGS = {
    "POS_FAILURES",  # from `pos run` to its Luigi process
    "POS_PARENT_PIPE",
    "POS_LOG",
    "REPORT_AT",  # docker-compose.yml
    "REPORT_PORT",
}
# Prefixes that other programs use too: there only a likely misspelling is refused.
_SHARED = ("CORE_", "WORKER_", "RETCODE_", "RESOURCES_", "SPARK_")
# What Kubernetes and Docker set for a service or container that has the name of a section.
_SERVICE = re.compile(r".*_SERVICE_(HOST|PORT(_.*)?)|.*_PORT_\d+_(TCP|UDP|SCTP)(_.*)?|.*_ENV_.*")
_ADDRESS = re.compile(r"(tcp|udp|sctp)://\S+")
_ALIKE = 0.9


def override_name(section: str, key: str) -> str:
    """Name of the variable that overrides a key of luigi.cfg."""
    return f"{section}_{key}".upper()


def known_overrides() -> dict[str, tuple[str, str]]:
    """Section and key of each variable."""
    keys = _LUIGI | {section.__name__: dict(section.get_params()) for section in SECTIONS}
    return {
        override_name(section, key): (section, key) for section in keys for key in keys[section]
    }


def apply_environment(environment: Mapping[str, str] = os.environ) -> None:
    """Apply the variables to Luigi's configuration."""
    config = luigi.configuration.get_config()
    for name, (section, key) in known_overrides().items():
        if name in environment and not _is_service(name, environment[name]):
            config.set(section, key, environment[name].replace("%", "%%"))
    new_run()


def check_names(environment: Mapping[str, str] = os.environ) -> None:
    """Refuse variables that look like a setting or a secret and are none."""
    overrides = known_overrides()
    prefixes = tuple(override_name(section.__name__, "") for section in SECTIONS)
    for name in sorted(environment.keys() - overrides.keys() - _NO_SETTINGS - set(OWN_SECRETS)):
        if _is_service(name, environment[name]):
            continue
        own = name.startswith(prefixes) and not name.startswith(_SHARED)
        names = (
            [*overrides, *OWN_SECRETS] if name.startswith((*prefixes, *_SHARED)) else OWN_SECRETS
        )
        close = get_close_matches(name, names, 1, 0.6 if own else _ALIKE)
        if own or close:
            raise NoConfiguration(
                f"the environment variable {name} is not a setting of this project"
                f"{f'; is {close[0]} meant?' if close else '.'} Correct or unset it (all names:"
                " docs/settings.md)"
            )


def _is_service(name: str, value: str) -> bool:
    """Whether Kubernetes or Docker has set the variable for a service of that name."""
    return bool(_SERVICE.fullmatch(name) or (name.endswith("_PORT") and _ADDRESS.fullmatch(value)))


def settings_table() -> str:
    """Every setting as Markdown: section and key, variable, default, meaning."""
    lines = ["| luigi.cfg | environment | default | meaning |", "|---|---|---|---|"]
    for section in SECTIONS:
        for key, parameter in section.get_params():
            default = parameter.serialize(parameter._default)
            lines.append(
                f"| `[{section.__name__}] {key}` | `{override_name(section.__name__, key)}` |"
                f" {f'`{default}`' if default else 'empty'} | {parameter.description or ''} |"
            )
    return "\n".join(lines)
