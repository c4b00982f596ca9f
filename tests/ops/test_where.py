"""ARCHITECTURE's "Where to change what": each name is defined in the file that stands with it."""

from __future__ import annotations

import re
from pathlib import Path


def test_each_name_is_in_its_file(root: Path) -> None:
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.partition("## Where to change what")[2].partition("\n## ")[0]
    pairs = re.findall(r"`(\w+)` in `([\w/]+\.py)`", table)
    assert {name for name, _ in pairs} == {"sign", "days_of", "day_bounds", "Http", "objects_near"}
    for name, path in pairs:
        code = (root / path).read_text(encoding="utf-8")
        assert re.search(
            rf"(?m)^((?:def|class) {name}\b|{name} = |        self\.{name} = )", code
        ), name
    for question in ("refund", "429", "tender", "days a month"):
        assert question in table


def test_the_readme_lists_every_command(root: Path) -> None:
    from pipeline import cli

    text = (root / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Commands")[2].partition("```")[0]
    assert set(re.findall(r"\| `pos (\w+)", table)) == set(cli.COMMANDS)
