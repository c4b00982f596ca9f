"""A report's message for Slack: blocks within Slack's limits.

150 characters a header, 3000 a text, 2000 a field, 10 fields a section. A text that is longer is
cut. Names are escaped, so that none becomes a link or notifies a channel.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from reports import escape
from reports.render.message import Message, MessageTile, Runs, plain_text

Block = dict[str, object]


def render_blocks(message: Message) -> tuple[Block, ...]:
    """The message in Slack's blocks."""
    return tuple(_blocks(message))


def _blocks(message: Message) -> Iterator[Block]:
    yield {"type": "header", "text": {"type": "plain_text", "text": message.subject[:150]}}
    if message.changed:
        sentences = [_markup(runs) for part in message.changed for runs in part["sentences"]]
        yield _section([f"*{escape.slack(message.changed_title)}*", *sentences])
    for section in message.page["sections"]:
        numbered = [f"{n}. {_markup(runs)}" for n, runs in enumerate(section["findings"], 1)]
        sentences = [_markup(runs) for runs in section["sentences"]]
        yield _section([f"*{_words(section['title'])}*", *sentences, *numbered])
        if section["tiles"]:
            fields = [_mrkdwn(_tile(tile), 2000) for tile in section["tiles"][:10]]
            yield {"type": "section", "fields": fields}
    if message.location:
        element = {"type": "plain_text", "text": message.location[:3000]}
        yield {"type": "context", "elements": [element]}


def _tile(tile: MessageTile) -> list[str]:
    return [_words(tile["label"]), f"*{_words(tile['value'])}*", *map(_markup, tile["notes"])]


def _section(lines: list[str]) -> Block:
    return {"type": "section", "text": _mrkdwn(lines, 3000)}


def _mrkdwn(lines: list[str], limit: int) -> Block:
    return {"type": "mrkdwn", "text": "\n".join(lines)[:limit]}


def _markup(runs: Runs) -> str:
    pieces = []
    for strong, same in groupby(runs, key=itemgetter(1)):
        # strong runs that touch are one: Slack shows the asterisks of *65 %** of it*
        piece = escape.slack("".join(text for text, _ in same))
        pieces.append(f"*{piece}*" if strong and piece.strip() else piece)
    return "".join(pieces).strip()


def _words(runs: Runs) -> str:
    return escape.slack(plain_text(runs))
