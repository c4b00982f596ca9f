"""A message has page one of its report, nothing alive in it, and fits a phone; an alert says what
to do.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from email.message import EmailMessage
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver import Alert, Failure, ReportEmail, compose
from pipeline.errors import ConfigError
from reports.document import Document, Finding, Section, Table, TableColumn, Tile
from reports.escape import slack as escape_slack
from reports.escape import visible
from reports.localizer import Localizer
from reports.render import mail, message, slack
from reports.values import Count, Money, Name, text

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=//x>",
    "<!channel>",
    "a & b",
    '" onload="x',
    "<https://evil.example|click>",
    "**x**",
    "‮abc",
]


def report(name: str, locale: str = "es_MX", rows: int = 1, currencies: tuple[str, ...] = ("MXN",)):
    """message.json of a report whose item and store are called `name`."""
    changed = Table(
        "changes",
        text("changes.some", n=Count(2)),
        (TableColumn("item"), TableColumn("was", "money"), TableColumn("is", "money")),
        tuple((Name(name), Money(100 + n, "MXN"), Money(200 + n, "MXN")) for n in range(rows)),
    )
    page = Document(
        report="monthly",
        month=date(2026, 10, 1),
        through=None,
        lake_decimals=2,
        currencies=currencies,
        stores=(name,),
        sections=(
            Section(
                "headline",
                sentences=(text("page.amounts", currencies=Name(name)),),
                tiles=(
                    Tile(text("tile.net_sales"), Money(123456789, "MXN"), (text("page.skip"),)),
                    Tile(text("tile.receipts"), Count(8050)),
                ),
                number=1,
                is_front=True,
                currency="MXN",
            ),
            Section("drivers", number=2, is_front=True, currency="MXN"),
            Section(
                "attention",
                attention=(Finding(text("page.version", version=Name(name)), 5, "headline"),),
                number=3,
                is_front=True,
                currency="MXN",
            ),
            Section("days", sentences=(text("page.contents"),), number=4, currency="MXN"),
            Section(
                "changes",
                sentences=(text("changes.some", n=Count(2)),),
                tables=(changed,),
                number=5,
                currency="MXN",
            ),
        ),
        lineage={"version": 2},
    )
    return message.message_json(page, Localizer(locale, 2, currencies))


def report_mail(
    name: str = "La Brasa",
    *,
    is_correction: bool = True,
    location: str = "s3://bucket/report.html",
    **changes: object,
) -> ReportEmail:
    content = message.read_message(
        report(name, **changes), version=2, is_correction=is_correction, location=location
    )
    return ReportEmail(
        content.subject,
        mail.render_text(content),
        mail.render_html(content),
        "monthly-2026-10.pdf",
        b"%PDF-1.7",
        slack.render_blocks(content),
    )


def mail_to(**changes: object) -> EmailMessage:
    return compose(
        report_mail(),
        **{
            "sender": "reports@example.com",
            "to": "owner@example.com",
            "sent_at": datetime(2026, 11, 1, tzinfo=UTC),
            "message_id": "<1@example.com>",
            "before": None,
            **changes,
        },
    )


def test_page_one_is_in_every_form_and_the_rest_is_left_to_the_pdf() -> None:
    corrected = report_mail()
    blocks = json.dumps(corrected.blocks, ensure_ascii=False)
    for form in (corrected.text, corrected.html, blocks):
        for part in (
            "$1,234,567.89",
            "8,050",
            "Versión",
            "2 cifras",
            "Qué cambió desde el correo anterior",
            "s3://bucket/report.html",
        ):
            assert part in form
        assert "Contenido" not in form
    assert "La Brasa   $1.00   $2.00" in corrected.text and "$1.00" in corrected.html
    assert corrected.subject == "Reporte de ventas de octubre de 2026 (corregido, versión 2)"
    first = report_mail(is_correction=False)
    assert first.subject == "Reporte de ventas de octubre de 2026"
    assert "desde el correo anterior" not in first.text + first.html
    assert "$1.00" not in first.text + first.html


def test_a_message_is_in_the_language_of_its_report() -> None:
    english = report_mail(locale="en_GB")
    assert english.subject == "Sales report, October 2026 (corrected, version 2)"
    assert "What changed since the previous mail" in english.text
    assert '<html lang="en-GB">' in english.html


def test_changes_may_be_those_since_another_version() -> None:
    """Of a recipient who missed one: the report's page one, the other comparison's changes."""
    content = message.read_message(
        report("La Brasa"), version=3, is_correction=True, changes=report("El Fogón")
    )
    rendered = mail.render_text(content)
    assert "El Fogón   $1.00   $2.00" in rendered and "La Brasa   $1.00" not in rendered
    assert "1 sucursal: La Brasa" in rendered


@pytest.mark.parametrize(("rows", "left"), [(12, 0), (13, 1), (40, 28)])
def test_a_long_table_of_changes_says_how_many_rows_are_left(rows: int, left: int) -> None:
    corrected = report_mail(rows=rows)
    assert corrected.text.count("La Brasa   $") == 12
    for form in (corrected.text, unescape(corrected.html)):
        assert (f"… y {left} más, en el PDF." in form) is (left > 0)


def test_with_several_currencies_each_section_names_its_own() -> None:
    several = report_mail(currencies=("MXN", "USD"))
    for form in (several.text, several.html, json.dumps(several.blocks, ensure_ascii=False)):
        assert form.count(" · MXN") == 3
    assert " · MXN" not in report_mail().text


def test_a_location_that_recipients_cannot_open_is_left_out() -> None:
    there, nowhere = report_mail(), report_mail(location="")
    blocks = json.dumps(nowhere.blocks, ensure_ascii=False)
    sentence = "Todos los archivos del reporte están en"
    assert sentence in there.text
    assert sentence not in nowhere.text + nowhere.html + blocks
    assert len(there.blocks) == len(nowhere.blocks) + 1
    assert sentence in json.dumps(there.blocks[-1], ensure_ascii=False)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen, self.attributes = set(), set()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_are_inert(payload: str) -> None:
    tags, plain = Tags(), Tags()
    tags.feed(report_mail(payload).html)
    plain.feed(report_mail().html)
    assert (
        tags.seen == plain.seen
        and tags.attributes == plain.attributes
        and not tags.seen & {"a", "img", "script", "link"}
    )
    blocks = json.dumps(report_mail(payload).blocks)
    assert "<" not in blocks and ">" not in blocks


@given(st.text("<>&\"'`*/ax‮", max_size=20))
def test_every_name_comes_through_as_text(name: str) -> None:
    """As the page shows names: without hidden characters."""
    shown = " ".join(visible(name).split())
    html = re.sub(r"</?(strong|li)[^>]*>", "", report_mail(name).html)
    assert shown in " ".join(unescape(html).split())
    assert shown in " ".join(report_mail(name).text.split())


def test_strong_words_that_touch_are_one_in_slack() -> None:
    runs = [("65\xa0%", True), (" of the <increase>", True), (" comes from ", False), ("x", True)]
    assert slack._markup(runs) == "*65\xa0% of the &lt;increase&gt;* comes from *x*"


def test_the_mail_has_text_html_and_pdf_and_no_second_header() -> None:
    composed = mail_to(before="<0@example.com>")
    assert [part.get_content_type() for part in composed.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    assert (
        composed["References"] == "<0@example.com>"
        and composed["Auto-Submitted"] == "auto-generated"
    )
    for bad in (
        {"to": "a@b.c\r\nBcc: x@y.z"},
        {"sender": "a@b.c\nX: y"},
        {"message_id": "<1@x>\r\nBcc: a@b.c"},
    ):
        with pytest.raises(ConfigError):
            mail_to(**bad)


def test_the_same_report_makes_the_same_mail() -> None:
    assert report_mail() == report_mail()


def test_a_mail_fits_a_phone(tmp_path: Path, browser: object) -> None:
    page_file = tmp_path / "mail.html"
    page_file.write_text(report_mail("Hamburguesería " * 6 + "x" * 80).html, encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 800})
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert requests == [page_file.as_uri()]


def test_an_alert_says_what_broke_and_what_to_do_in_the_words_of_the_runbook() -> None:
    alert = Alert(
        datetime(2026, 11, 1, tzinfo=UTC).date(),
        30,
        (
            Failure(
                "RawReceipts(date=2026-10-31)",
                "Unauthorized\r\nBcc: x@example.com",
                "the token was refused\r\nBcc: <!channel>",
            ),
        ),
    )
    composed = alert.compose(
        sender="a@example.com",
        to="b@example.com",
        sent_at=datetime(2026, 11, 1, tzinfo=UTC),
        message_id="<1@example.com>",
    )
    assert (
        "RawReceipts(date=2026-10-31), Unauthorized" in composed["Subject"]
        and composed["Bcc"] is None
        and "\n" not in alert.subject
    )
    assert "read the message; run again" in alert.text and "the token was refused" in alert.text
    assert "<" not in json.dumps(alert.payload(escape_slack)).replace("&lt;", "")
    other_day = Alert(
        alert.day, 30, (Failure("RawReceipts(date=2026-10-30)", alert.failures[0].error, "again"),)
    )
    assert alert.cause == other_day.cause != Alert(alert.day, 30).cause
