"""Section 17 (cumulative 16). Data quality and lineage: counts in = counts out, what is not known,
and where all of it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from reports.figures.money import Totals
from reports.page import Column, Finding, Section, Table
from reports.values import Count, Day, Money, Month, Name, Percent, Series, Value, text

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
FAULTS = ("payments_differ",)
GAPS = (
    "missing_cost",
    "missing_category",
    "unmapped_channel",
    "unknown_component",
    "clock_skew",
    "orphan_refund",
)
REASONS = (
    "bad_text",
    "duplicate_key",
    "empty",
    "excess_precision",
    "implausible_date",
    "missing_field",
    "not_a_number",
    "not_an_object",
    "not_json",
    "null_value",
    "out_of_range",
    "refused",
    "too_deep",
    "totals_differ",
    "unknown_value",
    "unplaced_date",
    "unreadable_date",
    "wrong_type",
)
"""Why a receipt could not be read; any other reason is printed as it is."""
COVERAGE = (80, 100)
FACTS, SHOWN = 14, 7
"""Inputs told, and rows on a page: digests are for whoever proves a report, and stand in the CSV."""
ORIGIN = ("edition", "watermark", "version", "settings", "code")
INPUTS = ("summary", "customers", "backoffice")
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
)
OVER_TIME = (
    *(
        term
        for term in GLOSSARY
        if term not in ("fair", "repeat_rate", "new_customer", "abc", "small_cells")
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
)
"""What the cumulative report speaks of."""


def quality_of(frame: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """check -> (count, money) of a `quality` frame, over stores and subjects."""
    if frame.empty:
        return {}
    money = frame["amount"].map(lambda v: 0 if v is None or pd.isna(v) else int(v))
    sums = frame.assign(amount=money).groupby("check", sort=True)[["count", "amount"]].sum()
    return {check: (int(row["count"]), int(row["amount"])) for check, row in sums.iterrows()}


def light_of(total: Totals, quality: pd.DataFrame, till: tuple[bool, bool] = (False, False)) -> str:
    """red: money that does not tie, or receipts that could not be read; amber: gaps in what is
    known; else green.

    `till` says whether the till's own export differs, and whether one could not be read.
    """
    checks = quality_of(quality)
    if (
        till[0]
        or total.difference
        or total.unpaid
        or any(checks.get(c, (0, 0))[0] for c in (*FAULTS, "quarantined"))
    ):
        return "red"
    covered, whole = total.cost_coverage
    if (
        till[1]
        or any(checks.get(c, (0, 0))[0] for c in GAPS if c != "missing_cost")
        or covered * COVERAGE[1] < whole * COVERAGE[0]
    ):
        return "amber"
    return "green"


def lineage(
    total: Totals,
    quality: pd.DataFrame,
    currency: str,
    facts: Mapping[str, object],
    till: tuple[bool, bool] = (False, False),
    glossary: Sequence[str] = GLOSSARY,
) -> Section:
    """Counts, checks with their subjects, the origin and the glossary, of a month or of the whole
    history.
    """
    checks = quality_of(quality)
    fetched, curated, quarantined = (checks.get(c, (0, 0))[0] for c in FLOW[:3])
    tied = fetched == curated + quarantined
    said = [
        text(
            "lineage.tied" if tied else "lineage.untied",
            fetched=Count(fetched),
            curated=Count(curated),
            quarantined=Count(quarantined),
        )
    ]
    parts = {
        "sales": total.receipts,
        "refunds": total.refund_receipts,
        "cancelled": total.cancelled_receipts,
    }
    if curated:
        said.append(text("lineage.parts", **{name: Count(n) for name, n in parts.items()}))
    light = light_of(total, quality, till)
    said.append(text(f"lineage.{light}"))
    findings = []
    if not tied:
        findings.append(
            Finding(
                text(
                    "lineage.untied",
                    fetched=Count(fetched),
                    curated=Count(curated),
                    quarantined=Count(quarantined),
                ),
                0,
                "lineage",
                urgent=True,
            )
        )
    if quarantined:
        amount = checks["quarantined"][1]
        findings.append(
            Finding(
                text("lineage.finding", n=Count(quarantined), amount=Money(amount, currency)),
                amount,
                "lineage",
                urgent=True,
            )
        )
    covered, whole = total.cost_coverage
    if total.costed_net and covered * COVERAGE[1] < whole * COVERAGE[0]:
        findings.append(
            Finding(
                text(
                    "lineage.costs",
                    share=Percent(covered, whole, decimals=0),
                    amount=Money(whole - covered, currency),
                ),
                whole - covered,
                "lineage",
            )
        )
    gaps = [(check, *checks[check]) for check in GAPS if checks.get(check, (0, 0))[0]]
    if gaps:
        findings.append(
            Finding(
                text("lineage.gaps", gaps=_gaps(gaps, currency)),
                max(amount for *_, amount in gaps),
                "lineage",
                minor=True,
            )
        )
    tables = [_checks(checks, currency)]
    subjects = _subjects(quality)
    if subjects.rows:
        tables.append(subjects)
    origin = _origin(facts)
    if origin.rows:
        tables.append(origin)
    notes = tuple(text(f"glossary.{term}") for term in glossary)
    return Section(
        "lineage",
        tuple(said),
        tables=tuple(tables),
        notes=notes,
        findings=tuple(findings),
        figures={
            "checks": {
                c: {"count": n, "amount": Money(a, currency)} for c, (n, a) in checks.items()
            },
            "light": light,
        },
    )


def _gaps(gaps: list[tuple[str, int, int]], currency: str) -> Series:
    """The dearest gaps, each with its count and its money."""
    dearest = sorted(gaps, key=lambda gap: (-abs(gap[2]), -gap[1], gap[0]))[:3]
    return Series(
        tuple(
            text(
                "lineage.gap",
                check=text(f"gap.{check}"),
                n=Count(n),
                amount=Money(amount, currency),
            )
            for check, n, amount in dearest
        )
    )


def _checks(checks: dict[str, tuple[int, int]], currency: str) -> Table:
    rows = []
    for check in (*FLOW, *CHECKS, *sorted(set(checks) - set(FLOW) - set(CHECKS))):
        count, amount = checks.get(check, (0, 0))
        if not count and check not in FLOW:
            continue
        name: Value = text(f"check.{check}") if check in FLOW + CHECKS else Name(check)
        rows.append((name, Count(count), Money(amount, currency) if amount else None))
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
        for r in sums.itertuples(index=False)
    )
    return Table(
        "subjects",
        text("lineage.subjects"),
        (Column("check"), Column("subject"), Column("count", "count")),
        rows,
        shown=12,
    )


def _subject(check: str, subject: str) -> Value:
    return (
        text(f"reason.{subject}")
        if check == "quarantined" and subject in REASONS
        else Name(subject)
    )


def _origin(facts: Mapping[str, object]) -> Table:
    """What the report was made of: the edition, how far the till was read, versions, and the
    digests of its inputs, newest first.
    """
    order = sorted(
        facts,
        key=lambda fact: (
            isinstance(facts[fact], Mapping),
            ORIGIN.index(fact) if fact in ORIGIN else len(ORIGIN),
            fact,
        ),
    )
    rows = tuple(row for fact in order for row in _told(fact, facts[fact]))
    return Table(
        "origin", text("lineage.origin"), (Column("fact"), Column("value")), rows, shown=SHOWN
    )


def _told(name: str, fact: object) -> list[tuple[Value, Value]]:
    """A fact as lines of a name and a value: of many inputs the first ones, and how many more there
    are.
    """
    label: Value = text(f"origin.{name}") if name in ORIGIN else Name(name)
    if isinstance(fact, Mapping):
        keys = sorted(sorted(fact, key=str, reverse=True), key=_rank)
        more = [(text("items.more", n=Count(len(keys) - FACTS)), None)] if len(keys) > FACTS else []
        return [(_input(str(key)), Name(str(fact[key]))) for key in keys[:FACTS]] + more
    if isinstance(fact, (list, tuple)):
        more = f", … ({len(fact)})" if len(fact) > FACTS else ""
        return [(label, Name(", ".join(str(item) for item in fact[:FACTS]) + more))]
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
