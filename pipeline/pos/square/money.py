"""The payments and refunds of a page of orders, joined to them in envelopes.

The orders of a page changed within a short time, and a payment changes with its order, so one list
of payments for each location and that time has nearly all of them. The others changed at another
time; they are requested around the instant at which they were taken.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from pipeline.pos.listed_fields import pick
from pipeline.pos.pages import instant_of
from pipeline.pos.source import Record
from pipeline.pos.square import endpoints
from pipeline.pos.square.order import Json, open_envelope, read_record, rows, text
from pipeline.pos.square.redaction import PAYMENT, REFUND

LIST_MARGIN = timedelta(minutes=10)
TAKEN_MARGIN = timedelta(minutes=1)
List = Callable[[str, Mapping[str, str], str], list[bytes]]
"""All rows of a list: path, query, key of its rows."""


class _Order(NamedTuple):
    """What an order must be joined with."""

    location: str
    updated_at: datetime | None
    tenders: dict[str, datetime | None]
    has_returns: bool


class MoneyLists:
    """Joins orders with what the lists of payments and refunds say of them."""

    def __init__(self, list_rows: List):
        self._list = list_rows

    def join(
        self, bodies: list[bytes], records: list[Record], stores: list[set[str]]
    ) -> list[Record]:
        """The records of orders in envelopes; an order without money stays as it is."""
        orders = [
            _needs(body, record, named)
            for body, record, named in zip(bodies, records, stores, strict=True)
        ]
        spans: dict[str, list[datetime]] = defaultdict(list)
        for order in orders:
            if order and order.updated_at and (order.tenders or order.has_returns):
                spans[order.location].append(order.updated_at)
        payments: dict[str, bytes] = {}
        refunds: dict[str, dict[str, bytes]] = defaultdict(dict)
        for location, moments in sorted(spans.items()):
            start, end = min(moments) - LIST_MARGIN, max(moments) + LIST_MARGIN
            own_orders = [order for order in orders if order and order.location == location]
            if any(order.tenders for order in own_orders):
                self._add_payments(payments, location, start, end, is_created=False)
            if any(order.has_returns for order in own_orders):
                self._add_refunds(refunds, location, start, end)
            for order in own_orders:
                missing = [moment for name, moment in order.tenders.items() if name not in payments]
                taken_at = [moment for moment in missing if moment]
                if taken_at:
                    first, last = min(taken_at) - TAKEN_MARGIN, max(taken_at) + TAKEN_MARGIN
                    self._add_payments(payments, location, first, last, is_created=True)
        return [
            _enveloped(body, record, order, payments, refunds.get(record.number or "", {}))
            for body, record, order in zip(bodies, records, orders, strict=True)
        ]

    def _add_payments(
        self,
        payments: dict[str, bytes],
        location: str,
        start: datetime,
        end: datetime,
        *,
        is_created: bool,
    ) -> None:
        params = endpoints.money_params(location, start, end, is_created=is_created)
        for row in self._list(endpoints.PAYMENTS, params, "payments"):
            if name := text(json.loads(row), "id"):
                payments[name] = msgspec.json.encode(pick(PAYMENT, row))

    def _add_refunds(
        self, refunds: dict[str, dict[str, bytes]], location: str, start: datetime, end: datetime
    ) -> None:
        params = endpoints.money_params(location, start, end, is_created=False)
        for row in self._list(endpoints.REFUNDS, params, "refunds"):
            fields = json.loads(row)
            name, order = text(fields, "id"), text(fields, "order_id")
            if name and order:
                refunds[order][name] = msgspec.json.encode(pick(REFUND, row))


def _needs(body: bytes, record: Record, stores: set[str]) -> _Order | None:
    """The tenders of an order, and whether it has returns; None if unreadable."""
    if record.number is None or not stores:
        return None
    order: Json = open_envelope(json.loads(body)).order
    tenders = {
        name: instant_of(tender.get("created_at"))
        for tender in rows(order, "tenders")
        if tender.get("type") != "NO_SALE"
        and (name := text(tender, "payment_id") or text(tender, "id"))
    }
    return _Order(min(stores), record.updated_at, tenders, bool(rows(order, "returns")))


def _enveloped(
    body: bytes,
    record: Record,
    order: _Order | None,
    payments: Mapping[str, bytes],
    refunds: Mapping[str, bytes],
) -> Record:
    """The record of an order's envelope; payments and refunds as in the order."""
    own_payments = [payments[name] for name in (order.tenders if order else ()) if name in payments]
    paid_back = [refunds[name] for name in sorted(refunds)]
    if not own_payments and not paid_back:
        return record
    envelope = b'{"order":%s,"payments":[%s],"refunds":[%s]}' % (
        body,
        b",".join(own_payments),
        b",".join(paid_back),
    )
    return read_record(envelope)
