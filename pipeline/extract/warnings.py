"""What extraction must tell a person, in a sentence each; None where there is nothing to tell.
Instants are UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta

HISTORY_DAYS = 31
_GAP_DAYS = (3, 7, 14, 21)
_SKEW = timedelta(minutes=2)


def gap_warning(last_window_end: datetime, now: datetime, limited: bool) -> str | None:
    """Warns at 3, 7, 14 and 21 days without extraction on an account that serves 31 days only."""
    days = (now - last_window_end).days
    if not limited or days < _GAP_DAYS[0]:
        return None
    if days >= HISTORY_DAYS:
        return (
            f"nothing has been extracted for {days} days, and the account serves {HISTORY_DAYS}:"
            f" the receipts of the first {days - HISTORY_DAYS} of them can no longer be read; run"
            " now, and open 'Unlimited sales history' in the Back Office to get them back"
        )
    reached = max(step for step in _GAP_DAYS if step <= days)
    return (
        f"nothing has been extracted for {days} days (warning at {reached}): the account serves"
        f" {HISTORY_DAYS} days of history, so in {HISTORY_DAYS - days} days receipts begin to be"
        " lost for good; find out why the nights do not run"
    )


def skew_warning(skew: timedelta | None, waited: timedelta = timedelta(0)) -> str | None:
    """Warns when the shop's clock and ours differ; `skew` is theirs less ours, None when the shop
    tells no time.

    A run has one `now`, its first: so their clock may also be ahead by as long as the run has
    `waited` since.
    """
    if skew is None:
        return (
            "the shop's server tells no time (no Date header), so nobody can say whether this"
            " machine's clock is right"
        )
    if -_SKEW < skew < waited + _SKEW:
        return None
    seconds = int(abs(skew).total_seconds())
    side = "behind" if skew > timedelta(0) else "ahead of"
    return (
        f"this machine's clock is {seconds // 60} min {seconds % 60} s {side} the shop's server; "
        "nothing is lost, but windows close early or late: set the clock right"
    )


def history_limit_warning(truncated_at: datetime) -> str:
    """What it costs that an account's history is limited."""
    return (
        f"truncated at {truncated_at:%Y-%m-%d %H:%M} UTC: the account serves no receipts that were"
        " received before, so their sales, and later cancellations of them, are missing;"
        " 'Unlimited sales history' in the Back Office opens them, and a sweep then fills the span"
    )
