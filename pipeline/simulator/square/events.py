"""Events that only Square's API has, drawn from the shop's seed.

A sale has at most one event (`fate`), and a refunded sale has none. A register can also ring orders
that have no receipt at Loyverse (`extras`). Both are pure functions of the seed and of the sale, or
of the register and day. `enabled=False` turns them off.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from ..ledger import REFUND_LAGS, Ledger, Slot
from ..rhythm import draw_times
from ..tickets import Tickets
from ..trade import CARD
from .orders import CUSTOM_AMOUNT, DRAFT, GIFT_CARD, NO_SALE, OPEN

LONGEST_CHANGE = 24  # days from a receipt's arrival to the last change or follower of its order
_LAG_OF_POSITION = {position: days for days, positions, _ in REFUND_LAGS for position in positions}
_HOUR, _DAY = 3600, 86_400
# Of eight sales: neighbours, the earlier one first.
_EXCHANGED_POSITION, _EXCHANGING_POSITION = 6, 7
_SHARES = (  # event, cumulated share of the sales without another event
    ("amount_refund", 0.015),
    ("packing", 0.035),
    ("party", 0.045),
    ("gift_card", 0.060),
    ("tip", 0.160),
)
_EXTRAS = (  # kind, share of the days of a register on which it happens
    (NO_SALE, 0.50),
    (GIFT_CARD, 0.20),
    (CUSTOM_AMOUNT, 0.35),
    (OPEN, 0.15),
    (DRAFT, 0.10),
)


class Fate(NamedTuple):
    """Event of a sale, if any; `instant` in UTC seconds, `size` in [0, 1) scales it."""

    event: str | None = None
    instant: int = 0
    size: float = 0.0


class Extra(NamedTuple):
    """Order without a receipt; `position` is unique within a register's day."""

    kind: int
    device: int
    day: int
    position: int
    sold: int  # UTC seconds
    size: float


NOTHING = Fate()
_UNLINKED_SHARE = 0.1  # of the refunds of amounts: without a link to the sale


class Events:
    """Events of a shop; every method is a pure function of its arguments."""

    def __init__(self, ledger: Ledger, tickets: Tickets, enabled: bool):
        self.ledger, self.tickets, self.enabled = ledger, tickets, enabled
        self.fate = lru_cache(maxsize=20_000)(self._fate)
        self.extras = lru_cache(maxsize=4_000)(self._extras)
        self._refunds = lru_cache(maxsize=4_000)(self._index_refunds)

    def refund_of(self, sale: Slot) -> Slot | None:
        """Receipt that refunds the sale, even if it lies in the future."""
        lag = _LAG_OF_POSITION.get(sale.position % 8)
        if lag is None:
            return None
        return self._refunds(sale.device, sale.day + lag).get((sale.day, sale.position))

    def _index_refunds(self, device: int, day: int) -> dict[tuple[int, int], Slot]:
        return {slot.refunds: slot for slot in self.ledger.plan(device, day) if slot.refunds}

    def exchanged_by(self, sale: Slot) -> Slot | None:
        """Later sale whose order takes back a line of this one."""
        if not self.enabled or sale.position % 8 != _EXCHANGED_POSITION:
            return None
        later = self._neighbour(sale, 1)
        return later if later and self.fate(later).event == "exchange" else None

    def returned_by(self, sale: Slot) -> list[Slot]:
        """Receipts whose orders take back the sale or one of its lines."""
        later = (self.refund_of(sale), self.exchanged_by(sale))
        return [slot for slot in later if slot]

    def exchanged_sale(self, sale: Slot) -> Slot:
        """Sale of which this sale's order takes back a line."""
        return self.ledger.sale(sale.device, sale.day, sale.position - 1)

    def is_linked(self, sale: Slot) -> bool:
        """Whether the sale's refund of an amount refers to the sale."""
        return self.fate(sale).size >= _UNLINKED_SHARE

    def is_quiet(self, sale: Slot) -> bool:
        """Whether events are on and the sale has no event, refund or exchange."""
        return self.enabled and self.fate(sale) == NOTHING and not self.returned_by(sale)

    def _neighbour(self, sale: Slot, step: int) -> Slot | None:
        position = sale.position + step
        return next(
            (slot for slot in self.ledger.plan(sale.device, sale.day) if slot.position == position),
            None,
        )

    def _fate(self, sale: Slot) -> Fate:
        if not self.enabled or sale.refunds:
            return NOTHING
        if sale.cancelled:
            return Fate("void", sale.cancelled)
        rng = self.ledger.rng(20, sale.device, sale.number)
        draw, when, size = rng.random(), rng.random(), rng.random()
        if self.ledger.registers[sale.device].web:
            return Fate(
                "fulfilled", sale.created + 900 + int(when * when * when * 26 * _HOUR), size
            )
        if sale.position % 8 == _EXCHANGING_POSITION and draw < 0.08:
            return Fate("exchange", sale.created, size) if self._can_exchange(sale) else NOTHING
        event = next((name for name, share in _SHARES if draw < share), None)
        if event is None or self.refund_of(sale) or sale.position % 8 == _EXCHANGED_POSITION:
            return NOTHING
        return self._possible(sale, event, when, size)

    def _can_exchange(self, sale: Slot) -> bool:
        earlier, ticket = self._neighbour(sale, -1), self.tickets.ticket(sale)
        return (
            earlier is not None
            and earlier.created < sale.created
            and self.refund_of(earlier) is None
            and ticket.tip == 0
            and len(ticket.payments) == 1
        )

    def _possible(self, sale: Slot, event: str, when: float, size: float) -> Fate:
        """Event of the sale, if its ticket allows it."""
        ticket = self.tickets.ticket(sale)
        tender, amount = ticket.payments[0]
        if ticket.total < 100 or (event in ("gift_card", "tip") and tender != CARD):
            return NOTHING
        if event == "tip":
            seconds = _HOUR + int(when * 8 * _HOUR)
            later = Fate("tip", sale.created + seconds, size)
            return later if 0 < ticket.tip < amount else NOTHING
        if event == "amount_refund":
            return Fate(event, sale.created + _HOUR + int(when * when * 9 * _DAY), size)
        return Fate(event, sale.created, size)

    def _extras(self, device: int, day: int) -> tuple[Extra, ...]:
        """Orders without a receipt that the register rings on the business day."""
        ledger = self.ledger
        if not self.enabled or ledger.registers[device].web or day < ledger.first:
            return ()
        if ledger.absence(device, day) or not ledger.sales(device, day):
            return ()
        rng, extras = ledger.rng(21, device, day), []
        for position, (kind, share) in enumerate(_EXTRAS):
            draw, size = rng.random(), rng.random()
            second = draw_times(rng, date.fromordinal(day), 1)[0]
            if draw < share:
                sold = ledger.midnight(day) + second
                extras.append(Extra(kind, device, day, position, sold, size))
        return tuple(extras)
