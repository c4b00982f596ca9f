"""The index of all reports: months, latest first, main figures, forms, versions.

Takes the versions of each report by month, the figures.json of the newest cumulative report, and
those of monthly reports whose month it does not have. Returns one HTML file for reports/index.html,
whose links are relative to that folder (monthly/<YYYY-MM>/<file>, .../versions/<name>.zip).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from reports.figures.calendar import dates_of_month, month_before
from reports.figures.money import PERCENT_BASE
from reports.localizer import Localizer
from reports.render.html import resource, template
from reports.values import Count, Day, Money, Month, Percent, Value, text

FORMS = ("html", "pdf", "md")
WIDE, HIGH, KEPT = 320, 48, 36

Versions = Mapping[str, Sequence[str]]
Figures = Mapping[str, Any]


@dataclass(frozen=True)
class MonthSnapshot:
    """A month in one currency; `before` is the month it may be compared with.

    A `partial` one, which has days that are still to come or began late, is compared with none.
    """

    month: str
    net: int
    receipts: int
    before: int | None = None
    partial: bool = False


def index(
    monthly: Versions,
    cumulative: Versions,
    figures: Figures | None,
    months_alone: Mapping[str, Figures],
    locale: str,
) -> bytes:
    """The page, as bytes.

    `monthly` and `cumulative` map "YYYY-MM" to the names of the versions ("000001.<...>").
    `figures` is the figures.json of the newest cumulative report, or None; `months_alone` are those
    of monthly reports, for months that it does not have. An open month is not compared with a
    closed one, and is not in the line chart.
    """
    snapshots_of_months = [snapshot for snapshot in (figures, *months_alone.values()) if snapshot]
    lake_decimals = int(snapshots_of_months[0]["lake_decimals"]) if snapshots_of_months else 2
    months = _months(figures, months_alone, lake_decimals)
    through = {
        str(snapshot["through"])[:7]: date.fromisoformat(str(snapshot["through"]))
        for snapshot in snapshots_of_months
        if snapshot.get("through")
    }
    lines = {
        currency: [snapshot for snapshot in by_month.values() if not snapshot.partial][-KEPT:]
        for currency, by_month in months.items()
    }
    decimals = snapshots_of_months[0].get("decimals", {}) if snapshots_of_months else {}
    localizer = Localizer(locale, lake_decimals, tuple(months), decimals)
    return (
        template("index.html.j2")
        .render(
            format_value=localizer.format,
            sentence=lambda value: "".join(run.text for run in localizer.sentence(value)),
            text=text,
            Count=Count,
            forms=FORMS,
            month=_month,
            language=localizer.code.replace("_", "-"),
            style=Markup(resource("style.css")),
            snapshots={
                name: [
                    _snapshot_values(by_currency[name], currency)
                    for currency, by_currency in months.items()
                    if name in by_currency
                ]
                for name in monthly
            },
            state=lambda name, number: _state(name, number, through.get(name)),
            monthly={m: _numbered(monthly[m]) for m in sorted(monthly, reverse=True)},
            cumulative={m: _numbered(cumulative[m]) for m in sorted(cumulative, reverse=True)},
            sparklines=[
                (currency, _sparkline(line), _sparkline_alt(line, currency))
                for currency, line in lines.items()
                if len(line) > 1
            ],
        )
        .encode()
    )


def _months(
    figures: Figures | None, months_alone: Mapping[str, Figures], lake_decimals: int
) -> dict[str, dict[str, MonthSnapshot]]:
    """What is known of each month, by currency, oldest first."""
    by_currency: dict[str, dict[str, MonthSnapshot]] = {}

    def units(total: Mapping[str, object]) -> int:
        return int(Decimal(str(total["net_sales"])).scaleb(lake_decimals))

    for currency, sections in (figures or {}).get("currencies", {}).items():
        trend = sections.get("trend", {})
        partial = {*trend.get("partial", ()), str((figures or {}).get("through"))[:7]}
        last: MonthSnapshot | None = None
        for name, total in sorted(trend.get("months", {}).items()):
            comparable = (
                last
                and last.month == _before(name)
                and not last.partial
                and last.receipts >= PERCENT_BASE
                and name not in partial
            )
            last = MonthSnapshot(
                name,
                units(total),
                int(total["receipts"]),
                last.net if last and comparable else None,
                name in partial,
            )
            by_currency.setdefault(currency, {})[name] = last
    for name, snapshot in months_alone.items():
        for currency, sections in snapshot.get("currencies", {}).items():
            headline = sections.get("headline", {})
            if "total" not in headline or name in by_currency.get(currency, {}):
                continue
            total, before = headline["total"], headline.get("before")
            comparable = (
                before and not snapshot.get("through") and int(before["receipts"]) >= PERCENT_BASE
            )
            by_currency.setdefault(currency, {})[name] = MonthSnapshot(
                name,
                units(total),
                int(total["receipts"]),
                units(before) if comparable else None,
                bool(snapshot.get("through")),
            )
    return {
        currency: dict(sorted(months.items())) for currency, months in sorted(by_currency.items())
    }


def _before(name: str) -> str:
    return f"{month_before(_month(name).first):%Y-%m}"


def _snapshot_values(snapshot: MonthSnapshot, currency: str) -> tuple[Value, list[Value]]:
    """Net sales of the month, and their comparison."""
    beside: list[Value] = [text("index.receipts", n=Count(snapshot.receipts))]
    if snapshot.before is not None and snapshot.before > 0:
        change = Percent(snapshot.net - snapshot.before, snapshot.before, signed=True)
        month = Month(_month(_before(snapshot.month)).first, short=True)
        beside.insert(0, text("index.change", change=change, month=month))
    return Money(snapshot.net, currency), beside


def _state(name: str, number: int, through: date | None) -> Value:
    """The version, and the last day that it has."""
    last = through or dates_of_month(_month(name).first)[-1]
    return text("index.open" if through else "index.closed", n=Count(number), day=Day(last))


def _month(name: str) -> Month:
    return Month(date.fromisoformat(f"{name}-01"))


def _sparkline(months: Sequence[MonthSnapshot]) -> Markup:
    """A line of the months from zero up, as an image within the page."""
    values = [Decimal(snapshot.net) for snapshot in months]
    high = max([*values, Decimal(1)])
    step = Decimal(WIDE - 8) / max(len(values) - 1, 1)
    points = [
        (4 + step * i, HIGH - 5 - max(v, Decimal(0)) / high * (HIGH - 10))
        for i, v in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}"><path d="M0'
        f' {HIGH - 5}H{WIDE}" stroke="#d9dde3"/><polyline points="{line}" fill="none"'
        f' stroke="#0072B2" stroke-width="2"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"'
        ' fill="#0072B2"/></svg>'
    )
    return Markup("data:image/svg+xml;base64,") + b64encode(svg.encode()).decode()


def _sparkline_alt(months: Sequence[MonthSnapshot], currency: str) -> Value:
    return text(
        "index.sparkline",
        first=_month(months[0].month),
        last=_month(months[-1].month),
        net=Money(months[-1].net, currency),
    )


def _numbered(folders: Sequence[str]) -> list[tuple[int, str]]:
    """(number, folder) of the versions, the newest first; folders sort by their names."""
    return list(enumerate(sorted(folders, key=lambda name: int(name.partition(".")[0])), 1))[::-1]
