"""Text of people made inert in each form.

In: text whose hidden characters `words.visible` has replaced. Out: the same text, with no meaning
to Markdown, a spreadsheet or typst. HTML is escaped by jinja2's autoescape.
"""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_STARTS = re.compile(r"^(\s*)([-+=]|\d+[.)])(\s)")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def markdown(text: str) -> str:
    """`text` as plain words in GitHub's Markdown, table cells included; links and @names of people
    do not come alive.
    """
    escaped = _MARKDOWN.sub(r"\\\1", text).replace("\n", " ")
    escaped = _STARTS.sub(r"\1\\\2\3", escaped)
    return re.sub(r"(?i)(https?|ftp|www|mailto)([:.])", "\\1\u2060\\2", escaped).replace(
        "@", "@\u2060"
    )


def cell(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula: a leading apostrophe where it would
    be one.
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def typst(text: str) -> str:
    """`text` as a typst string literal, which has no markup."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
