"""Every table of schema.SUMMARY recounted by plain loops over plain rows.

Written from the glossary's definitions and the column sentences of the schema, and sharing no code
with pipeline.summarize. Each function takes a Month (lake_month.py) and gives {key: row}; amounts
are whole numbers of the minor unit.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from pipeline import schema

ZEROS = {"count": 0, "money": 0, "quantity": 0}


class ReceiptSums(dict):
    """Rows by key; a new row has 0 in numbers that cannot be null, null elsewhere."""

    def __init__(self, dataset: schema.Dataset):
        super().__init__()
        self.dataset = dataset

    def row(self, *key, **labels) -> dict:
        if key not in self:
            self[key] = {
                c.name: None if c.null else ZEROS.get(c.kind) for c in self.dataset.columns
            }
        self[key].update(zip(self.dataset.key, key, strict=True), **labels)
        return self[key]


def add(row: dict, **amounts) -> None:
    for name, amount in amounts.items():
        row[name] = (row[name] or 0) + amount


def span(row: dict, first: str, last: str, value) -> None:
    row[first] = value if row[first] is None else min(row[first], value)
    row[last] = value if row[last] is None else max(row[last], value)


def as_sold(rows: list[dict]) -> list[dict]:
    """Lines as sold: the rows of a combo become one row under its name."""
    lines = defaultdict(list)
    for row in rows:
        lines[row["store_id"], row["receipt_number"], row["line"]].append(row)
    sold = []
    for parts in lines.values():
        entry = parts[0]
        is_combo = entry["combo"] is not None
        costed = [part for part in parts if part["cost"] is not None]
        sold.append(
            entry
            | {
                name: sum(part[name] for part in parts)
                for name in ("gross", "discount", "net", "tax_included")
            }
            | {
                "item": entry["combo"] if is_combo else entry["item"],
                "variant": None if is_combo else entry["variant"],
                "units": entry["combo_quantity"] if is_combo else entry["units"],
                "unit_price": entry["combo_price"] if is_combo else entry["unit_price"],
                "all_costed": len(costed) == len(parts),
                "cost": sum(part["cost"] for part in costed),
                "costed_net": sum(part["net"] for part in costed),
                "costed_tax_included": sum(part["tax_included"] for part in costed),
            }
        )
    return sold


def recount(month) -> dict[str, dict]:
    tallies = {dataset.name: ReceiptSums(dataset) for dataset in schema.SUMMARY}
    counted = [r for r in month.receipts if not r["is_cancelled"]]
    rows = [s for s in month.sales if not s["is_cancelled"]]
    lines = as_sold(rows)
    by_number = {(r["store_id"], r["receipt_number"]): r for r in month.receipts}
    count_receipts(tallies, month.receipts)
    count_rows(tallies, rows, by_number)
    count_lines(tallies, lines, by_number)
    count_payments(tallies, [p for p in month.payments if not p["is_cancelled"]], by_number)
    count_quality(tallies["quality"], month, counted, rows)
    for store in month.stores:
        tallies["stores"].row(store["store_id"], **store)
    for name in ("ana", "beto"):
        tallies["employees"].row(name, alias=name.title())
    return tallies


def count_receipts(t: dict, receipts: list[dict]) -> None:
    for r in receipts:
        store = {"currency": r["currency"]}
        day = t["days"].row(r["business_day"], r["store_id"], r["channel"], **store)
        staff = t["staff"].row(r["store_id"], r["employee_id"], **store)
        if r["is_cancelled"]:
            for row in (day, staff):
                add(row, cancelled_receipts=1, cancelled_total=abs(r["cancelled_total"]))
            continue
        clock = r["sold_at_local"].hour
        hour = t["hours"].row(r["business_day"], r["store_id"], clock, **store)
        part = t["channel_hours"].row(r["store_id"], r["channel"], clock, **store)
        span(day, "first_sold_at", "last_sold_at", r["sold_at_local"])
        add(
            day,
            tax_included=r["tax_included"],
            tax_added=r["tax_added"] + r["surcharge_tax"],
            tips=r["tip"],
            surcharges=r["surcharge"],
            gift_cards=r["gift_cards"],
            rounding=r["rounding"],
            collected=r["total"],
            points_discounts=r["points_discount"],
            net_sales=r["gross"] - r["discount"],
        )
        for row in (hour, part, staff):
            add(row, net_sales=r["gross"] - r["discount"])
        add(staff, discounts=r["discount"])
        visitor = (
            t["customers"].row(r["customer_id"], r["store_id"], **store)
            if r["customer_id"]
            else None
        )
        if visitor:
            add(visitor, net_sales=r["gross"] - r["discount"])
        if r["receipt_type"] == "SALE":
            add(
                day,
                receipts=1,
                units=r["units"],
                gross_sales=r["gross"],
                sale_discounts=r["discount"],
                identified_receipts=bool(visitor),
            )
            for row in (hour, part, staff, *([visitor] if visitor else [])):
                add(row, receipts=1)
            if visitor:
                span(visitor, "first_day", "last_day", r["business_day"])
        else:
            add(day, refund_receipts=1, refunds=-r["gross"], refund_discounts=-r["discount"])
            add(staff, refund_receipts=1, refunds=-r["gross"])
        had = set()
        for given in r["discounts"]:
            key = given["name"], given["type"]
            add(
                t["discounts"].row(r["store_id"], *key, **store),
                amount=given["amount"],
                receipts=r["receipt_type"] == "SALE" and key not in had,
            )
            had.add(key)


def count_rows(t: dict, rows: list[dict], by_number: dict) -> None:
    seen = set()
    for s in rows:
        store, is_sale = {"currency": s["currency"]}, s["receipt_type"] == "SALE"
        item = t["items"].row(
            s["store_id"], s["category"], s["item"], s["combo"] is not None, **store
        )
        day = t["days"][
            s["business_day"],
            s["store_id"],
            by_number[s["store_id"], s["receipt_number"]]["channel"],
        ]
        add(item, discounts=s["discount"], net_sales=s["net"], tax_included=s["tax_included"])
        weekday = t["item_weekdays"].row(
            s["store_id"], s["business_day"].weekday(), s["category"], s["item"], **store
        )
        add(weekday, net_sales=s["net"])
        if s["cost"] is not None:
            add(item, costed_units=s["units"])
            for row in (item, day):
                add(row, cost=s["cost"], costed_net=s["net"], costed_tax_included=s["tax_included"])
        if s["combo"] is not None:
            part = t["combo_parts"].row(s["store_id"], s["combo"], s["slot"], s["item"], **store)
            part["is_known"] = (
                s["is_known"] if part["is_known"] is None else part["is_known"] and s["is_known"]
            )
            add(
                part,
                net_sales=s["net"],
                units=s["units"] if is_sale else 0,
                upgrades=s["upgrade"] if is_sale else 0,
                charged_units=s["units"] if is_sale and s["upgrade"] else 0,
            )
        if not is_sale:
            add(item, refunded_units=-s["units"], refunds=-s["gross"])
            continue
        add(item, units=s["units"], gross_sales=s["gross"])
        span(item, "first_day", "last_day", s["business_day"])
        category = t["categories"].row(s["store_id"], s["category"], **store)
        for row in (item, weekday, category):
            once(seen, s, row, "receipts")
        if s["combo"] is not None:
            once(seen, s, day, "combo_receipts")
        for choice in s["modifiers"]:
            chosen = t["choices"].row(
                s["store_id"], s["item"], choice["name"], choice["option"], **store
            )
            charged = choice["quantity"] if choice["amount"] else 0
            add(chosen, units=choice["quantity"], amount=choice["amount"], charged_units=charged)


def once(seen: set, source: dict, row: dict, column: str) -> None:
    """Counts a receipt in a row the first time that it is met there."""
    if (source["receipt_number"], id(row)) not in seen:
        seen.add((source["receipt_number"], id(row)))
        row[column] += 1


def count_lines(t: dict, lines: list[dict], by_number: dict) -> None:
    seen, held, with_combo = set(), defaultdict(set), set()
    for line in lines:
        store, is_sale = {"currency": line["currency"]}, line["receipt_type"] == "SALE"
        if is_sale:
            price = t["prices"].row(
                line["store_id"], line["item"], line["variant"], line["unit_price"], **store
            )
            add(price, units=line["units"])
            span(price, "first_day", "last_day", line["business_day"])
            receipt = line["store_id"], line["currency"], line["receipt_number"]
            held[receipt].add(line["item"])
            if line["combo"] is not None:
                with_combo.add(receipt)
        else:
            employee_id = by_number[line["store_id"], line["receipt_number"]]["employee_id"]
            months_before = t["refunded_items"].row(
                line["store_id"], line["item"], employee_id, **store
            )
            add(months_before, units=-line["units"], refunds=-line["gross"])
            once(seen, line, months_before, "receipts")
        if line["combo"] is not None:
            combo = t["combos"].row(line["store_id"], line["combo"], **store)
            add(
                combo,
                **{
                    name: line[name]
                    for name in ("tax_included", "cost", "costed_net", "costed_tax_included")
                },
                discounts=line["discount"],
                net_sales=line["net"],
                costed_units=line["units"] if line["all_costed"] else 0,
            )
            if is_sale:
                add(combo, units=line["units"], gross_sales=line["gross"])
                once(seen, line, combo, "receipts")
            else:
                add(combo, refunded_units=-line["units"], refunds=-line["gross"])
    for receipt, names in held.items():
        store_id, currency, _ = receipt
        for entry in names:
            for other in names:
                if entry <= other:
                    add(
                        t["baskets"].row(store_id, entry, other, currency=currency),
                        receipts=1,
                        plain_receipts=receipt not in with_combo,
                    )


def count_payments(t: dict, payments: list[dict], by_number: dict) -> None:
    for p in payments:
        tender = t["tenders"].row(
            p["store_id"], p["tender"], p["tender_type"], currency=p["currency"]
        )
        add(
            t["days"][
                p["business_day"],
                p["store_id"],
                by_number[p["store_id"], p["receipt_number"]]["channel"],
            ],
            paid=p["amount"],
        )
        if p["receipt_type"] == "SALE":
            add(tender, payments=1, sales_amount=p["amount"])
        else:
            add(tender, refund_payments=1, refunds_amount=-p["amount"])


def count_quality(t: ReceiptSums, month, counted: list[dict], rows: list[dict]) -> None:
    def note(
        row: dict,
        check: str,
        subject: str = "",
        *,
        count: int = 1,
        amount: int | None = None,
        seconds: int | None = None,
        unknown: int = 0,
    ) -> None:
        matches = t.row(row["store_id"], check, subject, currency=row["currency"])
        add(matches, count=count, unknown=unknown)
        if amount is not None:
            add(matches, amount=amount)
        if seconds is not None:
            matches["seconds"] = max(matches["seconds"] or 0, seconds)

    currencies = {store["store_id"]: store["currency"] for store in month.stores}
    for check in ("received", "superseded"):
        note({"store_id": None, "currency": None}, check, count=month.metadata[check])
    for q in month.quarantine:
        note(
            q | {"currency": currencies.get(q["store_id"])},
            "quarantined",
            q["reason"],
            amount=q["total"],
            unknown=int(q["total"] is None),
        )
    for r in month.receipts:
        note(r, "counted")
        if r["is_cancelled"]:
            note(r, "cancelled", amount=abs(r["cancelled_total"]))
    for r in counted:
        delay = r["created_at"] - r["sold_at"]
        if delay < timedelta(0):
            note(r, "clock_skew", seconds=-delay // timedelta(seconds=1))
        if delay > timedelta(hours=1):
            note(r, "late", seconds=delay // timedelta(seconds=1))
        if r["paid"] != r["total"]:
            note(r, "payments_differ", amount=abs(r["paid"] - r["total"]))
        if r["rounding"]:
            note(r, "rounding", amount=abs(r["rounding"]))
        if r["receipt_type"] == "REFUND" and not r["refund_for"]:
            note(r, "orphan_refund", amount=-r["total"])
        if r["channel"] == "unmapped":
            note(
                r,
                "unmapped_channel",
                r["dining_option"] or "",
                count=int(r["receipt_type"] == "SALE"),
                amount=r["net"],
            )
    for s in rows:
        if s["cost"] is None:
            note(s, "missing_cost", amount=s["net"])
        if s["category"] is None:
            note(s, "missing_category", amount=s["net"])
        if s["combo"] is not None and not s["is_known"]:
            note(s, "unknown_component", s["item"], amount=s["net"])
