"""Environment overrides: one variable, SECTION_KEY, for every key of luigi.cfg.

A variable wins over luigi.cfg and over the file that LUIGI_CONFIG_PATH names; a command-line option
such as --lake-url wins over both. The value is taken as written: an empty variable is an empty
value. Raises UnclearConfig for a name that is probably a misspelled setting, because that setting
would silently keep another value. Other names are ignored, whatever they begin with: containers, CI
and crontabs have a MAIL_FROM or REPORT_DIR of their own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from io import StringIO
from pathlib import Path

import luigi
from dotenv import load_dotenv
from luigi.interface import core
from luigi.retcodes import retcode
from luigi.worker import worker

from pipeline.errors import UnclearConfig
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
# A name counts as misspelled from this similarity on (difflib's ratio): POS_URL with one wrong
# letter does; SFTP_PASSWORD, which begins like no section, does not count as SMTP_PASSWORD.
_ALIKE, _ALIKE_SECRET = 0.85, 0.93
_FOREIGN = "SPARK_MASTER_URL"  # Spark's images set it; it would count as SPARK_MASTER misspelled
PRIVATE_FILE = Path("config/config.env")
_ADDRESS = re.compile(r"(tcp|udp|sctp)://\S+")


def override_name(section: str, key: str) -> str:
    """Name of the variable that overrides a key of luigi.cfg."""
    return f"{section}_{key}".upper()


def known_overrides() -> dict[str, tuple[str, str]]:
    """Section and key of each variable."""
    keys = _LUIGI | {section.__name__: dict(section.get_params()) for section in SECTIONS}
    return {
        override_name(section, key): (section, key) for section in keys for key in keys[section]
    }


def read_private_file() -> None:
    """Fill what the environment does not set from PRIVATE_FILE, however it is encoded."""
    with suppress(OSError):  # check_folder names a file that this user may not read
        text = PRIVATE_FILE.read_text(encoding="utf-8-sig", errors="surrogateescape")
        load_dotenv(stream=StringIO(text))


def apply_environment(environment: Mapping[str, str] = os.environ) -> None:
    """Apply the variables to Luigi's configuration."""
    config = luigi.configuration.get_config()
    for name, (section, key) in known_overrides().items():
        if name in environment and not _is_service(name, environment[name]):
            config.set(section, key, environment[name].replace("%", "%%"))
    new_run()


def check_names(environment: Mapping[str, str] = os.environ) -> None:
    """Refuse a variable that is probably a misspelled setting or secret."""
    settings = known_overrides()
    prefixes = tuple({override_name(section, "") for section, _ in settings.values()})
    for name in sorted(environment.keys() - settings.keys() - set(OWN_SECRETS) - {_FOREIGN}):
        if name.startswith(prefixes):
            close = get_close_matches(name, [*settings, *OWN_SECRETS], 1, _ALIKE)
        else:
            close = get_close_matches(name, OWN_SECRETS, 1, _ALIKE_SECRET)
        if close and not _is_service(name, environment[name]):
            raise UnclearConfig(
                f"the environment variable {name} is not a setting of this project; is {close[0]}"
                " meant? Correct or unset it (all names: docs/settings.md)"
            )


def _is_service(name: str, value: str) -> bool:
    """Whether Kubernetes or Docker has set the variable for a service, such as `mail`."""
    return name.endswith("_PORT") and bool(_ADDRESS.fullmatch(value))


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
