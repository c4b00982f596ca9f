"""The house of ARCHITECTURE.md: who may import what, small files, every public thing said."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from pipeline.pos import open_reader

ROOT = Path(__file__).parent.parent
FILES = sorted(path for folder in ("pipeline", "reports") for path in (ROOT / folder).rglob("*.py"))
STAGES = ("extract", "transform", "load", "summarize", "deliver")
LUIGI = ("pipeline/settings/", "pipeline/targets.py", "pipeline/tasks/")
AWS = {"pipeline/load/s3.py", "pipeline/load/glue.py"}
ONLY = {
    "requests": {"pipeline/extract/http.py", "pipeline/deliver/webhook.py"},
    "pyspark": {"pipeline/executors/spark.py"},
    "boto3": AWS,
    "botocore": AWS,
}


# Extraction commits what it reads to raw, and shows how far it is; receipts are cleaned by rules.
ALSO = {"extract": ("pipeline.load", "pipeline.progress"), "transform": ("pipeline.rules",)}
VENDORS = ("loyverse", "square")


def module(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def imports(path: Path) -> set[str]:
    """Dotted names of all that `path` imports, wherever in the file."""
    package = path.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            name = ".".join(part for part in (base, node.module or "") if part)
            found |= {f"{name}.{alias.name}" for alias in node.names}
    return found


def uses(path: Path, package: str) -> bool:
    return any(name == package or name.startswith(package + ".") for name in imports(path))


@pytest.mark.parametrize("path", FILES, ids=module)
def test_imports_keep_to_the_house(path: Path) -> None:
    name = module(path)
    assert not uses(path, "luigi") or name.startswith(LUIGI), (
        "only settings, targets and tasks know Luigi"
    )
    for library, decimals in ONLY.items():
        assert not uses(path, library) or name in decimals, f"only {decimals} import {library}"
    for library in ("matplotlib", "seaborn"):
        assert not uses(path, library) or name.startswith("reports/charts"), (
            f"only the charts import {library}"
        )
    if name.startswith("reports/"):
        assert not uses(path, "pipeline")
    if name.startswith("pipeline/simulator/"):
        assert not uses(path, "reports")
        assert all(
            n.startswith("pipeline.simulator") for n in imports(path) if n.startswith("pipeline")
        ), "the simulator imports nothing of the pipeline"
    if path.parent.name in STAGES:
        own = f"pipeline.{path.parent.name}"
        foreign = {
            n
            for n in imports(path)
            if n.startswith("pipeline")
            and not n.startswith(
                (
                    own,
                    "pipeline.schema",
                    "pipeline.errors",
                    "pipeline.pos.source",
                    *ALSO.get(path.parent.name, ()),
                )
            )
        }
        assert not foreign, "a stage imports itself, schema and errors"
    for vendor in VENDORS:
        assert not uses(path, f"pipeline.pos.{vendor}") or name.startswith(
            f"pipeline/pos/{vendor}/"
        ), f"only pos/{vendor} knows that vendor's JSON"


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.parent.name in (*STAGES, "reports", "sections")], ids=module
)
def test_stages_and_reports_read_no_clock_and_no_environment(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for forbidden in (
        r"datetime\.now\(",
        r"date\.today\(",
        r"utcnow\(",
        r"os\.environ",
        r"os\.getenv",
    ):
        assert not re.search(forbidden, text), f"{forbidden} belongs to settings"


@pytest.mark.parametrize("path", FILES, ids=module)
def test_files_are_small_and_say_what_they_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500, "past its one idea; split it"
    assert ast.get_docstring(ast.parse(text)), "a module says what goes in and what comes out"
    assert path.stem not in {"utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("path", FILES, ids=module)
def test_no_error_is_swallowed(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: bare except"
            assert not all(isinstance(part, ast.Pass) for part in node.body), (
                f"line {node.lineno}: an error that nobody will see"
            )


@pytest.mark.parametrize("stage", [*STAGES, ""])
def test_a_stage_is_imported_without_what_it_does_not_need(stage: str) -> None:
    name = f"pipeline.{stage}" if stage else "pipeline"
    heavy = {"luigi", "matplotlib", "boto3", "pandas"}
    code = f"import sys, {name}; print(*sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("path", [p for p in FILES if "simulator" not in p.parts], ids=module)
def test_only_its_point_of_sale_knows_the_headings_of_an_export(path: Path) -> None:
    known = {
        heading
        for vendor in VENDORS
        if not module(path).startswith(f"pipeline/pos/{vendor}/")
        for headings in open_reader(vendor).EXPORTS.columns.values()
        for heading in headings
        if " " in heading
    }
    texts = {
        node.value.casefold()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    shared = {"gross sales", "net sales", "ventas brutas", "ventas netas", "total collected"}
    assert not texts & (known - shared if module(path).startswith("pipeline/pos/") else known)


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=module)
def test_what_tests_share_is_in_modules_of_tests_and_not_in_a_conftest(path: Path) -> None:
    assert not [name for name in imports(path) if {"conftest", "benchmarks"} & {*name.split(".")}]
