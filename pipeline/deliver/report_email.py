"""A report's page one as a letter: subject, text, HTML for a phone, the PDF attached; and the same
for Slack.

In: the files of an edition (report.html, report.pdf), its number, and, where the reader has an
earlier edition, that this is a corrected one. Out: words of the report, escaped again; no script,
link or remote picture. The same input gives the same bytes. Raises ConfigError for an address or
header with a line break in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from pipeline.deliver.front import Front, Runs, Section, Table, plain, read_front
from pipeline.deliver.texts import words_of
from pipeline.errors import ConfigError

CHANGES_SHOWN = 12


@dataclass(frozen=True)
class ReportEmail:
    """What is sent, in each form; `file` is the name of the PDF."""

    subject: str
    text: str
    html: str
    file: str
    pdf: bytes
    blocks: tuple[Mapping[str, object], ...]


def write_report_email(
    files: Mapping[str, bytes],
    *,
    name: str,
    version: int,
    corrected: bool,
    uri: str,
    changes: bytes | None = None,
) -> ReportEmail:
    """The letter of a report whose files are `files`; `corrected`: the reader has an earlier
    edition of it.

    `changes` is the report.html whose section of changes to tell, where it is another one than this
    edition's. `name` is the PDF's, as "monthly-2026-10"; `uri` says where the report stands, empty
    where its reader could not go there.
    """
    front = read_front(files["report.html"])
    words = words_of(front.language)
    told = (read_front(changes) if changes else front).changes if corrected else []
    subject = plain(front.title) + (
        f" ({words['corrected'].format(n=version)})" if corrected else ""
    )
    kept = [words["kept"].format(uri=uri)] if uri else []
    foot = [words["attached"], *kept, words["why"]]
    return ReportEmail(
        subject,
        "\n".join(_text(front, told, words, foot)) + "\n",
        _html(front, subject, told, words, foot),
        f"{name}.pdf",
        files["report.pdf"],
        tuple(_blocks(front, subject, told, words, kept)),
    )


def compose(
    letter: ReportEmail, *, sender: str, to: str, at: datetime, message_id: str, before: str | None
) -> EmailMessage:
    """The mail to one reader; `before` is the Message-ID of the edition that it corrects, so that
    both stand in one thread.
    """
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"], mail["To"], mail["Subject"] = sender, to, letter.subject
        mail["Date"], mail["Message-ID"] = format_datetime(at), message_id
        if before:
            mail["In-Reply-To"] = mail["References"] = before
    except (ValueError, IndexError) as error:
        raise ConfigError(
            f"a header of the mail cannot be written ({error}); see [mail] sender and to"
        ) from None
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    mail.add_attachment(letter.pdf, maintype="application", subtype="pdf", filename=letter.file)
    return mail


def _text(
    front: Front, told: list[Section], words: Mapping[str, str], foot: list[str]
) -> Iterator[str]:
    yield plain(front.title)
    yield "=" * len(plain(front.title))
    yield from (plain(line) for line in front.lines)
    if told:
        yield f"\n{words['changed']}\n{'-' * len(words['changed'])}"
    for section in told:
        yield from (plain(said) for said in section.sentences)
        for table in section.tables:
            yield f"{plain(table.title)}"
            yield from (
                "  " + "   ".join(map(plain, row)) for row in table.rows[: CHANGES_SHOWN + 1]
            )
            yield from _rest(table, words)
    for section in front.sections:
        yield f"\n{plain(section.title)}\n{'-' * len(plain(section.title))}"
        yield from (plain(said) for said in section.sentences)
        for tile in section.tiles:
            yield f"  {plain(tile.label)}: {plain(tile.value)}" + "".join(
                f"\n      {plain(note)}" for note in tile.notes
            )
        yield from (f"  {n}. {plain(found)}" for n, found in enumerate(section.findings, 1))
    yield "\n" + "\n".join(foot)


def _rest(table: Table, words: Mapping[str, str]) -> list[str]:
    more = len(table.rows) - 1 - CHANGES_SHOWN
    return [words["more"].format(n=more)] if more > 0 else []


_BODY = (
    "margin:0;padding:0;background:#f4f2ee;color:#222;font:16px/1.45 -apple-system,'Segoe"
    " UI',Roboto,Helvetica,Arial,sans-serif"
)
_CARD = "max-width:600px;margin:0 auto;padding:20px 16px;background:#fff;overflow-wrap:anywhere"
_SMALL = "margin:2px 0 0;font-size:13px;color:#5b5b5b"
_LABEL = "margin:0;font-size:13px;color:#5b5b5b"
_VALUE = "margin:2px 0 0;font-size:18px;font-weight:700"
_TILE = "width:50%;vertical-align:top;padding:10px;border:1px solid #e4e0d8"
_H2 = "margin:24px 0 6px;font-size:18px;line-height:1.25"
_CELL = "padding:4px 0;border-top:1px solid #ecd9a8;vertical-align:top"
_LEFT, _RIGHT = "text-align:left", "text-align:right;padding-left:8px;white-space:nowrap"
_CHANGED = "margin:16px 0;padding:4px 14px 12px;background:#fdf3dc;border-left:4px solid #c98a00"


def _rich(runs: Runs) -> str:
    return "".join(
        f"<strong>{escape(text)}</strong>" if strong else escape(text) for text, strong in runs
    ).strip()


def _html(
    front: Front, subject: str, told: list[Section], words: Mapping[str, str], foot: list[str]
) -> str:
    parts = [f'<h1 style="margin:0 0 8px;font-size:24px;line-height:1.2">{_rich(front.title)}</h1>']
    parts += [f'<p style="{_SMALL}">{_rich(line)}</p>' for line in front.lines]
    if told:
        parts.append(
            f'<div style="{_CHANGED}"><h2'
            f' style="{_H2};margin-top:10px">{escape(words["changed"])}</h2>'
            + "".join(_changed(section, words) for section in told)
            + "</div>"
        )
    for section in front.sections:
        parts.append(f'<h2 style="{_H2}">{_rich(section.title)}</h2>')
        parts += [f'<p style="margin:6px 0">{_rich(said)}</p>' for said in section.sentences]
        if section.tiles:
            cells = [
                f'<td style="{_TILE}"><p style="{_LABEL}">{_rich(tile.label)}</p><p'
                f' style="{_VALUE}">{_rich(tile.value)}</p>'
                + "".join(f'<p style="{_SMALL}">{_rich(note)}</p>' for note in tile.notes)
                + "</td>"
                for tile in section.tiles
            ]
            rows = "".join(
                f"<tr>{''.join(cells[at : at + 2])}</tr>" for at in range(0, len(cells), 2)
            )
            parts.append(
                '<table role="presentation" style="width:100%;border-collapse:collapse;margin:12px'
                f' 0">{rows}</table>'
            )
        if section.findings:
            found = "".join(
                f'<li style="margin:6px 0">{_rich(finding)}</li>' for finding in section.findings
            )
            parts.append(f'<ol style="margin:8px 0;padding-left:22px">{found}</ol>')
    parts.append('<hr style="border:0;border-top:1px solid #e4e0d8;margin:24px 0 12px">')
    parts += [f'<p style="{_SMALL}">{escape(line)}</p>' for line in foot]
    return (
        f'<!doctype html><html lang="{escape(front.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(subject)}</title></head><body style="{_BODY}"><div style="{_CARD}">\n'
        + "\n".join(parts)
        + "\n</div></body></html>\n"
    )


def _changed(section: Section, words: Mapping[str, str]) -> str:
    said = "".join(
        f'<p style="margin:6px 0">{_rich(sentence)}</p>' for sentence in section.sentences
    )
    return said + "".join(_table(table, words) for table in section.tables)


def _table(table: Table, words: Mapping[str, str]) -> str:
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL};{_LEFT if at == 0 else _RIGHT}">{_rich(cell)}</td>'
            for at, cell in enumerate(row)
        )
        + "</tr>"
        for row in table.rows[: CHANGES_SHOWN + 1]
    )
    return (
        f'<p style="margin:12px 0 2px;font-weight:700">{_rich(table.title)}</p>'
        f'<table style="width:100%;border-collapse:collapse;font-size:14px">{rows}</table>'
        + "".join(f'<p style="{_SMALL}">{escape(line)}</p>' for line in _rest(table, words))
    )


def _blocks(
    front: Front, subject: str, told: list[Section], words: Mapping[str, str], kept: list[str]
) -> Iterator[Mapping[str, object]]:
    """The letter in Slack's blocks, within its limits: 150 letters a heading, 3000 a text, 10
    fields a section.
    """
    yield {"type": "header", "text": {"type": "plain_text", "text": subject[:150]}}
    if told:
        said = [slack(sentence) for section in told for sentence in section.sentences]
        yield _mrkdwn(f"*{words['changed']}*\n" + "\n".join(said))
    for section in front.sections:
        listed = [f"{n}. {slack(found)}" for n, found in enumerate(section.findings, 1)]
        yield _mrkdwn(
            "\n".join(
                [f"*{slack(section.title, bold=False)}*", *map(slack, section.sentences), *listed]
            )
        )
        if section.tiles:
            fields = [
                f"{slack(tile.label)}\n*{slack(tile.value, bold=False)}*"
                + "".join(f"\n{slack(note)}" for note in tile.notes)
                for tile in section.tiles[:10]
            ]
            yield {
                "type": "section",
                "fields": [{"type": "mrkdwn", "text": said[:2000]} for said in fields],
            }
    for where in kept:
        yield {"type": "context", "elements": [{"type": "plain_text", "text": where[:3000]}]}


def _mrkdwn(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}


def slack(runs: Runs, bold: bool = True) -> str:
    """Runs in Slack's markup: & < > escaped, so that no name becomes a link or calls somebody."""
    made = ""
    for text, strong in runs:
        safe = (
            text.replace("&", "&amp;")
            .replace("<", "&lt;")
            .replace(">", "&gt;")
            .replace("*", "∗")
            .replace("`", "ˋ")
        )
        made += f"*{safe}*" if bold and strong and safe.strip() else safe
    return made.strip()
