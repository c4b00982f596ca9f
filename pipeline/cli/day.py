"""Print the closing message of the last complete business day, or of its week.

    pos day                              the day
    pos day --week                       the seven days that end with it
    pos day --date 2026-10-31

The same text goes to the recipients of [mail] daily and weekly. Exit code 2 if the lake does not
have the day.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.settings.strict import parse_day
from pipeline.tasks.business_days import history_period
from pipeline.tasks.closing_messages import Period, closing_message
from reports.render.mail import render_text


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--date", type=parse_day, help="YYYY-MM-DD; default: the last complete day")
    parser.add_argument("--week", action="store_true", help="the week that ends with the day")


def run(options: argparse.Namespace) -> int:
    last, first = settings.last_day(), history_period().first
    day = options.date or last
    if not first <= day <= last:
        raise ConfigError(f"{day} is not in the lake: choose a day from {first} to {last}")
    period: Period = "weekly" if options.week else "daily"
    content = closing_message(period, day, settings.locale())
    print(render_text(replace(content, reason="")), end="")
    return 0
