"""Data quality and lineage (in the texts: origin): checks, inputs, glossary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from reports.columns import columns_of
from reports.document import Finding, Section, Table
from reports.figures import Figures
from reports.figures.history import History
from reports.figures.money import Totals
from reports.figures.tables import rows_of, sum_by
from reports.sections.comparison import share
from reports.sections.data_state import (
    INCOMPLETE,
    Check,
    absence_findings,
    lacks_costs,
    outside_sentence,
    outside_table,
    quarantine_sentence,
    quarantine_table,
    reason_of,
    traffic_light,
)
from reports.sections.lineage_table import lineage_table
from reports.sections.names import first_of
from reports.values import Count, Day, Money, Name, Series, Text, Value, text
from reports.version_context import VersionContext

FLOW = ("received", "counted", "quarantined", "superseded")
OUTSIDE = "outside"
CHECKS = (
    "missing_cost",
    "missing_category",
    "unmapped_channel",
    "unknown_component",
    "clock_skew",
    "late",
    "payments_differ",
    "rounding",
    "orphan_refund",
    "cancelled",
)
GLOSSARY = (
    "gross_sales",
    "refunds",
    "discounts",
    "net_sales",
    "tax",
    "collected",
    "cost",
    "margin",
    "average_receipt",
    "units_per_receipt",
    "business_day",
    "same_weekdays",
    "new_customer",
    "repeat_rate",
    "abc",
    "menu",
    "basket",
    "points",
    "small_cells",
    "quarantine",
    "digest",
)
_OF_MONTH = ("same_weekdays", "repeat_rate", "new_customer", "abc")
OVER_TIME = (
    *(term for term in GLOSSARY[:-3] if term not in _OF_MONTH),
    "comparable_days",
    "season",
    "half_years",
    "price_change",
    "cohort",
    "rfm",
    "concentration",
    "unusual_day",
    "forecast",
    *GLOSSARY[-3:],
)
"""The terms of the cumulative report; the last three are of all data."""


def lineage(figures: Figures, context: VersionContext, _: Sequence[Section]) -> Section:
    """Data quality and lineage of a month."""
    return _section(figures.total, figures.now["quality"], figures.currency, context, GLOSSARY)


def lineage_over_time(history: History, context: VersionContext, _: Sequence[Section]) -> Section:
    """Data quality and lineage of the history."""
    total = history.sum_of(history.months)
    return _section(total, history.stacked("quality"), history.currency, context, OVER_TIME)


def _section(
    total: Totals,
    quality: pd.DataFrame,
    currency: str,
    context: VersionContext,
    glossary: Sequence[str],
) -> Section:
    """Counts, checks and their subjects, lineage, glossary."""
    state = context.state
    checks, outside = state.checks, state.outside
    received, counted, quarantined = (state.count(check) for check in FLOW[:3])
    reconciled = state.is_reconciled
    flow = {
        "received": Count(received + outside.count),
        "counted": Count(counted),
        "quarantined": Count(quarantined),
    }
    key = "lineage.reconciled" if reconciled else "lineage.not_reconciled"
    sentences = [text(key, **flow)]
    if outside.count:
        sentences = [
            text(f"{key}_outside", **flow, outside=Count(outside.count)),
            outside_sentence(state, currency),
        ]
    parts = {
        "sales": total.receipts,
        "refunds": total.refund_receipts,
        "cancelled": total.cancelled_receipts,
    }
    if counted:
        sentences.append(text("lineage.parts", **{name: Count(n) for name, n in parts.items()}))
    light = traffic_light(total, state)
    sentences.append(text(f"lineage.{light}"))
    findings = absence_findings(state, total)
    sentences += [finding.sentence for finding in findings]
    urgent = []
    if outside.count:
        urgent.append((outside_sentence(state, currency), abs(outside.size)))
    if not reconciled:
        urgent.append((sentences[0], 0))
    if quarantined:
        urgent.append((quarantine_sentence(state, currency), checks["quarantined"].size))
    findings += [Finding(sentence, size, "lineage", urgent=True) for sentence, size in urgent]
    covered, costed_sales = total.cost_coverage
    covered_share = share(covered, costed_sales, total.receipts, decimals=0)
    if covered_share is not None and lacks_costs(total):
        amount = Money(costed_sales - covered, currency)
        sentence = text("lineage.costs", share=covered_share, amount=amount)
        findings.append(Finding(sentence, amount.units, "lineage"))
    incomplete = [(name, checks[name]) for name in INCOMPLETE if state.count(name)]
    if incomplete:
        sentence = text("lineage.incomplete", checks=_incomplete(incomplete, currency))
        largest = max(check.size for _, check in incomplete)
        findings.append(Finding(sentence, largest, "lineage", minor=True))
    if state.read_through:
        sentences.append(text("lineage.read_through", day=Day(state.read_through)))
        findings.append(Finding(sentences[-1], 0, "lineage", minor=True))
    tables = (
        _checks(checks, outside, currency),
        outside_table(state, currency),
        quarantine_table(state, currency),
        _subjects(quality, currency),
        lineage_table(context.lineage),
    )
    figures_out = {
        "checks": {
            name: {
                "count": check.count,
                "amount": None if check.amount is None else Money(check.amount, currency),
                "unknown": check.unknown,
            }
            for name, check in {**checks, "outside": outside}.items()
        },
        "silent": {
            silent_store.store_id: {"last_seen": silent_store.last_seen, "days": silent_store.days}
            for silent_store in state.silent_stores
        },
        "light": light,
    }
    notes = [text(f"glossary.{term}") for term in glossary]
    return Section(
        "lineage", sentences, tables=tables, notes=notes, findings=findings, figures=figures_out
    )


def _incomplete(checks: list[tuple[str, Check]], currency: str) -> Series:
    """The largest incomplete checks, each with count and, if known, amount."""
    largest_first = sorted(checks, key=lambda pair: (-abs(pair[1].size), -pair[1].count, pair[0]))
    return first_of([_cases(name, check, currency) for name, check in largest_first], 3)


def _cases(name: str, check: Check, currency: str) -> Text:
    values: dict[str, Value] = {"check": text(f"incomplete.{name}", n=Count(check.count))}
    if (amount := check.money(currency)) is None:
        return text("lineage.incomplete_count", **values)
    return text("lineage.incomplete_amount", amount=amount, **values)


def _checks(checks: Mapping[str, Check], outside: Check, currency: str) -> Table:
    """The checks; those received include the ones before the history."""
    received = checks.get(FLOW[0], Check())
    checks = {
        **checks,
        FLOW[0]: received._replace(count=received.count + outside.count),
        OUTSIDE: outside,
    }
    order = (*FLOW[:3], OUTSIDE, *FLOW[3:], *CHECKS)
    rows = []
    for name in (*order, *sorted(set(checks) - set(order))):
        check = checks.get(name, Check())
        if not check.count and name not in FLOW:
            continue
        label = text(f"check.{name}") if name in order else name
        money = check.money(currency) if check.amount or check.unknown else None
        rows.append((label, check.count, money))
    columns, title = columns_of("check", "count", "amount"), text("lineage.checks")
    return Table.from_rows("checks", title, columns, rows, currency, shown=20)


def _subjects(frame: pd.DataFrame, currency: str) -> Table:
    has_subject = (frame["subject"] != "") | (frame["check"] == "unmapped_channel")
    is_listed = has_subject & frame["check"].isin([*CHECKS, "quarantined"])
    counted = frame[is_listed & (frame["count"] > 0)]
    rows = [
        (text(f"check.{check}"), _subject(check, subject), count)
        for check, subject, count in rows_of(
            sum_by(counted, ["check", "subject"], ["count"], "count")
        )
    ]
    columns, title = columns_of("check", "subject", "count"), text("lineage.subjects")
    return Table.from_rows("subjects", title, columns, rows, currency, shown=12)


def _subject(check: str, subject: str) -> Value:
    """What a check names: a reason, no order type, or a name of the POS."""
    if check == "quarantined":
        return reason_of(subject)
    return Name(subject) if subject else text("lineage.no_order_type")
