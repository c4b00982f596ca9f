"""The report's figures counted a second way, by plain Python and Decimal.

Written from the definitions of the glossary alone (Back Office:
help.loyverse.com/help/sales-summary-report-back-office; refunds dated by the refund receipt;
cancelled receipts count nothing but themselves), sharing no code with the pipeline. `tally` counts
raw receipts; `read` takes the same figures from the summary tables; a test holds one to the other.

    figures = tally(bodies, {"<store id>": Shop("America/Mexico_City", time(5), "MXN", 2)}, first,
    last) figures["<store id>", "MXN"].totals["net_sales"]

Amounts are exact Decimals of the currency; days are business days; hours the store's clock's.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

TOTALS = (
    "receipts",
    "refund_receipts",
    "units",
    "gross_sales",
    "sale_discounts",
    "refund_discounts",
    "refunds",
    "net_sales",
    "tax_included",
    "tax_added",
    "tips",
    "surcharges",
    "gift_cards",
    "rounding",
    "collected",
    "paid",
    "points_discounts",
    "cancelled_receipts",
    "cancelled_total",
)
AS_SOLD = ("units", "refunded_units", "gross_sales", "discounts", "refunds", "net_sales")
POINTS = "DISCOUNT_BY_POINTS"


@dataclass(frozen=True)
class Shop:
    """A store's zone, cut-over of the business day, currency and decimals."""

    timezone: str
    day_starts_at: time
    currency: str
    decimals: int


def numbers(names: Iterable[str]) -> Callable[[], dict[str, Decimal]]:
    return lambda: dict.fromkeys(names, Decimal(0))


@dataclass
class Figures:
    """The figures of one store; equal figures compare equal."""

    totals: dict[str, Decimal] = field(default_factory=numbers(TOTALS))
    days: dict[date, dict[str, Decimal]] = field(
        default_factory=lambda: defaultdict(numbers(TOTALS))
    )
    hours: dict[tuple[date, int], dict[str, Decimal]] = field(
        default_factory=lambda: defaultdict(numbers(("receipts", "net_sales")))
    )
    tenders: dict[tuple[str, str], dict[str, Decimal]] = field(
        default_factory=lambda: defaultdict(
            numbers(("payments", "refund_payments", "sales_amount", "refunds_amount"))
        )
    )
    discounts: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    items: dict[str, dict[str, Decimal]] = field(
        default_factory=lambda: defaultdict(numbers(AS_SOLD))
    )

    @property
    def average_receipt(self) -> Fraction | None:
        """Net sales per SALE receipt, exact; None where there is none."""
        return (
            Fraction(self.totals["net_sales"]) / Fraction(self.totals["receipts"])
            if self.totals["receipts"]
            else None
        )

    def add(self, day: date, **amounts: Decimal | int) -> None:
        for name, amount in amounts.items():
            self.totals[name] += amount
            self.days[day][name] += amount


def newest(bodies: Iterable[bytes]) -> tuple[list[dict], int]:
    """(newest version of every receipt, number of unreadable records).

    Of equal updated_at the later version counts. A receipt is named by store and number, so that
    the receipts of several accounts may be counted together.
    """
    versions: dict[tuple[str, str], tuple[datetime, dict]] = {}
    unread = 0
    for body in bodies:
        try:
            receipt = json.loads(body, parse_float=Decimal, parse_int=Decimal)
            name, updated = (
                (receipt["store_id"], receipt["receipt_number"]),
                instant(receipt["updated_at"]),
            )
        except (ValueError, KeyError, TypeError):
            unread += 1
            continue
        if name not in versions or versions[name][0] <= updated:
            versions[name] = updated, receipt
    return [receipt for _, receipt in versions.values()], unread


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def is_plausible(receipt: dict) -> bool:
    sold, created = instant(receipt["receipt_date"]), instant(receipt["created_at"])
    earliest = max(datetime(2010, 1, 1, tzinfo=UTC), created - timedelta(days=366))
    return earliest <= sold <= created + timedelta(hours=48)


def business_day(receipt: dict, shop: Shop) -> tuple[date, int]:
    """The evening that a sale belongs to, and the hour on the wall."""
    wall = instant(receipt["receipt_date"]).astimezone(ZoneInfo(shop.timezone))
    return wall.date() - timedelta(days=wall.time() < shop.day_starts_at), wall.hour


def tally(
    bodies: Iterable[bytes],
    shops: Mapping[str, Shop],
    first: date = date.min,
    last: date = date.max,
    *,
    rename: Callable[[str], str] = str,
    weighed: Collection[str] = (),
) -> dict[tuple[str, str], Figures]:
    """Figures by (store, currency) of the business days from `first` to `last`.

    `rename` unites the spellings of item names, `weighed` are the items sold by weight (a broken
    quantity is one anyway). Records that cannot be read or whose date is implausible are left out:
    they belong to quarantine.
    """
    figures: dict[tuple[str, str], Figures] = defaultdict(Figures)
    for receipt in newest(bodies)[0]:
        shop = shops[receipt["store_id"]]
        day, hour = business_day(receipt, shop)
        if is_plausible(receipt) and first <= day <= last:
            count(figures[receipt["store_id"], shop.currency], receipt, day, hour, rename, weighed)
    return dict(figures)


def count(
    counted: Figures,
    receipt: dict,
    day: date,
    hour: int,
    rename: Callable[[str], str],
    weighed: Collection[str],
) -> None:
    is_sale = receipt["receipt_type"] == "SALE"
    sign = 1 if is_sale else -1
    if receipt["cancelled_at"] is not None:
        counted.add(day, cancelled_receipts=1, cancelled_total=abs(receipt["total_money"]))
        return
    gross = sum((abs(line["gross_total_money"]) for line in receipt["line_items"]), Decimal(0))
    discount, total = abs(receipt["total_discount"]), abs(receipt["total_money"])
    tip, surcharge = abs(receipt["tip"]), abs(receipt["surcharge"])
    tax = {
        kind: sum(
            (abs(tax["money_amount"]) for tax in receipt["total_taxes"] if tax["type"] == kind),
            Decimal(0),
        )
        for kind in ("INCLUDED", "ADDED")
    }
    paid = sum((abs(payment["money_amount"]) for payment in receipt["payments"]), Decimal(0))
    points = sum(
        (
            abs(given["money_amount"])
            for given in receipt["total_discounts"]
            if given["type"] == POINTS
        ),
        Decimal(0),
    )
    rounding = total - (gross - discount + tax["ADDED"] + tip + surcharge)
    counted.add(
        day,
        net_sales=sign * (gross - discount),
        tax_included=sign * tax["INCLUDED"],
        tax_added=sign * tax["ADDED"],
        tips=sign * tip,
        surcharges=sign * surcharge,
        rounding=sign * rounding,
        collected=sign * total,
        paid=sign * paid,
        points_discounts=sign * points,
    )
    counted.hours[day, hour]["net_sales"] += sign * (gross - discount)
    if is_sale:
        units = sum((units_of(line, weighed) for line in receipt["line_items"]), Decimal(0))
        counted.add(day, receipts=1, units=units, gross_sales=gross, sale_discounts=discount)
        counted.hours[day, hour]["receipts"] += 1
    else:
        counted.add(day, refund_receipts=1, refunds=gross, refund_discounts=discount)
    for payment in receipt["payments"]:
        tender = counted.tenders[payment["name"], payment["type"]]
        tender["payments" if is_sale else "refund_payments"] += 1
        tender["sales_amount" if is_sale else "refunds_amount"] += abs(payment["money_amount"])
    for given in receipt["total_discounts"]:
        counted.discounts[given["name"], given["type"]] += sign * abs(given["money_amount"])
    for line in receipt["line_items"]:
        item, own = counted.items[rename(line["item_name"])], abs(line["gross_total_money"])
        item["units" if is_sale else "refunded_units"] += units_of(line, weighed)
        item["gross_sales" if is_sale else "refunds"] += own
        item["discounts"] += sign * abs(line["total_discount"])
        item["net_sales"] += sign * (own - abs(line["total_discount"]))


def units_of(line: dict, weighed: Collection[str]) -> Decimal:
    quantity = abs(line["quantity"])
    return Decimal(1) if line["item_id"] in weighed or quantity % 1 else quantity


def read(summary: Mapping[str, object]) -> dict[tuple[str, str], Figures]:
    """The same figures from the tables of a summary (schema.SUMMARY by name)."""
    figures: dict[tuple[str, str], Figures] = defaultdict(Figures)

    def rows(name: str) -> Iterable[tuple[Figures, dict]]:
        return (
            (figures[row["store_id"], row["currency"]], row) for row in summary[name].to_pylist()
        )

    for counted, row in rows("days"):
        counted.add(row["business_day"], **{name: row[name] for name in TOTALS})
    for counted, row in rows("hours"):
        counted.hours[row["business_day"], row["hour"]] = {
            name: Decimal(row[name]) for name in ("receipts", "net_sales")
        }
    for counted, row in rows("tenders"):
        names = ("payments", "refund_payments", "sales_amount", "refunds_amount")
        counted.tenders[row["tender"], row["tender_type"]] = {
            name: Decimal(row[name]) for name in names
        }
    for counted, row in rows("discounts"):
        counted.discounts[row["name"], row["type"]] = row["amount"]
    for counted, row in [
        *((counted, row) for counted, row in rows("items") if not row["in_combo"]),
        *rows("combos"),
    ]:
        for name in AS_SOLD:
            counted.items[row.get("combo") or row["item"]][name] += row[name]
    return dict(figures)
