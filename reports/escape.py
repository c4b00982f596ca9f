"""Text of people made inert in each form.

In: text whose hidden characters `words.visible` has replaced. Out: the same text, with no meaning
to Markdown, Slack or typst. HTML is escaped by jinja2's autoescape.
"""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_BULLET = re.compile(r"^(\s*)(-(?=[\s-]|$)|\+(?=\s|$)|=(?=[\s=]|$))")
_LINK = re.compile(r"(https?|ftp|www|mailto)([:.])", re.IGNORECASE)
_ORDERED = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)")


def markdown(text: str, starts_line: bool = False) -> str:
    """`text` as plain words in GitHub's Markdown, table cells included.

    Links and @names of people do not come alive.

    Only text that `starts_line` can begin a list or underline a heading. There the bullet, or the
    sign after the number, is escaped: a backslash before a digit would be printed.
    """
    escaped = _MARKDOWN.sub(r"\\\1", text).replace("\n", " ")
    if starts_line:
        escaped = _ORDERED.sub(r"\1\\\2", _BULLET.sub(r"\1\\\2", escaped))
    return _LINK.sub("\\1\u2060\\2", escaped).replace("@", "@\u2060")


def typst(text: str) -> str:
    """`text` as a typst string literal, which has no markup."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def slack(text: str) -> str:
    """`text` for Slack's markup, without link, mention, bold or code."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("*", "∗").replace("`", "ˋ")
