"""Section 16. What changed since the last edition of this report: every figure that moved, from
what to what.

In: the figures of this report and of the edition before, both as figures.json has them (decimal
strings), and the receipts that made the month open again, where the caller knows them. Out: a
section; figures that neither edition has, or that are equal, are not named. A first edition says
that it is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from reports.page import Column, Section, Table
from reports.sections.bridge import STEPS
from reports.values import Count, Money, Name, Quantity, Text, Value, text

SHOWN = 20
COUNTED = ("receipts", "refund_receipts", "cancelled_receipts")
WHY = ("late", "edited", "cancelled", "refunded", "new")

Plain = Mapping[str, object]
Moved = tuple[Text | Name, Value, Value, str]


def changes(
    now: Plain,
    before: Plain | None,
    currency: str,
    places: int,
    reopened: Sequence[Mapping[str, str]] = (),
    names: Mapping[str, str] | None = None,
) -> Section:
    """`now` and `before` are the figures of one currency by section; `reopened` are receipts with
    number, why, day, total.

    `names` are those of the stores; a store that is no longer known goes by its identifier.
    """
    if before is None:
        return Section("changes", (text("changes.first"),))
    moved = list(_moved(now, before, currency, places, names or {}))
    said = [text("changes.some" if moved else "changes.none", n=Count(len(moved)))]
    tables = []
    net = [m for m in moved if m[3] == "bridge.total.net_sales"]
    if net:
        said.append(text("changes.net", before=net[0][1], now=net[0][2]))
    if moved:
        tables.append(
            Table(
                "changes",
                text("changes.table"),
                (Column("figure"), Column("was", "money"), Column("is", "money")),
                tuple(m[:3] for m in moved),
                shown=SHOWN,
            )
        )
    if reopened:
        said.append(text("changes.receipts", n=Count(len(reopened))))
        tables.append(
            Table(
                "reopened",
                text("changes.because"),
                (Column("receipt"), Column("why"), Column("day"), Column("total")),
                tuple(
                    (
                        Name(r.get("number", "")),
                        (
                            text(f"changes.{r['why']}")
                            if r.get("why") in WHY
                            else Name(r.get("why", ""))
                        ),
                        Name(r.get("day", "")),
                        Name(r.get("total", "")),
                    )
                    for r in reopened
                ),
                shown=SHOWN,
            )
        )
    return Section(
        "changes",
        tuple(said),
        tables=tuple(tables),
        figures={
            "moved": [
                {"figure": path, "was": _plain(was), "is": _plain(now_)}
                for _, was, now_, path in moved
            ]
        },
    )


def _moved(
    now: Plain, before: Plain, currency: str, places: int, names: Mapping[str, str]
) -> Iterator[Moved]:
    def money(value: object) -> Value:
        return None if value is None else Money(int(Decimal(str(value)).scaleb(places)), currency)

    def pair(label: Text | Name, was: object, is_: object, path: str, say) -> Iterator[Moved]:
        if was != is_:
            yield label, say(was), say(is_), path

    total, past = _at(now, "bridge", "total"), _at(before, "bridge", "total")
    for name in COUNTED:
        yield from pair(
            text(f"column.{name}"),
            past.get(name),
            total.get(name),
            f"bridge.total.{name}",
            lambda v: None if v is None else Count(int(v)),
        )
    for step in STEPS:
        yield from pair(
            text(f"step.{step}"), past.get(step), total.get(step), f"bridge.total.{step}", money
        )
    for group in ("everyone", "new", "returning"):
        new, old = (
            _at(now, "customers", group).get("customers"),
            _at(before, "customers", group).get("customers"),
        )
        label = text("changes.customers", group=text(f"customers.{group}"))
        yield from pair(
            label,
            old,
            new,
            f"customers.{group}.customers",
            lambda v: None if v is None else Count(int(v)),
        )
    stores, was = _at(now, "bridge", "stores"), _at(before, "bridge", "stores")
    for store in sorted({*stores, *was}):
        yield from pair(
            text("changes.store", store=Name(names.get(store, store))),
            was.get(store, {}).get("net_sales"),
            stores.get(store, {}).get("net_sales"),
            f"bridge.stores.{store}.net_sales",
            money,
        )
    days, was = _at(now, "days", "days"), _at(before, "days", "days")
    for day in sorted({*days, *was}):
        yield from pair(
            text("changes.day", day=Name(day)),
            was.get(day, {}).get("net_sales"),
            days.get(day, {}).get("net_sales"),
            f"days.{day}.net_sales",
            money,
        )
    for section, listed, keys, label in (
        ("tenders", "tenders", ("tender", "type"), "changes.tender"),
        ("items", "items", ("item", "category"), "changes.item"),
    ):
        field = "amount" if section == "tenders" else "net_sales"
        new, old = (
            {tuple(r.get(k) or "" for k in keys): r.get(field) for r in _list(f, section, listed)}
            for f in (now, before)
        )
        for key in sorted({*new, *old}):
            yield from pair(
                text(label, name=Name(key[0])),
                old.get(key),
                new.get(key),
                f"{section}.{'/'.join(key)}.{field}",
                money,
            )


def _at(figures: Plain, *path: str) -> Mapping:
    found: object = figures
    for step in path:
        found = found.get(step, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _list(figures: Plain, section: str, name: str) -> list[Mapping]:
    found = figures.get(section)
    listed = found.get(name) if isinstance(found, Mapping) else None
    return [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []


def _plain(value: Value) -> Value:
    return value if isinstance(value, (Money, Count, Quantity)) or value is None else None
