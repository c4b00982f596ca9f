"""Ticket of a planned receipt: lines, discounts, tip, payments, or returned lines.

Takes a planned receipt of the schedule. Returns a `Ticket` in centavos. Each ticket has its own
random source, so its content does not depend on which other tickets are read. Always true: payments
== total == lines + tip + surcharge - rounding.
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


class _Reduction(NamedTuple):
    """A discount to apply: `percent`, or else `amount` centavos, of `lines`."""

    discount: Discount
    percent: int | None
    amount: int | None
    lines: list[Line]


def _pick(rng: Random, rows: tuple[tuple[str, int], ...]) -> str:
    """One of the texts, drawn by their weights."""
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
        """Apply discounts of lines, then one of the ticket, then points.

        Returns (discount, percent or None, centavos) of each.
        """
        on_lines: list[_Reduction] = []
        on_ticket: list[_Reduction] = []
        for index, discount in enumerate(DISCOUNTS):
            is_offered = discount.weekday in (None, day.weekday()) and not (
                discount.since and day < discount.since
            )
            if not is_offered or rng.random() >= discount.chance:
                continue
            if discount.value is None:  # the cashier types it
                typed = 5 + int(rng.random() * 60)
                as_percent, as_amount = typed, typed * 150
            else:
                as_percent = as_amount = discount.value
            is_percent = discount.kind.endswith("PERCENT")
            percent, amount = (as_percent, None) if is_percent else (None, as_amount)
            if discount.on_ticket:
                on_ticket.append(_Reduction(discount, percent, amount, lines))
            else:
                is_shake = index == HALF_PRICE_SHAKE
                fitting = [line for line in lines if (line.dish.name == "Malteada") == is_shake]
                on_lines.append(_Reduction(discount, percent, amount, fitting[:1]))
        on_ticket.sort(key=lambda reduction: reduction.percent is None)  # percentages first
        reductions = on_lines + on_ticket[:1]
        if customer >= 0 and rng.random() < POINTS.chance:
            amount = 10_000_00 if rng.random() < 0.08 else 10_00 + 100 * int(rng.random() * 150)
            reductions.append(_Reduction(POINTS, None, amount, lines))
        return [
            (discount, percent, taken)
            for discount, percent, amount, discounted in reductions
            if (taken := discount_lines(discounted, discount, percent, amount))
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
