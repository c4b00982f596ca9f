"""Warnings of the extraction: a sentence each, or None.

Instants are UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta

HISTORY_DAYS = 31
_GAP_DAYS = (3, 7, 14, 21)
_SKEW = timedelta(minutes=2)


def gap_warning(last_window_end: datetime, now: datetime, limited: bool) -> str | None:
    """Warning after 3, 7, 14 and 21 days without extraction, for a limited history."""
    days = (now - last_window_end).days
    if not limited or days < _GAP_DAYS[0]:
        return None
    if days >= HISTORY_DAYS:
        return (
            f"nothing has been extracted for {days} days, and the account serves only"
            f" {HISTORY_DAYS} days: receipts of the first {days - HISTORY_DAYS} of these days can"
            " no longer be read; run now, and activate 'Unlimited sales history' in the Back Office"
            " to get them back"
        )
    reached = max(step for step in _GAP_DAYS if step <= days)
    return (
        f"nothing has been extracted for {days} days (warning at {reached}): the account serves"
        f" {HISTORY_DAYS} days of history, so in {HISTORY_DAYS - days} days receipts begin to be"
        " lost; find out why the daily run does not start"
    )


def skew_warning(skew: timedelta | None, waited: timedelta = timedelta(0)) -> str | None:
    """Warning if the clocks of the POS's server and of this machine differ.

    `skew` is the server's clock minus this machine's, None if the server sends no time. A run takes
    `now` once, at its start, so the server's clock may also be ahead by the time `waited` since.
    """
    if skew is None:
        return (
            "the POS's server sends no time (no Date header), so this machine's clock cannot be"
            " checked"
        )
    if -_SKEW < skew < waited + _SKEW:
        return None
    seconds = int(abs(skew).total_seconds())
    side = "behind" if skew > timedelta(0) else "ahead of"
    return (
        f"this machine's clock is {seconds // 60} min {seconds % 60} s {side} the POS's server; "
        "nothing is lost, but windows close early or late: set the clock"
    )


def history_limit_warning(truncated_at: datetime) -> str:
    """Warning that the account's history limit hides receipts."""
    return (
        f"truncated at {truncated_at:%Y-%m-%d %H:%M} UTC: the account serves no receipts that were"
        " received before, so their sales, and later cancellations of them, are missing;"
        " 'Unlimited sales history' in the Back Office restores access; a rescan then fills the"
        " period"
    )
