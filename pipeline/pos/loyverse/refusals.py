"""What Loyverse's refusals mean, and who must do what about them.

In: a Refused answer, whose body should be {"errors": [{"code", "details", "field"}]}. Out: the
error to raise.
"""

from __future__ import annotations

import msgspec

from pipeline.errors import HistoryLimit, SourceError, SourceFatal, SourceRetriable, Unauthorized
from pipeline.extract.http import Refused


class CursorRefused(SourceRetriable):
    """The API does not know the cursor (any more); the list must be begun again."""


class _Error(msgspec.Struct):
    code: str = ""
    details: str = ""
    field: str | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error]


def explain(refused: Refused, path: str) -> SourceError:
    """The error that says what `refused` means and what to do."""
    try:
        said = msgspec.json.decode(refused.body, type=_Errors).errors[0]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, IndexError):
        said = _Error()
    detail = (
        "".join(c if c.isprintable() else " " for c in f"{said.code} {said.details}".strip())[:300]
        or "no reason given"
    )
    told = f"GET {path}: HTTP {refused.status} ({detail})"
    match refused.status:
        case 400 if said.code == "INVALID_CURSOR":
            return CursorRefused(
                f"{told}: the API forgets its cursors faster than the list can be read; run again"
            )
        case 401:
            return Unauthorized(
                f"{told}: the access token is missing, mistyped or revoked; make a new one in the"
                " Back Office (Settings > Access tokens) and set LOYVERSE_TOKEN"
            )
        case 402:
            return HistoryLimit(
                f"{told}: the account's plan does not serve these receipts. They are not lost to"
                " the shop: 'Unlimited sales history' in the Back Office opens them; without it,"
                " whatever is older than 31 days can never be read again"
            )
        case 403:
            return Unauthorized(
                f"{told}: the token lacks the right to read this; give it the read scopes of"
                " receipts, items, employees, stores, devices, payment types, taxes and merchant"
            )
        case 404:
            return SourceFatal(
                f"{told}: there is nothing at this address; check the address of the API"
            )
    return SourceFatal(
        f"{told}: the API refuses what this version asks; look for a newer one, or report it"
    )
