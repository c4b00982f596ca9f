"""Write the configuration of a shop into this folder, and test the connection.

    pos init                                       asks for each value that no option gives
    pos init --source simulator --yes              the simulated shop, without questions
    pos init --source loyverse --timezone America/Bogota --currency COP --locale es_CO
    pos init --test                                only tests the connection of this folder

Writes luigi.cfg, the files of config/ and a .gitignore that keeps the secrets out of git, and
overwrites no configuration. It asks for the token without an echo, or reads it from the
environment; there is no option for it, because other users of the machine can read a command line.
With a token it tests the connection and shows the last three receipts. Then `pos run` builds the
first report. Exit code 2 if a file exists, a value is invalid, or the point of sale refuses.
"""

from __future__ import annotations

import argparse
import getpass
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline import pos
from pipeline.errors import ConfigError, ExitCode
from pipeline.months import months_before

SIMULATOR = "simulator"
DEFAULTS = Path(__file__).parents[1] / "defaults"

ADDRESSES = {"loyverse": "https://api.loyverse.com/v1.0", "square": "https://connect.squareup.com"}
HISTORY_DAYS = 30  # of an account without unlimited history, with a day to spare
SHARED = ("logging.cfg", "goals.toml", "calendar.toml", "fees.toml")
"""Files of config/ that are the same for every shop."""
_EXAMPLES = {"items", "modifiers", "categories", "dishes", "combos"}
"""Tables of menu.toml that hold the simulated shop's names."""
_PAGES = "# The pages named docs/... are in the repository of pos-sales-pipeline."
_SECTION = re.compile(r"\[+([\w.]+)\]+")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", choices=_sources(), help="the point of sale")
    parser.add_argument("--url", help="address of its API; default: the vendor's")
    parser.add_argument("--timezone", help="IANA time zone of the shop, such as America/Bogota")
    parser.add_argument("--day-starts-at", help="local time at which a business day begins")
    parser.add_argument("--currency", help="ISO 4217 code, such as MXN")
    parser.add_argument("--locale", help="language and region of the reports: es_MX, en_US, ...")
    parser.add_argument("--history-starts", help="first business day to extract, YYYY-MM-DD")
    parser.add_argument(
        "--limited-history", action="store_true", help="the account serves the last 31 days only"
    )
    parser.add_argument("--lake", help="folder of the lake, or s3://bucket/prefix")
    parser.add_argument("--yes", action="store_true", help="take the default of what is not given")
    parser.add_argument("--test", action="store_true", help="write nothing, test the connection")


def run(options: argparse.Namespace) -> int:
    if options.test:
        return _show_receipts()
    files = [Path(name) for name in ("luigi.cfg", "config/menu.toml", "config/config.env")]
    if existing := [str(file) for file in files if file.exists()]:
        raise ConfigError(
            f"{', '.join(existing)} exists in {Path.cwd()} and is kept; run pos init in an empty"
            " folder, or pos init --test here"
        )
    source = _ask(options, "source", f"Point of sale ({', '.join(_sources())})", SIMULATOR)
    if source not in _sources():
        raise ConfigError(f"{source} is no point of sale; known are {', '.join(_sources())}")
    token = _read_token(source, is_quiet=options.yes)
    _write(_configuration(options, source), source, token)
    written = "luigi.cfg, config/menu.toml, config/config.env (private)"
    print(f"written to {Path.cwd()}: {written}", flush=True)  # before what the test prints
    if source != SIMULATOR and not token:
        print(f"next: put {_token_name(source)} into config/config.env, then: pos init --test")
        return ExitCode.DONE
    code = subprocess.run(
        [sys.executable, "-m", "pipeline", "init", "--test"], check=False
    ).returncode
    if code == ExitCode.DONE:
        print("next: pos run")
    return code


def _sources() -> list[str]:
    """The points of sale that have an API, and the simulated shop."""
    return [SIMULATOR, *(name for name in pos.SOURCES if name != "files")]


def _token_name(source: str) -> str:
    return f"{source.upper()}_TOKEN"


def _ask(options: argparse.Namespace, name: str, question: str, default: str) -> str:
    """The value of an option, else the answer to a question; Enter takes the default."""
    given: str | None = getattr(options, name)
    if given is not None:
        return given
    if options.yes:
        return default
    if not sys.stdin.isatty():
        raise ConfigError(
            f"--{name.replace('_', '-')} is not given and there is no terminal to ask; give it, or"
            " add --yes to take the defaults"
        )
    return input(f"{question} [{default}]: ").strip() or default


def _read_token(source: str, *, is_quiet: bool) -> str:
    if source == SIMULATOR:
        return ""
    value = os.environ.get(_token_name(source), "")
    if value or is_quiet or not sys.stdin.isatty():
        return value
    return getpass.getpass(f"Access token of {source} (not shown; empty: later): ").strip()


def _configuration(options: argparse.Namespace, source: str) -> dict[tuple[str, str], str]:
    """The values that differ from luigi.cfg as shipped, by section and key."""
    shipped = (DEFAULTS / "luigi.cfg").read_text(encoding="utf-8")
    today = datetime.now(UTC).date()
    is_simulated = source == SIMULATOR
    starts = months_before(today, 1) if is_simulated else today - timedelta(days=HISTORY_DAYS)
    url = options.url or (SIMULATOR if is_simulated else ADDRESSES.get(source, ""))
    questions = {
        ("shop", "timezone"): ("timezone", "Time zone of the shop"),
        ("shop", "day_starts_at"): ("day_starts_at", "A business day begins at"),
        ("shop", "currency"): ("currency", "Currency"),
        ("report", "locale"): ("locale", "Language and region of the reports"),
        ("lake", "url"): ("lake", "Folder of the lake, or s3://bucket/prefix"),
    }
    values = {
        key: _ask(options, name, question, _value(shipped, *key))
        for key, (name, question) in questions.items()
    }
    if not is_simulated:
        values["pos", "source"] = source
    if options.limited_history:
        values["pos", "limited_history"] = "true"
    values["pos", "url"] = url
    values["pos", "history_starts"] = _ask(
        options, "history_starts", "First business day to extract", str(starts)
    )
    return values


def _write(values: dict[tuple[str, str], str], source: str, token: str) -> None:
    """Write the files. Raises ConfigError for values that the settings refuse."""
    text = _read_default("luigi.cfg")
    for (section, key), value in values.items():
        _value(text, section, key)  # it is there to be replaced
        text = _replace(text, section, key, value)
    menu = _read_default("menu.toml")
    secrets = _read_default("config.env.example")
    if token:
        secrets = re.sub(
            rf"(?m)^{_token_name(source)}=$", f"{_token_name(source)}={token}", secrets
        )
    Path("config").mkdir(exist_ok=True)
    Path("luigi.cfg").write_text(text, encoding="utf-8")
    Path("config/menu.toml").write_text(
        menu if source == SIMULATOR else comment_examples(menu), encoding="utf-8"
    )
    for name in SHARED:
        Path("config", name).write_text(_read_default(name), encoding="utf-8")
    if not Path(".gitignore").exists():
        Path(".gitignore").write_text("config/config.env\n/data/\n", encoding="utf-8")
    private = os.open("config/config.env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(private, "w", encoding="utf-8") as file:
        file.write(secrets)


def _read_default(name: str) -> str:
    """A file as shipped, for a folder without a checkout; says where docs/ is."""
    text = (DEFAULTS / name).read_text(encoding="utf-8")
    text = text.replace(" (see config/config.env.example)", "")
    if name == "config.env.example":
        text = text.split("\n", 2)[2]  # without the advice to copy the file
    return f"{_PAGES}\n{text}" if "docs/" in text else text


def _value(text: str, section: str, key: str) -> str:
    """A value in the text of luigi.cfg."""
    match = re.search(_pattern(section, key), text)
    if match is None:
        raise ConfigError(f"{DEFAULTS / 'luigi.cfg'} has no [{section}] {key}; install it again")
    return match[2]


def _replace(text: str, section: str, key: str, value: str) -> str:
    return re.sub(_pattern(section, key), lambda match: match[1] + value.replace("%", "%%"), text)


def _pattern(section: str, key: str) -> str:
    return rf"(?m)(^\[{section}\]\n(?:(?!\[).*\n)*?{key} = )(.*)$"


def comment_examples(menu: str) -> str:
    """The menu file with the simulated shop's own names as comments."""
    lines, is_example = [], False
    for line in menu.splitlines():
        if match := _SECTION.match(line):
            is_example = match[1] in _EXAMPLES
        is_rule = is_example and line and not line.startswith("#")
        lines.append(f"# {line}" if is_rule else line)
    return "\n".join(lines) + "\n"


def _show_receipts() -> int:
    """Print the last three receipts of the point of sale. Raises PipelineError."""
    from pipeline import settings
    from pipeline.lakes import PRIMARY
    from pipeline.lakes.connect import account_of, connect
    from pipeline.pos.source import catalog_json
    from pipeline.tasks.raw import check_stores
    from pipeline.transform import Catalog, Raw, explain

    settings.check_folder()
    settings.check()
    source, now = connect(), settings.now()
    print(f"connected: {account_of(source)}")
    rows_by_name = source.catalog()
    check_stores(PRIMARY, rows_by_name)
    for days in (1, 7, 30):
        pages = source.receipts(now - timedelta(days=days), None)
        records = [r for page in pages for r in page.records if r.number and r.updated_at]
        if records:
            break
    else:
        print("no receipt has changed in the last 30 days")
        return ExitCode.DONE
    catalog_body = catalog_json(rows_by_name)
    catalog = Catalog.read(catalog_body, source.reader.to_canonical_catalog)
    newest = sorted(records, key=lambda record: record.updated_at or now, reverse=True)
    print("last receipts:")
    for number, record in list({r.number: r for r in reversed(newest)}.items())[:-4:-1]:
        raw = Raw("", "", record.body + b"\n")
        explanation = explain(number or "", [raw], catalog, settings.rules())
        row = explanation.receipt
        print(
            f"  {number}  {row['receipt_type']}  {row['sold_at_local']:%Y-%m-%d %H:%M}"
            f"  {row['total']} {row['currency']}"
            if row
            else f"  {explanation.text}"
        )
    return ExitCode.DONE
