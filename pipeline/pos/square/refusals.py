"""Errors for Square's refusals: what they mean and what to do."""

from __future__ import annotations

from pipeline.errors import SourceError, Unauthorized
from pipeline.extract.http_faults import RefusedRequest
from pipeline.pos.api import explain_refusal, read_refusal


def explain(refused: RefusedRequest, call: str) -> SourceError:
    """The error that explains `refused`; `call` is method and path."""
    refusal = read_refusal(refused, call, ("code", "detail", "field"))
    if refused.status == 401:
        return Unauthorized(
            f"{refusal.answer}: the access token is missing, mistyped, expired or revoked; copy it"
            " from the Developer Console (Applications > Credentials) and set SQUARE_TOKEN"
        )
    if refused.status == 403:
        return Unauthorized(
            f"{refusal.answer}: the token lacks permission to read this; give it ORDERS_READ,"
            " PAYMENTS_READ, ITEMS_READ, MERCHANT_PROFILE_READ and EMPLOYEES_READ"
        )
    return explain_refusal(refusal)
