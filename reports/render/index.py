"""The index of all reports: months, latest first, main figures, formats, versions.

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

from reports.charts.sparkline import sparkline
from reports.figures.calendar import dates_of_month, month_before
from reports.figures.money import MIN_FOR_PERCENT
from reports.localizer import Localizer
from reports.render.html import resource, template
from reports.values import Count, Day, Money, Month, Percent, Value, text

FORMATS = ("html", "pdf", "md")
MONTHS_IN_LINE = 36

Versions = Mapping[str, Sequence[str]]
FiguresJson = Mapping[str, Any]


@dataclass(frozen=True)
class MonthRow:
    """A month in one currency; `before` are the net sales that it is compared with.

    A `partial` month (in progress, or one in which the history begins) is not compared.
    """

    month: str
    net: int
    receipts: int
    before: int | None = None
    partial: bool = False


def index(
    monthly: Versions,
    cumulative: Versions,
    figures: FiguresJson | None,
    months_alone: Mapping[str, FiguresJson],
    locale: str,
) -> bytes:
    """The page, as bytes.

    `monthly` and `cumulative` map "YYYY-MM" to the names of the versions ("000001.<...>").
    `figures` is the figures.json of the newest cumulative report, or None; `months_alone` are those
    of monthly reports, for months that it does not have. An open month is not compared with a
    closed one, and is not in the line chart.
    """
    reports_json = [report for report in (figures, *months_alone.values()) if report]
    lake_decimals = int(reports_json[0]["lake_decimals"]) if reports_json else 2
    months = _months(figures, months_alone, lake_decimals)
    through = {
        str(report["through"])[:7]: date.fromisoformat(str(report["through"]))
        for report in reports_json
        if report.get("through")
    }
    partial = {row.month for rows in months.values() for row in rows.values() if row.partial}
    lines = {
        currency: [row for row in by_month.values() if not row.partial][-MONTHS_IN_LINE:]
        for currency, by_month in months.items()
    }
    decimals = reports_json[0].get("decimals", {}) if reports_json else {}
    localizer = Localizer(locale, lake_decimals, tuple(months), decimals)
    return (
        template("index.html.j2")
        .render(
            format_value=localizer.format,
            sentence=lambda value: "".join(run.text for run in localizer.sentence(value)),
            text=text,
            Count=Count,
            formats=FORMATS,
            month=_month,
            language=localizer.code.replace("_", "-"),
            style=Markup(resource("style.css")),
            rows={
                name: [
                    _values(by_currency[name], currency)
                    for currency, by_currency in months.items()
                    if name in by_currency
                ]
                for name in monthly
            },
            state=lambda name, number: _state(
                name, number, through.get(name), is_partial=name in partial
            ),
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
    figures: FiguresJson | None, months_alone: Mapping[str, FiguresJson], lake_decimals: int
) -> dict[str, dict[str, MonthRow]]:
    """The months by currency, oldest first."""
    by_currency: dict[str, dict[str, MonthRow]] = {}

    def units(total: Mapping[str, object]) -> int:
        return int(Decimal(str(total["net_sales"])).scaleb(lake_decimals))

    for currency, sections in (figures or {}).get("currencies", {}).items():
        trend = sections.get("trend", {})
        partial = {*trend.get("partial", ()), str((figures or {}).get("through"))[:7]}
        last: MonthRow | None = None
        for name, total in sorted(trend.get("months", {}).items()):
            comparable = (
                last
                and last.month == _before(name)
                and not last.partial
                and last.receipts >= MIN_FOR_PERCENT
                and name not in partial
            )
            last = MonthRow(
                name,
                units(total),
                int(total["receipts"]),
                last.net if last and comparable else None,
                name in partial,
            )
            by_currency.setdefault(currency, {})[name] = last
    for name, report in months_alone.items():
        for currency, sections in report.get("currencies", {}).items():
            headline = sections.get("headline", {})
            if "total" not in headline or name in by_currency.get(currency, {}):
                continue
            total, before = headline["total"], headline.get("before")
            comparable = (
                before and not report.get("through") and int(before["receipts"]) >= MIN_FOR_PERCENT
            )
            by_currency.setdefault(currency, {})[name] = MonthRow(
                name,
                units(total),
                int(total["receipts"]),
                units(before) if comparable else None,
                bool(report.get("through")),
            )
    return {
        currency: dict(sorted(months.items())) for currency, months in sorted(by_currency.items())
    }


def _before(name: str) -> str:
    return f"{month_before(_month(name).first):%Y-%m}"


def _values(row: MonthRow, currency: str) -> tuple[Value, list[Value]]:
    """Net sales of the month, and their comparison."""
    beside: list[Value] = [text("index.receipts", n=Count(row.receipts))]
    if row.before is not None and row.before > 0:
        change = Percent(row.net - row.before, row.before, signed=True)
        month = Month(_month(_before(row.month)).first, short=True)
        beside.insert(0, text("index.change", change=change, month=month))
    return Money(row.net, currency), beside


def _state(name: str, number: int, through: date | None, *, is_partial: bool) -> Value:
    """Whether the month is complete, its last day, the version."""
    last = through or dates_of_month(_month(name).first)[-1]
    key = "open" if through else "began_late" if is_partial else "closed"
    return text(f"index.{key}", n=Count(number), day=Day(last))


def _month(name: str) -> Month:
    return Month(date.fromisoformat(f"{name}-01"))


def _sparkline(months: Sequence[MonthRow]) -> Markup:
    """A line of the months as an image within the page."""
    svg = sparkline([row.net for row in months])
    return Markup("data:image/svg+xml;base64,") + b64encode(svg).decode()


def _sparkline_alt(months: Sequence[MonthRow], currency: str) -> Value:
    return text(
        "index.sparkline",
        first=_month(months[0].month),
        last=_month(months[-1].month),
        net=Money(months[-1].net, currency),
    )


def _numbered(folders: Sequence[str]) -> list[tuple[int, str]]:
    """(number, folder) of the versions, the newest first; folders sort by their names."""
    return list(enumerate(sorted(folders, key=lambda name: int(name.partition(".")[0])), 1))[::-1]
