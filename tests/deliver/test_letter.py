"""A letter says page one of its report in the report's words, with nothing alive in it, and fits a
phone.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver import Alert, Failure, compose, write_report_email
from pipeline.deliver.alert import WHAT_TO_DO
from pipeline.errors import ConfigError
from tests.conftest import ROOT

PAGE = """<!doctype html><html lang="es-MX"><head><meta charset="utf-8"><title>x</title></head><body>
<header><h1>Ventas de <span class="v">octubre</span></h1><p>1 sucursal: <bdi>{name}</bdi>.</p></header><main>
<section id="headline-mxn" class="headline"><h2><span class="number">1</span> ¿Cómo nos fue?</h2>
<p class="lead">Ventas de <strong><span class="v">$1,234,567.89</span></strong>.</p>
<ul class="tiles"><li><h3>Ventas netas</h3><p class="value long">$1,234,567.89</p><p class="note">Sep: $9</p></li>
<li><h3>Recibos</h3><p class="value">8,050</p></li></ul></section>
<section id="attention-mxn" class="attention"><h2><span class="number">2</span> ¿Qué pide atención?</h2>
<ol class="findings"><li>Sin costo: <strong><bdi>{name}</bdi></strong> <a href="#x">ver sección 9</a></li></ol></section>
<nav><ol><li><a href="#y">Contenido</a></li></ol></nav>
<section id="days-mxn" class="days"><h2>Días</h2><p>Solo en el reporte.</p></section>
<section id="changes-mxn" class="changes"><h2>Cambios</h2><p>2 cifras cambiaron.</p><div class="table"><h3>Cifras</h3>
<table><tr><th>Cifra</th><th>Antes</th><th>Ahora</th></tr>
<tr><th>{name}</th><td>$1.00</td><td>$2.00</td></tr></table></div></section></main></body></html>"""
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


def letter(name: str = "La Brasa", corrected: bool = True, uri: str = "s3://bucket/report.html"):
    files = {
        "report.html": PAGE.replace("{name}", escape(name)).encode(),
        "report.pdf": b"%PDF-1.7",
    }
    return write_report_email(
        files, name="monthly-2026-10", version=2, corrected=corrected, uri=uri
    )


def mail(**changes: object):
    return compose(
        letter(),
        **{
            "sender": "reports@example.com",
            "to": "owner@example.com",
            "at": datetime(2026, 11, 1, tzinfo=UTC),
            "message_id": "<1@example.com>",
            "before": None,
            **changes,
        },
    )


def test_page_one_is_told_and_the_rest_is_left_to_the_pdf() -> None:
    for said in (letter().text, letter().html, json.dumps(letter().blocks, ensure_ascii=False)):
        for part in (
            "¿Cómo nos fue?",
            "$1,234,567.89",
            "8,050",
            "Sin costo",
            "2 cifras cambiaron",
            "s3://bucket/report.html",
        ):
            assert part in said
        assert (
            "Solo en el reporte" not in said
            and "ver sección" not in said
            and "Contenido" not in said
        )
    assert (
        "$1.00   $2.00" in letter().text
        and letter().subject == "Ventas de octubre (corregido, edición 2)"
    )
    first = letter(corrected=False)
    assert first.subject == "Ventas de octubre" and "cambi" not in first.text + first.html


def test_a_place_that_its_reader_cannot_open_is_not_named() -> None:
    there, nowhere = letter(), letter(uri="")
    assert (
        "También está en" in there.text
        and "También está en"
        not in nowhere.text + nowhere.html + json.dumps(nowhere.blocks, ensure_ascii=False)
    )
    assert len(there.blocks) == len(nowhere.blocks) + 1


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
    tags.feed(letter(payload).html)
    plain.feed(letter().html)
    assert (
        tags.seen == plain.seen
        and tags.attributes == plain.attributes
        and not tags.seen & {"a", "img", "script", "link"}
    )
    said = json.dumps(letter(payload).blocks)
    assert "<" not in said and ">" not in said


@given(st.text("<>&\"'`*/ax‮", max_size=20))
def test_every_name_comes_through_as_text(name: str) -> None:
    words = " ".join(name.split())
    assert words in " ".join(
        unescape(re.sub(r"</?(strong|li)[^>]*>", "", letter(name).html)).split()
    )
    assert words in " ".join(letter(name).text.split())


def test_the_mail_has_text_html_and_pdf_and_no_second_header() -> None:
    made = mail(before="<0@example.com>")
    assert [part.get_content_type() for part in made.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    assert made["References"] == "<0@example.com>" and made["Auto-Submitted"] == "auto-generated"
    for bad in (
        {"to": "a@b.c\r\nBcc: x@y.z"},
        {"sender": "a@b.c\nX: y"},
        {"message_id": "<1@x>\r\nBcc: a@b.c"},
    ):
        with pytest.raises(ConfigError):
            mail(**bad)


def test_a_page_that_is_no_report_is_refused() -> None:
    with pytest.raises(ValueError, match="not a report's"):
        write_report_email(
            {"report.html": b"<html><p>x</p></html>", "report.pdf": b""},
            name="x",
            version=1,
            corrected=False,
            uri="x",
        )


def test_the_same_report_makes_the_same_letter() -> None:
    assert letter() == letter()


def test_a_letter_fits_a_phone(tmp_path: Path, browser: object) -> None:
    page_file = tmp_path / "mail.html"
    page_file.write_text(letter("Hamburguesería " * 6 + "x" * 80).html, encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 800})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert asked == [page_file.as_uri()]


def test_an_alert_says_what_broke_and_what_to_do_in_the_runbooks_words() -> None:
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
    made = alert.compose(
        sender="a@example.com",
        to="b@example.com",
        at=datetime(2026, 11, 1, tzinfo=UTC),
        message_id="<1@example.com>",
    )
    assert (
        "RawReceipts(date=2026-10-31), Unauthorized" in made["Subject"]
        and made["Bcc"] is None
        and "\n" not in alert.subject
    )
    assert "read the sentence; run again" in alert.text and "the token was refused" in alert.text
    assert "<" not in json.dumps(alert.payload()).replace("&lt;", "")
    other_day = Alert(
        alert.day, 30, (Failure("RawReceipts(date=2026-10-30)", alert.failures[0].error, "again"),)
    )
    assert alert.cause == other_day.cause != Alert(alert.day, 30).cause


def test_the_runbook_has_every_code_that_an_alert_explains() -> None:
    rows = {
        int(row[1]): (row[2].replace("*", "").strip(), row[3].replace("`", "").strip())
        for row in re.finditer(
            r"^\| (\d+)[^|]*\| ([^|]+)\| ([^|]+)\|$",
            (ROOT / "docs/runbook.md").read_text(),
            re.MULTILINE,
        )
    }
    for code, (what, todo) in WHAT_TO_DO.items():
        if code:
            assert rows[code][0] == what, code
            assert rows[code][1] == todo or todo.startswith("see "), code
