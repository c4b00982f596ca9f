"""Loyverse API v1.0 as a pure function of a shop's data, an instant and a request.

It serves what the pipeline reads: lists with filters on dates and deleted rows (other parameters
are ignored, as by the real API), single receipts and the merchant. Receipts are sorted by newest
`created_at` first, whatever the filter. A cursor is opaque; it holds filters, limit and position.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

from pipeline.simulator.ids import parse_stamp
from pipeline.simulator.loyverse.protocol import (
    DATES,
    RESOURCES,
    ApiError,
    LoyverseRules,
    Page,
    Request,
)
from pipeline.simulator.source import Query, ShopData, encode

DAY = 86_400_000


def answer(
    source: ShopData, now: int, path: str, params: Mapping[str, str], rules: LoyverseRules
) -> Page | bytes:
    """Answer to GET `path` (below /v1.0) at `now`; raises ApiError."""
    resource, _, key = path.strip("/").partition("/")
    if resource == "merchant" and not key:
        _allow("MERCHANT_READ", rules)
        return encode(source.merchant())
    if resource not in RESOURCES or (key and resource != "receipts"):
        raise ApiError(404, "NOT_FOUND", f"There is no {path}.")
    _allow(RESOURCES[resource].scope, rules)
    if key:
        return _one_receipt(source, now, key, rules)
    return _list(source, now, parse(resource, params, rules), rules)


def parse(resource: str, params: Mapping[str, str], rules: LoyverseRules) -> Request:
    """Request from known parameters; a cursor's own filters replace all others."""
    spec = RESOURCES[resource]
    limit = _limit(params["limit"], rules) if spec.pages and "limit" in params else None
    if spec.pages and "cursor" in params:
        request = Request.from_cursor(params["cursor"], resource)
        return request if limit is None else replace(request, limit=limit)
    supported = {*spec.dates, "show_deleted"} if spec.deleted else set(spec.dates)
    return Request(
        resource,
        {name: text for name, text in params.items() if name in supported},
        limit or rules.default_limit,
    )


def _allow(scope: str, rules: LoyverseRules) -> None:
    if rules.scopes is not None and scope not in rules.scopes:
        raise ApiError(403, "FORBIDDEN", f"The access token does not have the scope {scope}.")


def _limit(text: str, rules: LoyverseRules) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 10):
        raise ApiError(400, "INCORRECT_VALUE_TYPE", "The value must be an integer.", "limit")
    if not 1 <= int(text) <= rules.max_limit:
        detail = f"The value must be from 1 to {rules.max_limit}."
        raise ApiError(400, "INVALID_VALUE", detail, "limit")
    return int(text)


def _query(params: Mapping[str, str]) -> Query:
    bounds: dict[str, int | None] = dict.fromkeys(DATES)
    detail = "The value must be a date and time in UTC (ISO 8601)."
    for name in filter(params.__contains__, DATES):
        try:
            bounds[name] = parse_stamp(params[name])
        except ValueError as error:
            raise ApiError(400, "INCORRECT_VALUE_TYPE", detail, name) from error
    for start, end in (DATES[:2], DATES[2:]):
        earliest, latest = bounds[start], bounds[end]
        if earliest is not None and latest is not None and earliest > latest:
            raise ApiError(400, "INVALID_RANGE", f"{end} is earlier than {start}.", end)
    return Query(*bounds.values())


def _list(source: ShopData, now: int, request: Request, rules: LoyverseRules) -> Page:
    query, spec = _query(request.params), RESOURCES[request.resource]
    after = tuple(request.after) if request.after else None
    if request.resource == "receipts":
        oldest = _history_start(now, rules)
        if query.created_min is not None and query.created_min < oldest:
            raise _beyond_history(rules)
        entries = source.receipts(now, query, after)
    else:
        oldest, shown = -math.inf, request.params.get("show_deleted") == "true"
        entries = (
            row
            for row in sorted(source.rows(now, request.resource, query), reverse=True)
            if query.admits(row)
            and (shown or not row.deleted)
            and (after is None or row[:2] < after)
        )
    batch = list(islice(entries, request.limit + 1)) if spec.pages else list(entries)
    page = batch[: request.limit] if spec.pages else batch
    if any(entry.created < oldest for entry in page):
        raise _beyond_history(rules)
    following = None
    if len(batch) > len(page):
        following = replace(request, after=page[-1][:2], page=request.page + 1).cursor()
    return Page(request.resource, [entry.read() for entry in page], following, request)


def _one_receipt(source: ShopData, now: int, number: str, rules: LoyverseRules) -> bytes:
    entry = source.find(now, number)
    if entry is None:
        raise ApiError(404, "NOT_FOUND", f"There is no {number} in receipts.")
    if entry.created < _history_start(now, rules):
        raise _beyond_history(rules)
    return entry.read()


def _history_start(now: int, rules: LoyverseRules) -> float:
    """The oldest `created_at` that the account serves."""
    return -math.inf if rules.history_days is None else now - rules.history_days * DAY


def _beyond_history(rules: LoyverseRules) -> ApiError:
    return ApiError(
        402,
        "PAYMENT_REQUIRED",
        f"Unable to retrieve receipts created earlier than {rules.history_days} days ago. "
        "Please subscribe to Unlimited sales history.",
    )
