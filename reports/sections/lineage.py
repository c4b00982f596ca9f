"""Data quality and lineage.

Counts in = counts out, what is not known, and the inputs of the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from reports.columns import columns_of
from reports.figures.money import Totals
from reports.figures.tables import rows_of
from reports.page import Finding, Section, Table
from reports.sections.comparison import share
from reports.sections.data_state import (
    COVERAGE,
    GAPS,
    REASONS,
    Check,
    DataState,
    absences,
    light_of,
    outside_sentence,
    outside_table,
    reason_of,
    unread_sentence,
    unread_table,
)
from reports.sections.names import first_of
from reports.sections.origin import origin_table
from reports.values import Count, Money, Name, Series, Text, Value, text

FLOW = ("fetched", "curated", "quarantined", "superseded")
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
    "fair",
    "new_customer",
    "repeat_rate",
    "abc",
    "menu",
    "basket",
    "small_cells",
    "quarantine",
)
__all__ = ["OVER_TIME", "REASONS", "lineage"]
OVER_TIME = (
    *(
        term
        for term in GLOSSARY
        if term not in ("fair", "repeat_rate", "new_customer", "abc", "small_cells", "quarantine")
    ),
    "like_for_like",
    "season",
    "half_years",
    "price_change",
    "cohort",
    "rfm",
    "concentration",
    "odd_day",
    "forecast",
    "small_cells",
    "quarantine",
)
"""What the cumulative report speaks of."""


def lineage(
    total: Totals,
    quality: pd.DataFrame,
    currency: str,
    metadata: Mapping[str, object],
    state: DataState,
    export_problems: tuple[bool, bool] = (False, False),
    glossary: Sequence[str] = GLOSSARY,
) -> Section:
    """Counts, checks and their subjects, origin, glossary of a month or the history."""
    checks, outside = state.checks, state.outside
    fetched, curated, quarantined = (state.count(check) for check in FLOW[:3])
    tied = fetched == curated + quarantined
    flow = {
        "fetched": Count(fetched + outside.count),
        "curated": Count(curated),
        "quarantined": Count(quarantined),
    }
    if outside.count:
        flow["outside"] = Count(outside.count)
    ending = "_outside" if outside.count else ""
    sentences = [text(f"lineage.tied{ending}" if tied else f"lineage.untied{ending}", **flow)]
    if outside.count:
        sentences.append(outside_sentence(state, currency))
    parts = {
        "sales": total.receipts,
        "refunds": total.refund_receipts,
        "cancelled": total.cancelled_receipts,
    }
    if curated:
        sentences.append(text("lineage.parts", **{name: Count(n) for name, n in parts.items()}))
    light = light_of(total, state, export_problems)
    sentences.append(text(f"lineage.{light}"))
    findings = absences(state, total)
    sentences += [finding.sentence for finding in findings]
    if outside.count:
        findings.append(
            Finding(outside_sentence(state, currency), abs(outside.size), "lineage", urgent=True)
        )
    if not tied:
        findings.append(
            Finding(
                text(f"lineage.untied{ending}", **flow),
                0,
                "lineage",
                urgent=True,
            )
        )
    if quarantined:
        unread = checks["quarantined"]
        findings.append(
            Finding(
                unread_sentence(state, currency),
                unread.size,
                "lineage",
                urgent=True,
            )
        )
    covered, total_sum = total.cost_coverage
    covered_share = share(covered, total_sum, total.receipts, decimals=0)
    if covered_share is not None and covered * COVERAGE[1] < total_sum * COVERAGE[0]:
        findings.append(
            Finding(
                text(
                    "lineage.costs",
                    share=covered_share,
                    amount=Money(total_sum - covered, currency),
                ),
                total_sum - covered,
                "lineage",
            )
        )
    gaps = [(name, checks[name]) for name in GAPS if state.count(name)]
    if gaps:
        findings.append(
            Finding(
                text("lineage.gaps", gaps=_gaps(gaps, currency)),
                max(check.size for _, check in gaps),
                "lineage",
                minor=True,
            )
        )
    tables = [_checks(checks, currency)]
    if outside.count:
        tables.append(outside_table(state, currency))
    if len(state.unread):
        tables.append(unread_table(state, currency))
    subjects = _subjects(quality)
    if subjects.rows:
        tables.append(subjects)
    origin = origin_table(metadata)
    if origin.rows:
        tables.append(origin)
    notes = tuple(text(f"glossary.{term}") for term in glossary)
    return Section(
        "lineage",
        tuple(sentences),
        tables=tuple(tables),
        notes=notes,
        findings=tuple(findings),
        figures={
            "checks": {
                name: {
                    "count": check.count,
                    "amount": None if check.amount is None else Money(check.amount, currency),
                    "unknown": check.unknown,
                }
                for name, check in {**checks, "outside": outside}.items()
            },
            "silent": {
                silence.store_id: {"last_seen": silence.last_seen, "days": silence.days}
                for silence in state.silences
            },
            "light": light,
        },
    )


def _gaps(gaps: list[tuple[str, Check]], currency: str) -> Series:
    """The dearest gaps, each with its count and, where there is any, its money."""
    dearest = sorted(gaps, key=lambda gap: (-abs(gap[1].size), -gap[1].count, gap[0]))
    return first_of([_gap(name, check, currency) for name, check in dearest], 3)


def _gap(name: str, check: Check, currency: str) -> Text:
    values: dict[str, Value] = {"check": text(f"gap.{name}", n=Count(check.count))}
    if (amount := check.money(currency)) is None:
        return text("lineage.gap_only", **values)
    return text("lineage.gap", amount=amount, **values)


def _checks(checks: Mapping[str, Check], currency: str) -> Table:
    rows = []
    for name in (*FLOW, *CHECKS, *sorted(set(checks) - set(FLOW) - set(CHECKS))):
        check = checks.get(name, Check())
        if not check.count and name not in FLOW:
            continue
        label: Value = text(f"check.{name}") if name in FLOW + CHECKS else Name(name)
        money = check.money(currency) if check.amount or check.unknown else None
        rows.append((label, Count(check.count), money))
    return Table(
        "checks",
        text("lineage.checks"),
        columns_of("check", "count", "amount"),
        tuple(rows),
        shown=20,
    )


def _subjects(frame: pd.DataFrame) -> Table:
    frame = frame[
        (frame["subject"] != "")
        & (frame["count"] > 0)
        & frame["check"].isin([*CHECKS, "quarantined"])
    ]
    sums = frame.groupby(["check", "subject"], sort=True)["count"].sum().reset_index()
    sums = sums.sort_values(
        ["count", "check", "subject"], ascending=[False, True, True], kind="stable"
    )
    rows = tuple(
        (text(f"check.{r.check}"), _subject(r.check, r.subject), Count(int(r[2])))
        for r in rows_of(sums)
    )
    return Table(
        "subjects",
        text("lineage.subjects"),
        columns_of("check", "subject", "count"),
        rows,
        shown=12,
    )


def _subject(check: str, subject: str) -> Value:
    return reason_of(subject) if check == "quarantined" else Name(subject)
