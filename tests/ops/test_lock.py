"""The locks of `make lock`: all that setup.cfg requires, with hashes, for each Python version."""

from __future__ import annotations

import ast
import re
import subprocess
from configparser import ConfigParser
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYTHONS = ("3.11", "3.12", "3.13")
LOCKS = {
    "": "requirements.txt",
    "luigid": "requirements.txt",
    "spark": "requirements-spark.txt",
    "mcp": "requirements-mcp.txt",
    "dev": "requirements-dev.txt",
}
FILES = [*sorted({*LOCKS.values(), "requirements-audit.txt", "requirements-tap-square.txt"})]


class Pin(NamedTuple):
    """A line of a lock: the package at one version, and its number of hashes."""

    requirement: Requirement
    hashes: int

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        (specifier,) = self.requirement.specifier
        return specifier.version

    def applies(self, python: str) -> bool:
        marker = self.requirement.marker
        return marker is None or marker.evaluate(machine(python))


def machine(python: str, extra: str = "") -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "extra": extra,
    }


def read_lock(path: Path) -> list[Pin]:
    text = re.sub(r"(?m)^ *#.*\n", "", path.read_text(encoding="utf-8"))
    pins = []
    for line in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = re.split(r"\s+--hash=sha256:", line.strip())
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in hashes), line
        pins.append(Pin(Requirement(requirement), len(hashes)))
    return pins


def required(root: Path, extra: str) -> list[Requirement]:
    """What setup.cfg requires, for an extra or, without one, for every installation."""
    parser = ConfigParser()
    parser.read(root / "setup.cfg", encoding="utf-8")
    section, key = ("options.extras_require", extra) if extra else ("options", "install_requires")
    return [Requirement(line) for line in parser[section][key].split("\n") if line.strip()]


def test_nothing_installs_this_project_from_an_index(root: Path) -> None:
    """Nobody has released it: who registers its name could run code at its users."""
    files = subprocess.run(
        ["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split()
    install = re.compile(
        r"(pip\w*|uv|poetry|conda)\b[^\n]*\b(install|add|download|wheel|run)\b[^\n]*"
        r"(?<![/\w])pos[-_]sales[-_]pipeline(?![-_./\w])|uvx[^\n]*pos[-_]sales"
    )
    for name in files:
        path = root / name
        if path.suffix in {".md", ".py", ".yml", ".sh", ".cfg", ".toml", ""} and path.is_file():
            text = re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))
            assert name == "tests/ops/test_lock.py" or not install.search(text), name


def test_messages_name_the_packages_of_the_extras(root: Path) -> None:
    needed = {str(one) for extra in ("mcp", "spark") for one in required(root, extra)}
    named = {
        str(Requirement(words))
        for path in (root / "pipeline").rglob("*.py")
        for words in re.findall(r"pip install '([^']+)'", path.read_text(encoding="utf-8"))
    }
    assert named == needed


@pytest.mark.parametrize("page", ["first-report.md", "analyst.md", "scaling.md", "emr.md"])
def test_documents_install_locks_by_their_hashes(root: Path, page: str) -> None:
    lines = re.findall(r"pip install ([^`\n]*)", (root / "docs" / page).read_text(encoding="utf-8"))
    assert any("--require-hashes" in line for line in lines)
    for line in lines:
        if "venv-pack" in line:  # packs an environment that is there
            continue
        (file,) = re.findall(r"-r (?:/src/)?(\S+)", line) or ["setup.cfg"]
        assert (root / file).is_file()
        wanted = (
            {"--require-hashes"} if file != "setup.cfg" else {"--no-deps", "--no-build-isolation"}
        )
        assert all(option in line for option in wanted), line


def test_each_extra_has_a_lock(root: Path) -> None:
    parser = ConfigParser()
    parser.read(root / "setup.cfg", encoding="utf-8")
    assert set(parser["options.extras_require"]) == set(LOCKS) - {""}


@pytest.mark.parametrize("file", FILES)
def test_a_lock_has_sorted_pins_with_hashes_and_no_address(root: Path, file: str) -> None:
    pins = read_lock(root / file)
    assert pins and all(pin.hashes for pin in pins)
    assert all(next(iter(pin.requirement.specifier)).operator == "==" for pin in pins)
    # `make lock` writes them in this order; a line that was added by hand is seldom at its place.
    assert all(a.name <= b.name for a, b in pairwise(pins))
    assert "://" not in (root / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("extra", LOCKS, ids=lambda extra: extra or "plain")
def test_a_lock_satisfies_the_requirements(root: Path, extra: str, python: str) -> None:
    pins = [pin for pin in read_lock(root / LOCKS[extra]) if pin.applies(python)]
    versions = {pin.name: pin.version for pin in pins}
    assert len(versions) == len(pins), "a package has one version on one Python"
    for requirement in required(root, extra):
        if requirement.marker is None or requirement.marker.evaluate(machine(python)):
            name = canonicalize_name(requirement.name)
            assert name in versions, f"run make lock: {requirement}"
            assert requirement.specifier.contains(versions[name]), f"run make lock: {requirement}"


@pytest.mark.parametrize(
    "file", ["requirements.txt", "requirements-dev.txt", "requirements-mcp.txt"]
)
def test_a_lock_has_what_its_packages_require(root: Path, file: str) -> None:
    """Read from the installed packages, so for the Python of this test and without a network."""
    pins = {pin.name: pin for pin in read_lock(root / file)}
    read = 0
    for pin in pins.values():
        try:
            needs = metadata.requires(pin.name) or []
        except metadata.PackageNotFoundError:
            continue  # locked for another Python or system
        if metadata.version(pin.name) == pin.version:
            read += 1
            for line in needs:
                requirement = Requirement(line)
                if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                    needed = pins.get(canonicalize_name(requirement.name))
                    assert needed, f"run make lock: {pin.name} requires {line}"
                    assert requirement.specifier.contains(needed.version, prereleases=True)
    assert read > len(pins) / 2


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-mcp.txt"])
def test_the_lock_for_development_has_the_same_versions(root: Path, file: str) -> None:
    pins = {(pin.name, pin.version) for pin in read_lock(root / file)}
    assert pins <= {(pin.name, pin.version) for pin in read_lock(root / "requirements-dev.txt")}


def test_no_test_module_needs_what_only_the_whole_run_installs(root: Path) -> None:
    """`./run test --fast` installs requirements-dev.txt alone, and collects every module."""
    late = {pin.name for pin in read_lock(root / "requirements-spark.txt")}
    for path in sorted((root / "tests").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not late & {name.partition(".")[0] for name in names}, path
