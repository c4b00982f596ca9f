"""Cash-drawer shifts: one per register and business day, from its receipts.

The amounts agree with the receipts to the centavo. A shift is what the register printed when it was
closed: a later cancellation does not change it. Amounts are in pesos and positive; discounts,
taxes, tips and payments are those of sales minus those of refunds. A shift is listed once the
register has uploaded it.
"""

from __future__ import annotations

from functools import lru_cache, partial

from pipeline.simulator.business import STORES, TENDERS
from pipeline.simulator.ids import EPOCH_DAY, id_of, stamp
from pipeline.simulator.receipt_schedule import LONGEST_SYNC, PlannedReceipt, ReceiptSchedule
from pipeline.simulator.source import EVERYTHING, Entry, Query, encode
from pipeline.simulator.tickets import Tickets

STARTING_CASH = 1_000_00
_DAY_MS = 86_400_000


def _miscount(device: int, day: int) -> int:
    """Centavos over (or short, if negative) at the close: mostly none, rarely much."""
    draw = (day * 7919 + device * 104_729) % 997
    if draw % 10 < 7:
        return 0
    return (draw % 83 - 45) * 50 - 180_00 * (draw % 97 == 8)


class Shifts:
    """Shifts of a shop."""

    def __init__(self, schedule: ReceiptSchedule, tickets: Tickets):
        self.schedule, self.tickets = schedule, tickets
        self._print = lru_cache(maxsize=400)(self._print_shift)
        self._entry = lru_cache(maxsize=50_000)(self._entry_of)

    def entries(self, now: int, query: Query = EVERYTHING) -> list[Entry]:
        """Shifts that the server has at `now`, at least those in `query`."""
        newest = min(now, now if query.created_max is None else query.created_max)
        first = (query.created_min or 0) // _DAY_MS + EPOCH_DAY - LONGEST_SYNC - 2
        days = range(max(self.schedule.first, first), newest // _DAY_MS + EPOCH_DAY + 2)
        return [
            entry
            for device, register in enumerate(self.schedule.registers)
            if not register.web
            for day in days
            if (entry := self._entry(device, day)) and entry.created <= now
        ]

    def _entry_of(self, device: int, day: int) -> Entry | None:
        """The entry of a register's shift; None if it has none on that day."""
        register, received = self.schedule.registers[device], self._received_at(device, day)
        if not received:
            return None
        key = id_of("shift", f"{self.schedule.seed}/{register.number}/{day}")
        printed = partial(self._print, key, device, day)
        return Entry(received, key, received, key, False, printed)

    def _received_at(self, device: int, day: int) -> int:
        """Millisecond at which the server receives a shift; 0 if there is none."""
        planned_receipts = self.schedule.plan(device, day)
        absence = self.schedule.absence(device, day)
        closed = self._closed(planned_receipts) if planned_receipts else 0
        return (absence[1] + 60 if absence and absence[0] <= closed < absence[1] else closed) * 1000

    @staticmethod
    def _closed(planned_receipts: tuple[PlannedReceipt, ...]) -> int:
        return planned_receipts[-1].sold + 900 + planned_receipts[0].number * 37 % 1200

    def _print_shift(self, key: str, device: int, day: int) -> bytes:
        planned_receipts = self.schedule.plan(device, day)
        register = self.schedule.registers[device]
        opened = self.schedule.midnight(day) + 11 * 3600 + 40 * 60
        totals = self.tickets.totals.complete(planned_receipts, self.tickets.ticket)
        sums = totals.sums
        paid_out = 350_00 if day % 9 == 0 else 0
        expected = STARTING_CASH + sums["in"] - sums["out"] - paid_out
        who = self.tickets.ticket(planned_receipts[0]).employee or ""
        money = {
            "starting_cash": STARTING_CASH,
            "cash_payments": sums["in"],
            "cash_refunds": sums["out"],
            "paid_in": 0,
            "paid_out": paid_out,
            "expected_cash": expected,
            "actual_cash": expected + _miscount(device, day),
            "gross_sales": sums["gross"],
            "refunds": sums["refunds"],
            "discounts": sums["discounts"],
            "net_sales": sums["gross"] - sums["discounts"] - sums["refunds"],
            "tip": sums["tip"],
            "surcharge": sums["surcharge"],
        }
        employee = id_of("employee", who)
        moved = {
            "type": "PAY_OUT",
            "money_amount": paid_out / 100,
            "comment": "gas",
            "employee_id": employee,
            "created_at": stamp(opened * 1000),
        }
        return encode(
            {
                "id": key,
                "store_id": id_of("store", STORES[register.store].name),
                "pos_device_id": id_of("device", register.number),
                "opened_at": stamp(opened * 1000),
                "closed_at": stamp(self._closed(planned_receipts) * 1000),
                "opened_by_employee": employee,
                "closed_by_employee": employee,
                **{name: amount / 100 for name, amount in money.items()},
                "taxes": [
                    {"tax_id": tax, "money_amount": amount / 100}
                    for tax, amount in sorted(totals.taxes.items())
                ],
                "payments": [
                    {
                        "payment_type_id": id_of("tender", TENDERS[tender].name),
                        "money_amount": amount / 100,
                    }
                    for tender, amount in sorted(totals.payments.items())
                ],
                "cash_movements": [moved] if paid_out else [],
            }
        )
