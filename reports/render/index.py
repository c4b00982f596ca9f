"""The page that leads to every report of the lake: latest month first, all forms and all editions.

In: the editions of each report by month and the figures.json of the newest cumulative report. Out: one HTML file for
reports/index.html, whose links are relative to that folder (monthly/<YYYY-MM>/<file>, .../editions/<folder>/<file>).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib.resources import files

from markupsafe import Markup

from reports.render.html import environment
from reports.values import Count, Day, Money, Month, Percent, Value, text
from reports.words import Words

FORMS = ("html", "pdf", "md")
WIDE, HIGH, KEPT = 320, 48, 36

Editions = Mapping[str, Sequence[str]]


def index(monthly: Editions, cumulative: Editions, figures: Mapping[str, object] | None, locale: str) -> bytes:
    """`monthly` and `cumulative` map "YYYY-MM" to the folders of the editions ("000001.<...>").

    `figures` is the figures.json of the newest cumulative report, None where there is none. A month that is still open is not
    compared with a whole one and not in the line.
    """
    currencies = _months(figures)
    places = int(figures["places"]) if figures else 2
    through = date.fromisoformat(figures["through"]) if figures and figures.get("through") else None
    open_month = f"{through:%Y-%m}" if through else ""
    whole = {currency: {month: net for month, net in months.items() if month != open_month} for currency, months in currencies.items()}
    words = Words(locale, places, tuple(currencies))
    template = environment().from_string((files("reports") / "index.html.j2").read_text("utf-8"))
    net = {month: [_net(months, month, currency, places) for currency, months in currencies.items() if month in months] for month in monthly}
    return template.render(
        say=words.say,
        sentence=lambda value: "".join(run.text for run in words.sentence(value)),
        text=text,
        Count=Count,
        forms=FORMS,
        month=_month,
        language=words.code.replace("_", "-"),
        style=Markup((files("reports") / "style.css").read_text("utf-8")),
        net=net,
        through=(open_month, text("index.through", day=Day(through))) if through else None,
        monthly={m: _numbered(monthly[m]) for m in sorted(monthly, reverse=True)},
        cumulative={m: _numbered(cumulative[m]) for m in sorted(cumulative, reverse=True)},
        sparks=[(currency, _spark(months), _spoken(months, currency, places)) for currency, months in whole.items() if len(months) > 1],
    ).encode()


def _month(name: str) -> Month:
    return Month(date.fromisoformat(f"{name}-01"))


def _months(figures: Mapping[str, object] | None) -> dict[str, dict[str, Decimal]]:
    """Net sales by currency and month, as the cumulative report has them."""
    found = {}
    for currency, sections in (figures or {}).get("currencies", {}).items():
        months = sections.get("trend", {}).get("months", {})
        found[currency] = {month: Decimal(total["net_sales"]) for month, total in sorted(months.items())}
    return {currency: months for currency, months in found.items() if months}


def _net(months: Mapping[str, Decimal], month: str, currency: str, places: int) -> tuple[Value, Value]:
    """Net sales of `month` and its change on the month before, where there is one above zero."""
    ordered = list(months)
    at = ordered.index(month)
    now = int(months[month].scaleb(places))
    before = int(months[ordered[at - 1]].scaleb(places)) if at else 0
    return Money(now, currency), Percent(now - before, before, signed=True) if before > 0 else None


def _spark(months: Mapping[str, Decimal]) -> Markup:
    """A line of the last KEPT months from zero up, as an image within the page."""
    values = list(months.values())[-KEPT:]
    high = max([*values, Decimal(1)])
    step = Decimal(WIDE - 8) / max(len(values) - 1, 1)
    points = [(4 + step * i, HIGH - 5 - max(v, Decimal(0)) / high * (HIGH - 10)) for i, v in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}"><path d="M0 {HIGH - 5}H{WIDE}" stroke="#d9dde3"/>'
        f'<polyline points="{line}" fill="none" stroke="#0072B2" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#0072B2"/></svg>'
    )
    return Markup("data:image/svg+xml;base64,") + b64encode(svg.encode()).decode()


def _spoken(months: Mapping[str, Decimal], currency: str, places: int) -> Value:
    kept: Iterable[str] = list(months)[-KEPT:]
    first, *_, last = kept
    return text("index.spark", first=_month(first), last=_month(last), net=Money(int(months[last].scaleb(places)), currency))


def _numbered(folders: Sequence[str]) -> list[tuple[int, str]]:
    """(number, folder) of the editions, the newest first; a folder begins with its number."""
    return sorted(((int(folder.partition(".")[0]), folder) for folder in folders), reverse=True)
