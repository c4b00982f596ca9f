"""What Square's refusals mean, and who must do what about them.

In: a Refused answer, whose body should be {"errors": [{"category", "code", "detail", "field"}]}.
Out: the error to raise.
"""

from __future__ import annotations

import msgspec

from pipeline.errors import SourceError, SourceFatal, SourceRetriable, Unauthorized
from pipeline.extract.http import Refused


class CursorRefused(SourceRetriable):
    """The API does not know the cursor any more; the list must be begun again."""


class _Error(msgspec.Struct):
    code: str = ""
    detail: str = ""
    field: str | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error]


def explain(refused: Refused, call: str) -> SourceError:
    """The error that explains `refused` and what to do; `call` is method and path."""
    try:
        error = msgspec.json.decode(refused.body, type=_Errors).errors[0]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, IndexError):
        error = _Error()
    words = f"{error.code} {error.detail} {error.field or ''}".strip()
    detail = "".join(c if c.isprintable() else " " for c in words)[:300] or "no reason given"
    message = f"{call}: HTTP {refused.status} ({detail})"
    if refused.status == 400 and (error.code == "INVALID_CURSOR" or error.field == "cursor"):
        return CursorRefused(
            f"{message}: the API forgets its cursors faster than the list can be read; run again"
        )
    if refused.status == 401:
        return Unauthorized(
            f"{message}: the access token is missing, mistyped, expired or revoked; copy it from"
            " the Developer Console (Applications > Credentials) and set SQUARE_TOKEN"
        )
    if refused.status == 403:
        return Unauthorized(
            f"{message}: the token lacks permission to read this; give it ORDERS_READ,"
            " PAYMENTS_READ, ITEMS_READ, MERCHANT_PROFILE_READ and EMPLOYEES_READ"
        )
    if refused.status == 404:
        return SourceFatal(
            f"{message}: there is nothing at this address; check the address of the API"
        )
    return SourceFatal(
        f"{message}: the API refuses what this version asks; look for a newer one, or report it"
    )
