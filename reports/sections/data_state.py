"""Completeness of the data of a month, and the traffic light that follows.

Checks, stores that stopped sending, receipts before the history.

Money is in units of 10**-decimals. An amount that cannot be known is None, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

import pandas as pd

from reports.columns import columns_of
from reports.document import Finding, Table
from reports.figures.money import Totals
from reports.figures.silent_stores import SilentStore
from reports.figures.tables import rows_of
from reports.localizer import text_templates
from reports.values import Count, Day, Money, Name, Series, Text, Value, text

FAULTS = ("payments_differ",)
INCOMPLETE = (
    "missing_cost",
    "missing_category",
    "unmapped_channel",
    "unknown_component",
    "clock_skew",
    "orphan_refund",
)
COVERAGE = (80, 100)
NAMED = 3


class Check(NamedTuple):
    """How many, and their money if any is known; `unknown` amounts are counted."""

    count: int = 0  # type: ignore[assignment]  # hides the method of tuples, on purpose
    amount: int | None = None
    unknown: int = 0

    @property
    def size(self) -> int:
        """The known money, to rank by."""
        return self.amount or 0

    def money(self, currency: str) -> Value:
        """The money in words: known, unknown, or partly unknown; None where there is none."""
        if not self.unknown:
            return None if self.amount is None else Money(self.amount, currency)
        if self.amount is None:
            return text("lineage.unknown_amount")
        return text(
            "lineage.partly_unknown",
            amount=Money(self.amount, currency),
            unknown=Count(self.unknown),
        )


def quality_of(frame: pd.DataFrame) -> dict[str, Check]:
    """The checks of a `quality` frame by name, over stores and subjects."""
    checks: dict[str, Check] = {}
    for row in rows_of(frame):
        before = checks.get(row.check, Check())
        amounts = row.amount is not None and not pd.isna(row.amount)
        amount = before.size + int(row.amount) if amounts else before.amount
        checks[row.check] = Check(
            before.count + int(row.count), amount, before.unknown + int(row.unknown)
        )
    return dict(sorted(checks.items()))


@dataclass(frozen=True)
class DataState:
    """What the traffic light of a report depends on besides its money."""

    checks: Mapping[str, Check]
    silent_stores: tuple[SilentStore, ...] = ()
    stores: Mapping[str, str] = field(default_factory=dict)
    before_history: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["total"]))
    history_starts: date | None = None
    quarantined: pd.DataFrame = field(default_factory=pd.DataFrame)
    export_problems: tuple[bool, bool] = (False, False)
    """Whether the POS's own export differs, and whether one could not be read."""
    read_through: date | None = None
    """The last day of which changes are read; None: nothing later is missing."""

    @property
    def outside(self) -> Check:
        """The receipts before the history and their money."""
        totals = list(self.before_history["total"])
        amounts = [int(total) for total in totals if total is not None and not pd.isna(total)]
        return Check(len(totals), sum(amounts) if amounts else None, len(totals) - len(amounts))

    @property
    def is_reconciled(self) -> bool:
        """Whether received = counted + in quarantine."""
        return self.count("received") == self.count("counted") + self.count("quarantined")

    def count(self, check: str) -> int:
        """How many cases a check has."""
        return self.checks.get(check, Check()).count


def traffic_light(total: Totals, state: DataState) -> Literal["green", "amber", "red"]:
    """The traffic light of a month.

    red: sums that do not agree, an export that differs, a receipt in quarantine, or no receipt;
    amber: incomplete data, a store that stopped sending, receipts before the history, later
    changes that are not read, an export that could not be read; else green.
    """
    if (
        state.export_problems[0]
        or total.difference
        or total.unpaid
        or not state.is_reconciled
        or not state.count("counted")
        or any(state.count(check) for check in (*FAULTS, "quarantined"))
    ):
        return "red"
    if (
        state.export_problems[1]
        or state.silent_stores
        or state.outside.count
        or state.read_through
        or any(state.count(check) for check in INCOMPLETE if check != "missing_cost")
        or lacks_costs(total)
    ):
        return "amber"
    return "green"


def lacks_costs(total: Totals) -> bool:
    """Whether the cost of too much of positive net sales is unknown."""
    covered, net_sales = total.cost_coverage
    return net_sales > 0 and covered * COVERAGE[1] < net_sales * COVERAGE[0]


def absence_findings(state: DataState, total: Totals) -> list[Finding]:
    """Findings on a month without receipts, and on stores that stopped sending."""
    findings = []
    if not state.count("counted") and not state.count("quarantined"):
        findings.append(Finding(text("lineage.no_receipts"), 0, "lineage", urgent=True))
    for silent_store in state.silent_stores:
        values: dict[str, Value] = {
            "store": Name(state.stores.get(silent_store.store_id) or silent_store.store_id),
            "n": Count(silent_store.days),
        }
        if silent_store.last_seen:
            sentence = text("lineage.silent", day=Day(silent_store.last_seen), **values)
        else:
            sentence = text("lineage.silent_longer", **values)
        findings.append(Finding(sentence, max(total.net_sales, 0), "lineage", urgent=True))
    return findings


def quarantine_sentence(state: DataState, currency: str) -> Text:
    """A sentence on the receipts in quarantine: count, money, and the first number."""
    check = state.checks["quarantined"]
    values = {"n": Count(check.count), "amount": check.money(currency)}
    rows = [row for row in rows_of(state.quarantined) if row.receipt_number]
    if not rows:
        return text("lineage.finding", **values)
    named = Series(tuple(Name(row.receipt_number) for row in rows[:NAMED]))
    return text("lineage.finding_named", names=named, **values)


def quarantine_table(state: DataState, currency: str) -> Table:
    """Each record in quarantine: its number, business day, reason and money."""
    rows = [
        (
            row.receipt_number or row.record.rpartition("/")[2],
            row.business_day,
            reason_of(row.reason),
            f"{row.pointer} {row.detail}".strip(),
            _amount(row.total),
        )
        for row in rows_of(state.quarantined)
    ]
    columns = columns_of("receipt", "day", "why", "subject", "amount")
    title = text("lineage.quarantine_table")
    return Table.from_rows("quarantine", title, columns, rows, currency, shown=20)


def _amount(total: object) -> object:
    return text("lineage.unknown_amount") if total is None or pd.isna(total) else total


def reason_of(reason: str) -> Value:
    """Why a receipt is in quarantine; `law_O1` is a sum of an order that differs."""
    key = "reason.totals_differ" if reason.startswith("law_") else f"reason.{reason}"
    return Text(key) if key in text_templates("en_US") else Name(reason)


def outside_sentence(state: DataState, currency: str) -> Text:
    """A sentence on receipts before the history: count, money, and the setting."""
    assert state.history_starts is not None  # else no receipt is outside
    return text(
        "lineage.outside",
        n=Count(state.outside.count),
        amount=state.outside.money(currency),
        starts=Day(state.history_starts),
        first=Name(str(min(state.before_history["business_day"]))),
    )


def outside_table(state: DataState, currency: str) -> Table:
    """Each receipt before the history: date, money and day of arrival."""
    rows = [
        (
            row.receipt_number or row.record,
            row.business_day,
            row.received,
            state.stores.get(row.store_id) or row.store_id or "",
            _amount(row.total),
        )
        for row in rows_of(state.before_history)
    ]
    columns = columns_of("receipt", "day", "received", "store_name", "amount")
    title = text("lineage.outside_table")
    return Table.from_rows("outside", title, columns, rows, currency, shown=20)
