"""Cash over and short: the count of the drawers against what should be there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from reports.columns import columns_of
from reports.document import Finding, Section, Table, TableColumn
from reports.figures import Figures
from reports.figures.tables import rows_of, sort_rows
from reports.sections.names import employee_name
from reports.values import Count, Day, Money, Name, Series, Text, Value, amounts, text

SHORTAGE = 200
"""A finding: shortages of more than 1/SHORTAGE of the cash that was paid."""
_COLUMNS = columns_of("difference", "expected", "counted", "employee")
_MOVES = ("opening_cash", "cash_payments", "cash_refunds", "paid_in", "paid_out")


def cash_drawer(figures: Figures) -> Section:
    """Over and short by store and shift; absent where the POS has no shifts."""
    if figures.shifts.empty:
        return Section("cash_drawer")
    shifts = _ranked(figures.shifts)
    currency, counted = figures.currency, counted_of(shifts)
    over, short = over_and_short(counted)
    lead = result(len(counted), over, short, currency)
    sentences = [*filter(None, [lead]), *_notes(figures, shifts, counted)]
    stores = list(dict.fromkeys(shifts["store_id"]))
    tables = list(_by_shift(figures, shifts, has_stores=len(stores) > 1))
    if len(stores) > 1:
        tables.insert(0, _by_store(figures, shifts, stores))
    findings = []
    if SHORTAGE * short > int(shifts["cash_payments"].sum()):
        sentence = text("cash_drawer.finding", amount=Money(short, currency))
        findings.append(Finding(sentence, short, "cash_drawer"))
    figures_out = {
        "shifts": len(shifts),
        "counted_shifts": len(counted),
        **amounts(
            currency,
            expected=counted["expected_cash"].sum(),
            counted=counted["counted_cash"].sum(),
            over=over,
            short=short,
            difference=over - short,
            paid_in=shifts["paid_in"].sum(),
            paid_out=shifts["paid_out"].sum(),
        ),
    }
    return Section("cash_drawer", sentences, tables=tables, findings=findings, figures=figures_out)


def counted_of(shifts: pd.DataFrame) -> pd.DataFrame:
    """The shifts whose cash was counted."""
    return shifts[shifts["difference"].notna()]


def over_and_short(counted: pd.DataFrame) -> tuple[int, int]:
    """The sums of what was over and of what was short, both positive."""
    differences = [int(units) for units in counted["difference"]]
    return sum(d for d in differences if d > 0), -sum(d for d in differences if d < 0)


def result(count: int, over: int, short: int, currency: str) -> Text | None:
    """The sentence about `count` counted shifts; None without any."""
    if not count:
        return None
    if not over and not short:
        return text("cash_drawer.even", n=Count(count))
    key = "over" if over > short else "short" if short > over else "balanced"
    return text(
        f"cash_drawer.{key}",
        n=Count(count),
        amount=Money(abs(over - short), currency),
        over=Money(over, currency) if over and short else None,
        short=Money(short, currency),
    )


def _notes(figures: Figures, shifts: pd.DataFrame, counted: pd.DataFrame) -> list[Text]:
    """The largest difference, shifts without a count, days without a close."""
    notes, currency = [], figures.currency
    largest = counted.iloc[0] if len(counted) else None
    if largest is not None and largest["difference"]:
        notes.append(
            text(
                "cash_drawer.largest",
                amount=Money(int(largest["difference"]), currency, signed=True),
                store=Name(_store(figures, largest["store_id"])),
                register=Name(largest["register"]),
                day=Day(largest["business_day"], long=True, short=True),
                employee=_closed_by(figures, largest["closed_by"]),
            )
        )
    closed = shifts[shifts["closed_day"].notna()]
    if missing := len(closed) - len(counted):
        notes.append(text("cash_drawer.uncounted", n=Count(missing)))
    if still_open := len(shifts) - len(closed):
        notes.append(text("cash_drawer.open", n=Count(still_open)))
    named = []
    for store, unclosed in days_without_close(figures, shifts).items():
        days = Series(tuple(Day(day, short=True) for day in unclosed))
        named.append(text("cash_drawer.of_store", store=Name(_store(figures, store)), days=days))
    if named:
        notes.append(text("cash_drawer.unclosed", stores=Series(tuple(named))))
    return notes


def days_without_close(figures: Figures, shifts: pd.DataFrame) -> dict[str, list[date]]:
    """The days with sales on which no shift that was closed ran, by store with shifts.

    A shift that was opened before the month and closed in it ran on the first days of the month.
    """
    days, missing = figures.now["days"], {}
    ran = [shift for rows in (figures.shifts_before, shifts) for shift in rows_of(rows)]
    for store in sorted(set(shifts["store_id"])):
        open_days = set(days[(days["store_id"] == store) & (days["receipts"] > 0)]["business_day"])
        for shift in ran:
            if shift.store_id == store and shift.closed_day is not None:
                length = (shift.closed_day - shift.business_day).days + 1
                open_days -= {shift.business_day + timedelta(n) for n in range(length)}
        if open_days:
            missing[store] = sorted(open_days)
    return missing


def _store(figures: Figures, store: str) -> str:
    return figures.stores.get(store) or figures.listed_stores.get(store, store)


def _closed_by(figures: Figures, employee: str | None) -> Value:
    return employee_name(figures, employee) if employee else None


def _ranked(shifts: pd.DataFrame) -> pd.DataFrame:
    """The largest difference first, shifts without a count last."""
    sizes = [-1 if d is None or d != d else abs(int(d)) for d in shifts["difference"]]
    keys = ("-size", "business_day", "store_id", "register", "opened_at")
    return sort_rows(shifts.assign(size=sizes), *keys).drop(columns="size")


def _by_store(figures: Figures, shifts: pd.DataFrame, stores: list[str]) -> Table:
    """A row for each store, and their sum."""
    columns = columns_of(
        "store_name", "counted_shifts", "expected", "counted", "over", "short", "difference"
    )
    names = {store: _store(figures, store) for store in stores}
    rows = [
        _sums(figures, names[store], shifts[shifts["store_id"] == store])
        for store in sorted(stores, key=names.__getitem__)
    ]
    rows.append(_sums(figures, text("tenders.sum"), shifts))
    title, strong = text("cash_drawer.by_store"), frozenset({len(rows) - 1})
    return Table.from_rows("cash-stores", title, columns, rows, figures.currency, strong=strong)


def _sums(figures: Figures, label: object, shifts: pd.DataFrame) -> tuple[object, ...]:
    counted = counted_of(shifts)
    over, short = over_and_short(counted)
    sums = (counted[name].sum() for name in ("expected_cash", "counted_cash"))
    difference = Money(over - short, figures.currency, signed=True)
    return label, len(counted), *sums, over, short, difference


def _by_shift(figures: Figures, shifts: pd.DataFrame, *, has_stores: bool) -> Iterator[Table]:
    """The shifts with a difference or without a count; for the workbook, all of them."""
    named, currency = _named(figures, shifts), figures.currency
    differing = named[[value is None or value.units != 0 for value in named["difference"]]]
    if len(differing):
        names = [
            text("cash_drawer.register", register=Name(row.register), store=Name(row.store_name))
            if has_stores
            else Name(row.register)
            for row in rows_of(differing)
        ]
        days = [Day(day, short=True) for day in differing["business_day"]]
        day = TableColumn("day", "date", frame_column="business_day")
        columns = (TableColumn("register"), day, *_COLUMNS)
        frame = differing.assign(register=names, business_day=days)
        title = text("cash_drawer.by_shift")
        yield Table.from_frame("cash-differences", title, frame, columns, currency, is_detail=True)
    columns = (*columns_of(day="business_day", store_name="store_name", register="register"),)
    columns += (*_COLUMNS, *(TableColumn(name, "money") for name in _MOVES))
    title = text("cash_drawer.all_shifts")
    yield Table.from_frame("cash-shifts", title, named, columns, currency, shown=0)


def _named(figures: Figures, shifts: pd.DataFrame) -> pd.DataFrame:
    """The shifts with names and values for the columns of the tables."""
    return shifts.assign(
        store_name=[_store(figures, store) for store in shifts["store_id"]],
        employee=[_closed_by(figures, employee) for employee in shifts["closed_by"]],
        expected=shifts["expected_cash"],
        counted=shifts["counted_cash"],
        difference=[
            None if pd.isna(units) else Money(int(units), figures.currency, signed=True)
            for units in shifts["difference"]
        ],
    )
