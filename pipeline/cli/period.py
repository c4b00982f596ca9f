"""Options of commands for a period, and the message about a truncated one."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import Any

from pipeline import settings
from pipeline.errors import ConfigError, ExitCode


def add_days(parser: argparse.ArgumentParser, **first: Any) -> None:
    """Add --from and --to, business days; `first` are more options of --from."""
    day, options = settings.DayParameter().parse, {"help": "first business day, YYYY-MM-DD"} | first
    parser.add_argument("--from", dest="first", type=day, **options)
    last = "last business day; default: the last closed one"
    parser.add_argument("--to", dest="last", type=day, help=last)


def add_months(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add --from and --to, months."""
    month, default = settings.MonthParameter().parse, "" if required else "; default: all"
    first = f"first month, YYYY-MM{default}"
    parser.add_argument("--from", dest="first", type=month, required=required, help=first)
    parser.add_argument("--to", dest="last", type=month, required=required, help="last month")


def add_month(parser: argparse.ArgumentParser, default: str) -> None:
    """Add --month."""
    month = settings.MonthParameter().parse
    parser.add_argument("--month", type=month, help=f"YYYY-MM; default: {default}")


def check_period(first: date, last: date) -> None:
    """Raise ConfigError for a period that is empty or has not closed."""
    if not first <= last <= settings.last_day():
        raise ConfigError(
            f"{first} to {last} is not a period of closed business days; the last closed one is"
            f" {settings.last_day()}"
        )


def truncated_code(limit: str | None) -> ExitCode:
    """The exit code of an extraction; prints a message if the history ends at `limit`."""
    if not limit:
        return ExitCode.DONE
    print(f"truncated: the account serves no receipts received before {limit}", file=sys.stderr)
    return ExitCode.TRUNCATED
