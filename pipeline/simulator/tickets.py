"""Ticket of a planned receipt: lines, discounts, tip, payments, or returned lines.

Takes a planned receipt of the schedule. Returns a `Ticket` in centavos. Each ticket has its own
random source, so its content does not depend on what else is read. Always true: payments == total
== lines + tip + surcharge - rounding.
"""

from __future__ import annotations

from bisect import bisect
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from pipeline.simulator.basket import draw_basket, draw_party
from pipeline.simulator.business import (
    CARD,
    CASH,
    DINING_OPTIONS,
    DISCOUNTS,
    FIRST_NAMES,
    FORMER_EMPLOYEE,
    HALF_PRICE_SHAKE,
    NOTES,
    ORDERS,
    POINTS,
    RAPPI,
    STORES,
    TRANSFER,
    UBER,
    WALLET,
    Discount,
)
from pipeline.simulator.chance import Random
from pipeline.simulator.pricelist import Tax, menu_on
from pipeline.simulator.receipt_schedule import PlannedReceipt, ReceiptSchedule
from pipeline.simulator.ticket_lines import Line, discount_lines, half_up, tax_lines
from pipeline.simulator.totals import Totals


class Ticket(NamedTuple):
    """Content of a receipt without numbers and times; with totals of its lines."""

    lines: list[Line]
    discounts: list[tuple[Discount, int | None, int]]
    taxes: dict[Tax, int]
    total: int
    tip: int
    surcharge: int
    payments: list[tuple[int, int]]  # (index of business.TENDERS, centavos)
    customer: int
    employee: str | None
    dining_option: str | None
    order: str | None
    note: str | None
    points: tuple[int, int, int]  # earned, deducted, balance, in hundredths
    plain: bool  # whole amounts printed without decimals
    split_second: bool  # paid a second before it was dated


def _pick(rng: Random, rows: tuple[tuple[str, int], ...]) -> str:
    draw = rng.random() * sum(weight for _, weight in rows)
    for text, weight in rows:
        draw -= weight
        if draw < 0:
            return text
    return rows[-1][0]


class Tickets:
    """Tickets of a schedule's planned receipts."""

    def __init__(self, schedule: ReceiptSchedule):
        self.schedule, self.totals = schedule, Totals()
        # receipts and shifts of one month need the same ones; one takes 2 kB
        self.ticket = lru_cache(maxsize=12_000)(self._ticket)

    def _ticket(self, planned: PlannedReceipt) -> Ticket:
        rng = Random(((self.schedule.seed << 8 | 7) << 8 | planned.device) << 40 | planned.number)
        if planned.refunds is None:
            ticket = self._sale(rng, planned)
        else:
            ticket = self._refund(
                rng, self.ticket(self.schedule.sale(planned.device, *planned.refunds))
            )
        first = self.schedule.first_number(planned.device, planned.day)
        self.totals.add(planned, planned.number - first, ticket)
        return ticket

    def _sale(self, rng: Random, planned: PlannedReceipt) -> Ticket:
        random, day = rng.random, date.fromordinal(planned.day)
        register = self.schedule.registers[planned.device]
        years = (planned.day - self.schedule.first) / 365
        channel = self._channel(random(), years, register.web)
        lines = draw_basket(rng, menu_on(day, self.schedule.opened), draw_party(rng), channel)
        discounts = self._discount(rng, lines, day, planned.customer)
        taxes = tax_lines(lines)
        due = sum([line.total for line in lines])
        dining_option = None if random() < 0.02 else _pick(rng, DINING_OPTIONS[channel])
        tender = self._tender(rng, channel, dining_option, years, register.web)
        surcharge = half_up(due, 10) if channel == "aquí" and random() < 0.007 else 0
        tip = self._tip(rng, due, channel, tender) if due else 0
        total = due + surcharge + tip
        if register.store == 1 and tender == CASH and total % 50 and random() < 0.03:
            total -= total % 50  # the register rounds cash down
        points = (total // 20, 0, int(random() * 300_00)) if planned.customer >= 0 else (0, 0, 0)
        return Ticket(
            lines,
            discounts,
            taxes,
            total,
            tip,
            surcharge,
            self._payments(rng, total, tender),
            planned.customer,
            self._employee(random(), planned, day),
            dining_option,
            self._order(rng, channel),
            NOTES[int(random() * len(NOTES))] if random() < 0.004 else None,
            points,
            random() < 0.55,
            random() < 0.01,
        )

    @staticmethod
    def _channel(draw: float, years: float, web: bool) -> str:
        if web:
            return "domicilio" if draw < 0.7 else "llevar"
        delivery = 0.10 + 0.02 * min(years, 4.0)
        app = delivery + (0.08 + 0.025 * min(years, 4.0))
        shares = (delivery, app, app + 0.21)
        return ("domicilio", "app", "llevar", "aquí")[bisect(shares, draw)]

    @staticmethod
    def _discount(
        rng: Random, lines: list[Line], day: date, customer: int
    ) -> list[tuple[Discount, int | None, int]]:
        """Apply discounts, those of one line first, points last: (discount, %, centavos)."""
        taken = []
        for index, discount in enumerate(DISCOUNTS):
            if (discount.weekday is not None and discount.weekday != day.weekday()) or (
                discount.since and day < discount.since
            ):
                continue
            if rng.random() >= discount.chance:
                continue
            single = [
                line
                for line in lines
                if (line.dish.name == "Malteada") == (index == HALF_PRICE_SHAKE)
            ][:1]
            typed = None if discount.value is not None else 5 + int(rng.random() * 60)
            value = discount.value if typed is None else typed
            percent = value if discount.kind.endswith("PERCENT") else None
            amount = None if percent is not None else value if typed is None else typed * 150
            discounted = lines if discount.on_ticket else single
            taken.append((not discount.on_ticket, discount, percent, amount, discounted))
        # Discounts of a line first, then percentages, then amounts.
        taken.sort(key=lambda row: (not row[0], row[2] is None))
        taken = [row for row in taken if row[0]] + [row for row in taken if not row[0]][:1]
        if customer >= 0 and rng.random() < POINTS.chance:
            amount = 10_000_00 if rng.random() < 0.08 else 10_00 + 100 * int(rng.random() * 150)
            taken.append((False, POINTS, None, amount, lines))
        return [
            (discount, percent, amount)
            for _, discount, percent, limit, chosen in taken
            if (amount := discount_lines(chosen, discount, percent, limit))
        ]

    @staticmethod
    def _tender(
        rng: Random, channel: str, dining_option: str | None, years: float, web: bool
    ) -> int:
        if channel == "app":
            return RAPPI if dining_option == "Rappi" else UBER
        if web:
            return WALLET
        cash = 0.55 - 0.06 * min(years, 5.0)
        return bisect((cash, 0.90, 0.96, 1.0), rng.random())  # CASH, CARD, TRANSFER, WALLET

    @staticmethod
    def _tip(rng: Random, due: int, channel: str, tender: int) -> int:
        chance = 0.0 if channel in ("app", "llevar") else 0.40 if tender in (CARD, WALLET) else 0.03
        if rng.random() >= chance:
            return 0
        draw = rng.random()
        if draw < 0.8:
            return half_up(due * (10 if draw < 0.6 else 15), 100)
        return (due // 10 // 500 + 1) * 500

    @staticmethod
    def _payments(rng: Random, total: int, tender: int) -> list[tuple[int, int]]:
        if total > 100_00 and tender in (CASH, CARD, TRANSFER) and rng.random() < 0.028:
            cash = total * (2 + int(rng.random() * 6)) // 1000 * 100
            return [(CARD if tender == CASH else tender, total - cash), (CASH, cash)]
        return [(tender if total else CASH, total)]

    def _employee(self, draw: float, planned: PlannedReceipt, day: date) -> str | None:
        register = self.schedule.registers[planned.device]
        if register.web:
            return None
        hired = STORES[register.store].people
        people = [name for name in hired if name != FORMER_EMPLOYEE[0] or day < FORMER_EMPLOYEE[1]]
        evening = planned.sold - self.schedule.midnight(planned.day) > 18 * 3600
        return people[(planned.day + planned.device + evening + (draw < 0.2)) % len(people)]

    @staticmethod
    def _order(rng: Random, channel: str) -> str | None:
        draw = rng.random()
        if channel == "aquí":
            return ORDERS[int(draw * 14) % len(ORDERS)] if draw < 0.5 else None
        if channel == "llevar":
            return (
                f"{FIRST_NAMES[int(draw * 66) % len(FIRST_NAMES)]} - para llevar"
                if draw < 0.3
                else None
            )
        return f"UE-{int(draw * 90_000) + 10_000}" if channel == "app" else None

    @staticmethod
    def _refund(rng: Random, sale: Ticket) -> Ticket:
        """The sale's ticket in full, one of its lines, or one piece of a line."""
        if rng.random() < 0.55 or (len(sale.lines) == 1 and sale.lines[0].milli <= 1000):
            deducted = (0, sale.points[0], sale.points[2])
            return sale._replace(points=deducted, note=None, split_second=rng.random() < 0.1)
        old = sale.lines[int(rng.random() * len(sale.lines))]
        milli = 1000 if old.milli % 1000 == 0 else old.milli
        line = Line(old.dish, old.variant, milli, old.price, old.options)
        for discount, percent, amount in old.discounts:
            share = min(half_up(amount * milli, old.milli), line.gross - line.discount)
            line.discounts.append((discount, percent, share))
            line.discount += share
        taxes, total = tax_lines([line]), line.total
        deducted = (0, min(total // 20, sale.points[0]), sale.points[2])
        discounts = [row for row in line.discounts if row[2]]
        return sale._replace(
            lines=[line],
            discounts=discounts,
            taxes=taxes,
            total=total,
            tip=0,
            surcharge=0,
            note=None,
            points=deducted,
            payments=[(sale.payments[0][0], total)],
            split_second=rng.random() < 0.1,
        )
