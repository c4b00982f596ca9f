"""The tables of documents that come from the code, and a command that writes them.

A table stands between `<!-- NAME -->` and `<!-- end -->`. `python -m tests.support.documents`
writes all of them again; tests/ops/test_docs.py compares them.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipeline import settings
from pipeline.deliver.alert import explain_code

ROOT = Path(__file__).parents[2]
CODES = (1, 2, 3, 4, 10, 20, 25, 30, 35, 40)
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "docs/*/*.md", "benchmarks/*.md")
    for path in ROOT.glob(pattern)
)
_TABLE = re.compile(
    r"(<!-- (exit codes|exit codes and remedies|settings) -->\n)(.*?)(<!-- end -->)", re.DOTALL
)


def exit_codes() -> str:
    """Exit codes and their meaning."""
    rows = [("0", "done, or nothing to do")]
    rows += [(str(code), explain_code(code)[0]) for code in CODES]
    rows += [("128 + n", "terminated by signal n")]
    return _markdown(("code", "meaning"), rows)


def exit_codes_and_remedies() -> str:
    """Exit codes, their meaning and what to do."""
    rows = [("0", "done, or nothing to do", "nothing")]
    for code in CODES:
        meaning, action = explain_code(code)
        rows.append((str(code), meaning, action.removesuffix(" in the runbook")))
    rows += [("128 + n", "terminated by signal n", "see Killed")]
    return _markdown(("code", "what happened", "what to do"), rows)


TABLES = {
    "exit codes": exit_codes,
    "exit codes and remedies": exit_codes_and_remedies,
    "settings": settings.settings_table,
}


def with_tables(text: str) -> str:
    """The text of a page with its tables written again."""
    return _TABLE.sub(lambda match: f"{match[1]}\n{TABLES[match[2]]()}\n\n{match[4]}", text)


def _markdown(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
