"""The expected total of an open month.

Definition: what was sold through the last complete day + for each day that is left the mean of the
same weekday in the WEEKS weeks before. Bounds: what is left × the least and the greatest of week
actual ÷ week expected of those weeks, which contain 1. Takes a month and the one before. Returns
integers; None with under MIN_WEEKS complete weeks or under 20 receipts.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from reports.figures.calendar import dates_of_month
from reports.figures.money import MIN_FOR_PERCENT, by_day
from reports.values import rounded

if TYPE_CHECKING:
    from reports.figures import Figures

WEEKS, MIN_WEEKS = 4, 2


class ExpectedTotal(NamedTuple):
    """What the month is expected to sell, with its bounds."""

    low: int
    expected: int
    high: int


def expected_total(figures: Figures) -> ExpectedTotal | None:
    """The expected total of the open month of `figures`."""
    through, net = figures.through, net_by_day(figures)
    if through is None or not net or figures.total.receipts < MIN_FOR_PERCENT:
        return None
    weeks = min(((through - min(net)).days + 1) // 7, WEEKS)
    left = [day for day in dates_of_month(figures.month) if day > through]
    if weeks < MIN_WEEKS or not left:
        return None
    usual = {
        (through + timedelta(n)).weekday(): Fraction(
            sum(net.get(through + timedelta(n - 7 * k), 0) for k in range(1, weeks + 1)), weeks
        )
        for n in range(1, 8)
    }
    week = sum(usual.values(), Fraction())
    if week <= 0:
        return None
    ratios = [
        sum(net.get(through - timedelta(7 * k + n), 0) for n in range(7)) / week
        for k in range(weeks)
    ]
    rest = sum((usual[day.weekday()] for day in left), Fraction())
    so_far = figures.total.net_sales
    bounds = (min([*ratios, Fraction(1)]), Fraction(1), max([*ratios, Fraction(1)]))
    return ExpectedTotal(  # in another order if more is refunded than sold on the days left
        *sorted(so_far + rounded(rest * bound) for bound in bounds)
    )


def net_by_day(figures: Figures) -> dict[date, int]:
    """Net sales of the days of the month and of the complete month before."""
    months = filter(None, (figures.complete_before, figures.now))
    return {day: net for tables in months for day, (net, _) in by_day(tables["days"]).items()}
