"""Exit codes are stated once, in errors.EXIT_CODES; every document and workflow repeats it exactly."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from pipeline.errors import EXIT_CODES, ExitCode
from pipeline.tasks import failures

LUIGI = {
    "already_running": ExitCode.RUNNING,
    "missing_data": ExitCode.MISSING,
    "not_run": ExitCode.NOT_RUN,
    "task_failed": ExitCode.FAILED,
    "scheduling_error": ExitCode.NOT_PLANNED,
    "unhandled_exception": ExitCode.UNEXPECTED,
}


def rows(page: Path) -> dict[int, list[str]]:
    """The rows of the table of exit codes of `page`, without the code."""
    table = re.search(r"^\| code \|.*?\n\n", page.read_text(encoding="utf-8"), re.M | re.S)
    lines = table[0].strip().splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return {int(row[0]): row[1:] for row in cells if row[0].isdigit()}


def test_every_code_is_explained() -> None:
    assert set(EXIT_CODES) == set(ExitCode)


def test_the_readme_has_every_code_and_its_meaning(root: Path) -> None:
    expected = {int(code): [explanation.meaning] for code, explanation in EXIT_CODES.items()}
    assert rows(root / "README.md") == expected


def test_the_runbook_has_every_code_its_meaning_and_what_to_do(root: Path) -> None:
    expected = {int(code): list(explanation) for code, explanation in EXIT_CODES.items()}
    assert rows(root / "docs/runbook.md") == expected


def test_luigi_ends_with_these_codes(root: Path) -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(root / "luigi.cfg")
    assert {key: int(value) for key, value in config["retcode"].items()} == LUIGI
    assert failures.FAILED == ExitCode.FAILED
    assert failures.BROKEN == ExitCode.NOT_PLANNED
    assert failures.MISSING == ExitCode.MISSING
