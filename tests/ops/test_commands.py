"""Every command that a page names is one: the commands and tasks exist, take these options, and can
read these values.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from luigi.cmdline_parser import CmdlineParser

import pipeline.tasks
from pipeline import cli

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "luigi.cfg",
    ROOT / "pipeline/cli/describe.py",
]
_START = r"(?:^|`|\b(?:run|then|in)[: ]+|&& )(?:\.venv/bin/)?"
_END = r"(?=`| {2,}#| {3,}|\s*(?:>|\||&&|\\)\s|\s*$|;)"


def commands(program: str) -> list[str]:
    """All commands of `program` in the pages, without what a shell does with them."""
    found = {}
    for page in PAGES:
        for line in page.read_text(encoding="utf-8").splitlines():
            for command in re.findall(rf"{_START}({program}(?= ).*?){_END}", line.strip("| ")):
                found[re.sub(r"<\w+>", "1-1", command).rstrip("| ")] = page.name
    return sorted(found)


def test_the_pages_name_commands() -> None:
    assert len(commands("pos")) > 20 and len(commands("luigi")) > 5


@pytest.mark.parametrize("command", commands("pos"))
def test_every_command_takes_what_the_pages_give_it(command: str) -> None:
    words = shlex.split(command)[1:]
    if len(words) == 1:  # only named
        assert words[0] in cli.COMMANDS
        return
    asked, rest = cli.parser().parse_known_args([word.replace("ID", "c-1") for word in words])
    assert asked.command_name in cli.COMMANDS
    assert not rest or asked.command_name == "run"


@pytest.mark.parametrize("command", commands("luigi"))
def test_every_task_takes_what_the_pages_give_it(command: str) -> None:
    words = [word for word in shlex.split(command)[1:] if word not in ("...", "X", "TASK")]
    if len(words) > 2:
        assert words[:2] == ["--module", "pipeline"]
        with CmdlineParser.global_instance(words[2:]) as asked:
            assert type(asked.get_task_obj()).__module__.startswith(pipeline.tasks.__name__)


@pytest.mark.parametrize("command", commands(r"\./run") + commands("make"))
def test_every_script_has_that_verb(command: str) -> None:
    program, command_name = shlex.split(command)[:2]
    text = (ROOT / ("run" if "run" in program else "Makefile")).read_text()
    assert re.search(rf"^{command_name}(\)|:)", text, re.MULTILINE)
