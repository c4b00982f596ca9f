"""Options of commands for a period, and the message about a truncated one."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import Any

from pipeline import settings
from pipeline.errors import ConfigError, ExitCode


def add_days(parser: argparse.ArgumentParser, **first: Any) -> None:
    """Add --from, a business day with the options `first`, and --to."""
    _add(
        parser,
        "--from",
        "first",
        settings.DayParameter(),
        {"help": "first business day, YYYY-MM-DD"} | first,
    )
    _add(
        parser,
        "--to",
        "last",
        settings.DayParameter(),
        {"help": "last business day; default: the last closed one"},
    )


def add_months(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add --from and --to, months."""
    default = "" if required else "; default: all"
    first = {"help": f"first month, YYYY-MM{default}", "required": required}
    _add(parser, "--from", "first", settings.MonthParameter(), first)
    _add(
        parser,
        "--to",
        "last",
        settings.MonthParameter(),
        {"help": "last month", "required": required},
    )


def _add(
    parser: argparse.ArgumentParser,
    option: str,
    name: str,
    kind: settings.DayParameter | settings.MonthParameter,
    options: dict[str, Any],
) -> None:
    parser.add_argument(option, dest=name, type=kind.parse, **options)


def check_period(first: date, last: date) -> None:
    """Raise ConfigError for a period that is empty or has not closed."""
    if not first <= last <= settings.last_day():
        raise ConfigError(
            f"{first} to {last} is not a period of closed business days; the last closed one is"
            f" {settings.last_day()}"
        )


def degraded_code(limit: str | None) -> ExitCode:
    """The exit code of an extraction; says if the account's history ends at `limit`."""
    if not limit:
        return ExitCode.DONE
    print(f"truncated: the account serves no receipts received before {limit}", file=sys.stderr)
    return ExitCode.DEGRADED
