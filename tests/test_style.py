"""Style as tests: names, docstrings, plain words, line lengths and types of the product's code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(
    path
    for folder in ("pipeline", "reports", "benchmarks", "docker", "tests/support")
    for path in (ROOT / folder).rglob("*.py")
)
VAGUE = {"found", "said", "told", "one", "at", "of", "whole", "made", "asked", "known", "wanted"}
VAGUE |= {"mine", "ours", "theirs"}
# Words of the old vocabulary, and words that say nothing about who acts.
WORDS = re.compile(
    r"\b(whoever|whatever way|nobody|somebody|anew|so told|is told of|cannot be had|the house"
    r"|a night|nights|tonight|the night's|by night|heals?|healed|persons?)\b",
    re.IGNORECASE,
)
LITERAL = re.compile(r'"\w+"')  # a literal of a single word is data, not prose
DOCSTRING = 80
COLUMNS = 100


def module(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def bound_names(tree: ast.AST) -> dict[str, int]:
    """Names that a module binds, and a line of each: variables, parameters, functions, classes."""
    names: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names[node.id] = node.lineno
        elif isinstance(node, ast.arg | ast.ExceptHandler | ast.MatchAs | ast.alias):
            name = {
                ast.arg: "arg",
                ast.ExceptHandler: "name",
                ast.MatchAs: "name",
                ast.alias: "asname",
            }[type(node)]
            if value := getattr(node, name):
                names[value] = node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = node.lineno
    return names


def vague_names(tree: ast.AST) -> list[str]:
    """Names that do not say what a thing is."""
    names = bound_names(tree)
    return [f"line {names[name]}: name {name}" for name in sorted(VAGUE & names.keys())]


def long_first_lines(tree: ast.AST) -> list[str]:
    """Docstrings whose first line is too long or no sentence."""
    problems = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = (ast.get_docstring(node) or ".").splitlines()[0]
        if len(first) > DOCSTRING or not first.rstrip().endswith((".", ":")):
            name = getattr(node, "name", "the module")
            problems.append(f"line {getattr(node, 'lineno', 1)}: docstring of {name}: {first}")
    return problems


def problems_of(path: Path) -> list[str]:
    """All that is against the style in a file."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    problems = vague_names(tree) + long_first_lines(tree)
    for number, line in enumerate(text.splitlines(), 1):
        if WORDS.search(LITERAL.sub("", line)):
            problems.append(f"line {number}: word: {line.strip()}")
        if len(line) > COLUMNS:
            problems.append(f"line {number}: {len(line)} columns")
    return [f"{module(path)}: {problem}" for problem in problems]


def type_errors() -> dict[str, list[str]]:
    """Errors of mypy by file."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--no-pretty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    errors: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        name, _, rest = line.partition(":")
        if ": error: " in line:
            errors.setdefault(name, []).append(rest)
    return errors


def test_names_docstrings_words_and_lines() -> None:
    assert [problem for path in FILES for problem in problems_of(path)] == []


@pytest.mark.slow
def test_types() -> None:
    assert type_errors() == {}


def test_the_checks_see_what_they_forbid() -> None:
    source = '"""Something whose first line has no end"""\nfor one in ():\n    pass\n'
    tree = ast.parse(f"{source}def f(told):\n    found = told\n")
    assert [line.partition(": ")[2] for line in vague_names(tree)] == [
        "name found",
        "name one",
        "name told",
    ]
    assert long_first_lines(tree)
    assert WORDS.search("It heals by itself") and not WORDS.search("nightly, health, Nightly")
    assert LITERAL.sub("", 'id_of("person", 1)  # "of a person"') == 'id_of(, 1)  # "of a person"'
