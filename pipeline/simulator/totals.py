"""Totals of a register's day for its shift, kept as its tickets are drawn.

Receipts are read before the shifts of their days. A shift that drew all tickets of its day again
would take as long as its receipts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING

from pipeline.simulator.business import CASH
from pipeline.simulator.receipt_schedule import PlannedReceipt

if TYPE_CHECKING:
    from pipeline.simulator.tickets import Ticket


class DayTotals:
    """The amounts of the tickets of a day, in centavos.

    `taxes` by id and `payments` by index of business.TENDERS are those of sales minus those of
    refunds. `drawn` has a bit for each ticket that is counted, by its place among the numbers.
    """

    __slots__ = ("drawn", "payments", "sums", "taxes")

    def __init__(self) -> None:
        self.drawn = 0
        self.sums, self.taxes, self.payments = Counter[str](), Counter[str](), Counter[int]()

    def add(self, place: int, ticket: Ticket, *, is_refund: bool) -> None:
        """Count a ticket, unless it is counted already."""
        if self.drawn >> place & 1:
            return
        self.drawn |= 1 << place
        sums, sign = self.sums, -1 if is_refund else 1
        sums["refunds" if is_refund else "gross"] += sum([line.gross for line in ticket.lines])
        sums["discounts"] += sign * sum([line.discount for line in ticket.lines])
        sums["tip"] += sign * ticket.tip
        sums["surcharge"] += sign * ticket.surcharge
        for tax, amount in ticket.taxes.items():
            self.taxes[tax.id] += sign * amount
        for tender, amount in ticket.payments:
            self.payments[tender] += sign * amount
            if tender == CASH:
                sums["out" if is_refund else "in"] += amount


class Totals:
    """The totals of each register and day of which a ticket was drawn. Thread-safe."""

    def __init__(self) -> None:
        self._days: dict[tuple[int, int], DayTotals] = {}
        self._lock = Lock()

    def add(self, planned: PlannedReceipt, place: int, ticket: Ticket) -> None:
        """Count a ticket; `place` is its place among the receipts of the register's day."""
        with self._lock:
            day = self._days.setdefault((planned.device, planned.day), DayTotals())
            day.add(place, ticket, is_refund=planned.refunds is not None)

    def complete(
        self, planned_receipts: Sequence[PlannedReceipt], draw: Callable[[PlannedReceipt], Ticket]
    ) -> DayTotals:
        """The totals of a day's planned receipts, at least one; draws missing tickets."""
        day = self._days.setdefault(
            (planned_receipts[0].device, planned_receipts[0].day), DayTotals()
        )
        for place, planned in enumerate(planned_receipts):
            if not day.drawn >> place & 1:
                self.add(planned, place, draw(planned))
        return day
