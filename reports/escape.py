"""Text from users, escaped for each output format.

`visible` replaces hidden characters; `markdown` and `slack` then escape what has a meaning in these
formats. HTML is escaped by jinja2's autoescape, and typst gets text as data.
"""

from __future__ import annotations

import re
from hashlib import sha256

DASH = "–"
MAX_NAME_LENGTH = 72
"""Characters of a name that a page shows; tables and figures.json have up to MAX_DATA_LENGTH."""
MAX_DATA_LENGTH = 1000
_HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_BULLET = re.compile(r"^(\s*)(-(?=[\s-]|$)|\+(?=\s|$)|=(?=[\s=]|$))")
_LINK = re.compile(r"(https?|ftp|www|mailto)([:.])", re.IGNORECASE)
_ORDERED = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)")


def visible(name: str, max_length: int = MAX_NAME_LENGTH) -> str:
    """`name` without invisible characters, cut to `max_length`.

    Control and direction characters become a visible sign, line breaks a space.
    """
    if not name.isprintable() or "  " in name:
        name = re.sub(r"[\r\n\t\u2028\u2029]+", " ", name)
        name = _HIDDEN.sub("\ufffd", name.encode("utf-8", "replace").decode("utf-8"))
        name = re.sub(r" {2,}", " ", name)
    name = name.strip() or DASH
    return name if len(name) <= max_length else name[: max_length - 1].rstrip() + "…"


def bounded(text: str) -> str:
    """`text`, or its first characters and a digest that keeps long texts apart."""
    if len(text) <= MAX_DATA_LENGTH:
        return text
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{text[: MAX_DATA_LENGTH - 13]}…{digest}"


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


def slack(text: str) -> str:
    """`text` for Slack's markup, without link, mention, bold or code."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("*", "∗").replace("`", "ˋ")
