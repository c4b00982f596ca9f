"""The daily closing message and the weekly one, from the summaries of the lake.

The daily one is about the last complete business day of a run, the weekly one about the week that
ended last, on that day or before: a run that fails on a Sunday loses no week. Each is sent once to
each recipient; a run after a gap sends the newest ones only.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal, get_args

import reports
from pipeline import settings
from pipeline.deliver import ReportEmail
from pipeline.errors import ConfigError
from pipeline.extract.window_bounds import DAY
from pipeline.load import SHIFTS, SUMMARY
from pipeline.months import months_before, months_between
from pipeline.settings.run_context import once_per_run
from pipeline.targets import lake
from pipeline.tasks.business_days import history_period
from pipeline.tasks.labour import labour
from pipeline.tasks.monthly_summary import MonthlySummary
from pipeline.tasks.shifts import MonthlyShifts, shift_sources
from pipeline.tasks.tables import read_summary, read_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from reports.render import message

Period = Literal["daily", "weekly"]
_SUMMARIES = ["days", "stores", "hours"]
# days from the last day of a week back to the first one that it is compared with
_REACH = 6 + 4 * 7
ONCE = "1"  # the version of a message in the delivery log: no correction of it is sent
PERIODS: tuple[Period, ...] = get_args(Period)


def closing_messages(day: dt.date) -> list[tuple[Period, dt.date]]:
    """The messages that are due after `day`, each with the last day it is about."""
    mails, messages = settings.mail(), list[tuple[Period, dt.date]]()
    if mails.daily:
        messages.append(("daily", day))
    sunday = day - dt.timedelta(day.isoweekday() % 7)
    if mails.weekly and sunday >= history_period().first:
        messages.append(("weekly", sunday))
    return messages


@once_per_run
def closing_message(period: Period, day: dt.date, locale: str) -> message.Message:
    """The message of `period` that ends with `day`; ConfigError if the lake lacks it."""
    from reports.render import message  # and with it pandas, only where a message is due

    month = day.replace(day=1)
    earliest = min(months_before(month, 1), (day - _REACH * DAY).replace(day=1))
    summaries = {}
    for first in months_between(earliest, month):
        if lake().current(SUMMARY, f"{first:%Y-%m}"):
            summaries[first] = read_summary(MonthlySummary(month=first), _SUMMARIES)
    if month not in summaries:
        raise ConfigError(f"the lake has no summary of {month:%Y-%m} yet; run `pos run` first")
    content = reports.closing_message(
        period,
        day,
        summaries,
        locale=locale,
        lake_decimals=settings.rules().decimals,
        decimals=settings.decimals(),
        plans=settings.plans(labour()),
        history_starts=history_period().first,
        shifts=_shifts(month),
        currency=settings.default_store().currency,
    )
    return message.read_message(content, version=1, is_correction=False, has_pdf=False)


def _shifts(month: dt.date) -> pa.Table | None:
    """The published shifts of the cash drawers of the month; None without any."""
    if not shift_sources() or not lake().current(SHIFTS, f"{month:%Y-%m}"):
        return None
    return read_tables(MonthlyShifts(month=month)).get(SHIFTS)


def render_email(content: message.Message, name: str = "", pdf: bytes = b"") -> ReportEmail:
    """A message in each form, with a PDF or without."""
    from reports.render import mail, slack

    text, page = mail.render_text(content), mail.render_html(content)
    return ReportEmail(content.subject, text, page, name, pdf, slack.render_blocks(content))
