"""Errors for Loyverse's refusals: what they mean and what to do.

In: a Refused answer, whose body should be {"errors": [{"code", "details", "field"}]}. Out: the
error to raise.
"""

from __future__ import annotations

import msgspec

from pipeline.errors import (
    HistoryLimit,
    NotServed,
    SourceError,
    SourceFatal,
    SourceRetriable,
    Unauthorized,
)
from pipeline.extract.http import Refused


class CursorRefused(SourceRetriable):
    """The API does not know the cursor (any more); the list must begin again."""


class _Error(msgspec.Struct):
    code: str = ""
    details: str = ""
    field: str | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error]


def explain(refused: Refused, path: str) -> SourceError:
    """The error that explains `refused` and says what to do."""
    try:
        reason = msgspec.json.decode(refused.body, type=_Errors).errors[0]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, IndexError):
        reason = _Error()
    detail = (
        "".join(c if c.isprintable() else " " for c in f"{reason.code} {reason.details}".strip())[
            :300
        ]
        or "no reason given"
    )
    answer = f"GET {path}: HTTP {refused.status} ({detail})"
    match refused.status:
        case 400 if reason.code == "INVALID_CURSOR":
            return CursorRefused(
                f"{answer}: the API forgets its cursors faster than the list can be read; run again"
            )
        case 401:
            return Unauthorized(
                f"{answer}: the access token is missing, mistyped or revoked; make a new one in the"
                " Back Office (Settings > Access tokens) and set LOYVERSE_TOKEN"
            )
        case 402:
            return HistoryLimit(
                f"{answer}: the account's plan does not serve these receipts. They are not lost to"
                " the shop: 'Unlimited sales history' in the Back Office opens them; without it,"
                " whatever is older than 31 days can never be read again"
            )
        case 403 | 404 if path == "/shifts":
            return NotServed(
                f"{answer}: the token or the account does not serve shifts of the cash drawer; if"
                " the shop uses them, give the token the right SHIFTS_READ"
            )
        case 403:
            return Unauthorized(
                f"{answer}: the token lacks permission to read this; give it the read scopes of"
                " receipts, items, employees, stores, devices, payment types, taxes and merchant"
            )
        case 404:
            return SourceFatal(
                f"{answer}: there is nothing at this address; check the address of the API"
            )
    return SourceFatal(
        f"{answer}: the API refuses what this version asks; look for a newer one, or report it"
    )
