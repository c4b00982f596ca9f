"""The structure of ARCHITECTURE.md: who may import what, small files, a docstring in each."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
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


# Extraction commits what it reads to raw, and shows how far it is; the transform follows rules.
ALSO = {"extract": ("pipeline.load", "pipeline.progress"), "transform": ("pipeline.rules",)}
VENDORS = ("loyverse", "square")


def module(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


@cache
def nodes_of(path: Path) -> list[ast.stmt | ast.expr | ast.ExceptHandler]:
    """Imports, handlers of errors and constants of a file: to walk a tree takes long."""
    kinds = (ast.Import, ast.ImportFrom, ast.ExceptHandler, ast.Constant)
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, kinds)]


@cache
def imports(path: Path) -> set[str]:
    """Dotted names of all that `path` imports, wherever in the file."""
    package = path.relative_to(ROOT).parent.parts
    names = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            name = ".".join(part for part in (base, node.module or "") if part)
            names |= {f"{name}.{alias.name}" for alias in node.names}
    return names


def uses(path: Path, package: str) -> bool:
    return any(name == package or name.startswith(package + ".") for name in imports(path))


def users(package: str, allowed: Callable[[str], bool]) -> list[str]:
    """Files that import `package` and are not allowed to."""
    return [module(path) for path in FILES if uses(path, package) and not allowed(module(path))]


def test_only_settings_targets_and_tasks_know_luigi() -> None:
    assert users("luigi", lambda name: name.startswith(LUIGI)) == []


@pytest.mark.parametrize("library", ONLY)
def test_a_library_is_imported_at_its_place_only(library: str) -> None:
    assert users(library, ONLY[library].__contains__) == []


@pytest.mark.parametrize("library", ["matplotlib", "seaborn"])
def test_only_the_charts_import_what_draws(library: str) -> None:
    assert users(library, lambda name: name.startswith("reports/charts")) == []


def test_reports_import_nothing_of_the_pipeline() -> None:
    assert users("pipeline", lambda name: not name.startswith("reports/")) == []


def test_the_simulator_imports_nothing_of_pipeline_and_reports() -> None:
    imported = {
        name
        for path in FILES
        if module(path).startswith("pipeline/simulator/")
        for name in imports(path)
    }
    parts = ("pipeline", "reports")
    assert {
        name
        for name in imported
        if name.startswith(parts) and not name.startswith("pipeline.simulator")
    } == set()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_itself_schema_and_errors(stage: str) -> None:
    allowed = (
        f"pipeline.{stage}",
        "pipeline.schema",
        "pipeline.errors",
        "pipeline.pos.source",
        *ALSO.get(stage, ()),
    )
    imported = {name for path in FILES if path.parent.name == stage for name in imports(path)}
    assert {
        name for name in imported if name.startswith("pipeline") and not name.startswith(allowed)
    } == set()


@pytest.mark.parametrize("vendor", VENDORS)
def test_only_its_point_of_sale_knows_the_json_of_a_vendor(vendor: str) -> None:
    package = f"pipeline.pos.{vendor}"
    assert users(package, lambda name: name.startswith(f"pipeline/pos/{vendor}/")) == []


def test_stages_and_reports_read_no_clock_and_no_environment() -> None:
    clock = re.compile(r"datetime\.now\(|date\.today\(|utcnow\(|os\.environ|os\.getenv")
    folders = (*STAGES, "reports", "sections")
    assert [
        module(path)
        for path in FILES
        if path.parent.name in folders and clock.search(text_of(path))
    ] == [], "this belongs to settings"


def test_files_are_small_and_say_what_they_are() -> None:
    for path in FILES:
        name = module(path)
        assert len(text_of(path).splitlines()) <= 500, f"{name}: past its one idea; split it"
        assert ast.get_docstring(tree_of(path)), f"{name}: what goes in and what comes out?"
        assert path.stem not in {"utils", "helpers", "common", "misc"}, name


def test_no_error_is_swallowed() -> None:
    for path in FILES:
        for node in nodes_of(path):
            if isinstance(node, ast.ExceptHandler):
                place = f"{module(path)}, line {node.lineno}"
                assert node.type is not None, f"{place}: bare except"
                assert not all(isinstance(part, ast.Pass) for part in node.body), (
                    f"{place}: an error that nobody will see"
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


def test_only_its_point_of_sale_knows_the_headings_of_an_export() -> None:
    headings = {
        vendor: {
            heading
            for columns in open_reader(vendor).EXPORT_FORM.columns.values()
            for heading in columns
            if " " in heading
        }
        for vendor in VENDORS
    }
    shared = {"gross sales", "net sales", "ventas brutas", "ventas netas", "total collected"}
    for path in FILES:
        name = module(path)
        if "simulator" in path.parts:
            continue
        foreign = set().union(
            *(
                headings[vendor]
                for vendor in VENDORS
                if not name.startswith(f"pipeline/pos/{vendor}/")
            )
        )
        texts = {
            node.value.casefold()
            for node in nodes_of(path)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        if name.startswith("pipeline/pos/"):
            foreign -= shared
        assert not texts & foreign, name


def test_what_tests_share_is_in_modules_of_tests_and_not_in_a_conftest() -> None:
    private = {"conftest", "benchmarks"}
    assert [
        module(path)
        for path in (ROOT / "tests").rglob("*.py")
        if any(word in text_of(path) for word in private)  # few are parsed
        and private & {part for name in imports(path) for part in name.split(".")}
    ] == []
