"""Customers that are registered at an instant, and their purchases up to then.

A customer exists from the instant at which the server received the first sale that names them.
Visits and money are counted from the sales that are not cancelled. Names, addresses and telephone
numbers are invented.
"""

from __future__ import annotations

from functools import lru_cache, partial
from threading import Lock

from pipeline.simulator.ids import stamp
from pipeline.simulator.ledger import Ledger, Slot
from pipeline.simulator.loyverse.receipt import customer_id
from pipeline.simulator.source import Entry, encode
from pipeline.simulator.tickets import Tickets
from pipeline.simulator.trade import FAMILY, GIVEN


class Customers:
    """Customers of a shop."""

    def __init__(self, ledger: Ledger, tickets: Tickets):
        self.ledger, self.tickets, self._walking = ledger, tickets, Lock()
        self._visits_by = lru_cache(maxsize=2)(self._visits)

    def _visits(self, day: int) -> list[list[Slot]]:
        """Sales per customer on all business days up to `day`, in day order."""
        visits: list[list[Slot]] = [[] for _ in range(self.ledger.known_customers(day + 1))]
        for when in range(self.ledger.first, day + 1):
            for device in range(len(self.ledger.registers)):
                for slot in self.ledger.plan(device, when):
                    if slot.customer >= 0:
                        visits[slot.customer].append(slot)
        return visits

    def entries(self, now: int) -> list[Entry]:
        """Entries of all customers that are registered at `now`."""
        second, today = now // 1000, now // 86_400_000 + 719_163 + 1
        if today < self.ledger.first:
            return []
        with self._walking:
            everyone = self._visits_by(today)
        entries = []
        for customer, visits in enumerate(everyone):
            seen = [slot for slot in visits if slot.created <= second]
            if seen:
                created, updated = (
                    extreme(slot.created for slot in seen) * 1000 for extreme in (min, max)
                )
                key = customer_id(self.ledger.seed, customer)
                entries.append(
                    Entry(
                        created,
                        key,
                        updated,
                        key,
                        None,
                        False,
                        partial(self._print, customer, seen, second),
                    )
                )
        return entries

    def _print(self, customer: int, seen: list[Slot], second: int) -> bytes:
        valid = [slot for slot in seen if not 0 < slot.cancelled <= second]
        tickets = [self.tickets.ticket(slot) for slot in valid]
        given, family = GIVEN[customer * 7 % len(GIVEN)], FAMILY[customer * 13 % len(FAMILY)]
        first, last = (
            extreme(slot.sold for slot in valid or seen) * 1000 for extreme in (min, max)
        )
        return encode(
            {
                "id": customer_id(self.ledger.seed, customer),
                "name": f"{given} {family}",
                "email": f"{given.lower()}.{customer}@example.com",
                "phone_number": f"+5255000{customer:05d}",
                "address": None,
                "city": None,
                "region": None,
                "postal_code": None,
                "country_code": "MX",
                "customer_code": f"C{customer:05d}",
                "note": None,
                "first_visit": stamp(first),
                "last_visit": stamp(last),
                "total_visits": len(valid),
                "total_spent": sum(ticket.total for ticket in tickets) / 100,
                "total_points": sum(ticket.points[0] for ticket in tickets) / 100,
                "created_at": stamp(min(slot.created for slot in seen) * 1000),
                "updated_at": stamp(max(slot.created for slot in seen) * 1000),
                "deleted_at": None,
                "permanent_deletion_at": None,
            }
        )
