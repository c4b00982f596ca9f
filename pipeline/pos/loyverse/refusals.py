"""Errors for Loyverse's refusals: what they mean and what to do."""

from __future__ import annotations

from pipeline.errors import HistoryLimit, NotServed, SourceError, Unauthorized
from pipeline.extract.http_faults import RefusedRequest
from pipeline.pos.api import explain_refusal, read_refusal


def explain(refused: RefusedRequest, call: str) -> SourceError:
    """The error that explains `refused` and says what to do."""
    refusal = read_refusal(refused, call, ("code", "details"))
    match refused.status:
        case 401:
            return Unauthorized(
                f"{refusal.answer}: the access token is missing, mistyped or revoked; make a new"
                " one in the Back Office (Settings > Access tokens) and set LOYVERSE_TOKEN"
            )
        case 402:
            return HistoryLimit(
                f"{refusal.answer}: the account's plan does not serve these receipts. They are not"
                " lost to the shop: 'Unlimited sales history' in the Back Office restores access;"
                " without it, receipts older than 31 days can never be read again"
            )
        case 403 | 404 if call == "GET /shifts":
            return NotServed(
                f"{refusal.answer}: the token or the account does not serve shifts of the cash"
                " drawer; if the shop uses them, give the token the scope SHIFTS_READ"
            )
        case 403:
            return Unauthorized(
                f"{refusal.answer}: the token lacks permission to read this; give it the read"
                " scopes of receipts, items, employees, stores, devices, payment types, taxes and"
                " merchant"
            )
    return explain_refusal(refusal)
