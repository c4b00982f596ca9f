"""Data quality and lineage.

Counts in = counts out, what is not known, and the inputs of the report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from reports.figures.money import Totals
from reports.figures.tables import rows_of
from reports.page import Column, Finding, Section, Table
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
from reports.values import Count, Day, Money, Month, Name, Series, Text, Value, text

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
FACTS, SHOWN = 14, 7
"""Inputs listed, and rows on a page; the workbook has all digests."""
ORIGIN = ("version", "watermark", "definitions", "settings", "code")
INPUTS = ("summary", "customers", "backoffice", "outside")
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
    origin = _origin(metadata)
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
        (Column("check"), Column("count", "count"), Column("amount", "money")),
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
        (Column("check"), Column("subject"), Column("count", "count")),
        rows,
        shown=12,
    )


def _subject(check: str, subject: str) -> Value:
    return reason_of(subject) if check == "quarantined" else Name(subject)


def _origin(metadata: Mapping[str, object]) -> Table:
    """Origin of the report: version, last window, and digests of its inputs."""
    order = sorted(
        metadata,
        key=lambda fact: (
            isinstance(metadata[fact], Mapping),
            ORIGIN.index(fact) if fact in ORIGIN else len(ORIGIN),
            fact,
        ),
    )
    rows = tuple(row for fact in order for row in _fact_rows(fact, metadata[fact]))
    return Table(
        "origin", text("lineage.origin"), (Column("fact"), Column("value")), rows, shown=SHOWN
    )


def _fact_rows(name: str, fact: object) -> list[tuple[Value, Value]]:
    """Rows of a fact, name and value; of many inputs the first ones and a count."""
    label: Value = text(f"origin.{name}") if name in ORIGIN else Name(name)
    if isinstance(fact, Mapping):
        keys = sorted(sorted(fact, key=str, reverse=True), key=_rank)
        more = [(text("items.more", n=Count(len(keys) - FACTS)), None)] if len(keys) > FACTS else []
        return [*((_input(str(key)), Name(str(fact[key]))) for key in keys[:FACTS]), *more]
    if isinstance(fact, (list, tuple)):
        rest = f", … ({len(fact)})" if len(fact) > FACTS else ""
        return [(label, Name(", ".join(str(item) for item in fact[:FACTS]) + rest))]
    return [(label, day_of(fact) or Name(str(fact)))]


def _rank(key: object) -> int:
    kind = str(key).split("/")[0]
    return INPUTS.index(kind) if kind in INPUTS else len(INPUTS)


def _input(key: str) -> Value:
    """ "summary/2026-10" in words."""
    kind, _, month = key.partition("/")
    if kind in INPUTS and re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        return text(f"origin.{kind}", month=Month(date.fromisoformat(f"{month}-01")))
    return Name(key)


def day_of(fact: object) -> Day | None:
    """A fact that is an ISO date, as a day."""
    return (
        Day(date.fromisoformat(str(fact))) if re.fullmatch(r"\d{4}-\d\d-\d\d", str(fact)) else None
    )
