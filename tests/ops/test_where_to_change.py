"""ARCHITECTURE's "Where to change what": each name is defined in the file that stands with it."""

from __future__ import annotations

import re
from pathlib import Path


def test_each_name_is_in_its_file(root: Path) -> None:
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.partition("## Where to change what")[2].partition("\n## ")[0]
    pairs = re.findall(r"`(\w+)` in `([\w/]+\.py)`", table)
    days = {"days_of", "day_bounds", "window_bounds", "consecutive_windows", "last_day"}
    names = {
        "sign",
        "signed",
        "explode",
        "Http",
        "objects_near",
        "find_due",
        "EXIT_CODES",
        "_opaque",
        "_NAMES",
    }
    assert {name for name, _ in pairs} == days | names
    for name, path in pairs:
        code = (root / path).read_text(encoding="utf-8")
        assert re.search(
            rf"(?m)^((?:def|class) {name}\b|{name} = |        self\.{name} = )", code
        ), name
    questions = (
        "refund",
        "429",
        "tender",
        "a combo",
        "title of a chart",
        "days a month",
        "personal data",
        "daily run",
        "alerts",
    )
    for question in (*questions, "a column", "exit codes"):
        assert question in table
    for path in re.findall(r"`((?:pipeline|reports|docker|\.github)/[\w./-]+\.\w+)`", table):
        assert (root / path).is_file(), path


def test_the_readme_lists_every_command(root: Path) -> None:
    from pipeline import cli

    text = (root / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Commands")[2].partition("```")[0]
    assert set(re.findall(r"\| `pos (\w+)", table)) == set(cli.COMMANDS)
