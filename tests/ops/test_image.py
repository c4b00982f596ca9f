"""The image: pinned, locked by hash, not root, and nothing in it that is not named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


def instructions(root: Path) -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (root / "Dockerfile").read_text(), flags=re.MULTILINE).replace(
        "\\\n", " "
    )
    return [
        (line.split(maxsplit=1)[0], line.split(maxsplit=1)[1])
        for line in text.splitlines()
        if line.strip()
    ]


def test_the_base_is_pinned_by_digest_and_others_are_stages_of_it(root: Path) -> None:
    bases = [rest.split() for command_name, rest in instructions(root) if command_name == "FROM"]
    assert re.fullmatch(
        r"python:3\.1[1-3]-slim-bookworm@sha256:[0-9a-f]{64}", bases[0][0]
    ) and bases[0][1:] == ["AS", "pinned"]
    assert [base[0] for base in bases[1:]] == ["${BASE}", "${BASE}"] and (
        "ARG",
        "BASE=pinned",
    ) in instructions(root)
    assert (
        "syntax=" not in (root / "Dockerfile").read_text()
    )  # a frontend from a registry would be one more thing to trust


def test_requirements_are_installed_by_hash_and_as_wheels(root: Path) -> None:
    installs = [
        rest
        for command_name, rest in instructions(root)
        if command_name == "RUN" and "install --" in rest and "pip" in rest
    ]
    assert (
        len(installs) == 1
        and "--require-hashes" in installs[0]
        and "--only-binary :all:" in installs[0]
    )
    assert not any(
        "apt-get" in rest or "curl" in rest or "wget" in rest
        for command_name, rest in instructions(root)
        if command_name == "RUN"
    )


def test_it_runs_as_a_numbered_user_that_owns_none_of_the_program(root: Path) -> None:
    last = [rest for command_name, rest in instructions(root) if command_name == "USER"][-1]
    assert last == "10001:10001"
    assert not any(
        "--chown" in rest for command_name, rest in instructions(root) if command_name == "COPY"
    )
    assert any(command_name == "HEALTHCHECK" for command_name, _ in instructions(root))


def test_no_secret_is_an_argument_or_a_variable_of_the_image(root: Path) -> None:
    for command_name, rest in instructions(root):
        if command_name in {"ARG", "ENV"}:
            assert not re.search(r"(?i)token|secret|password|passwd|_key\b", rest)


def kept(lines: list[str], path: str) -> bool:
    """Whether `path` reaches the builder: the last line of .dockerignore that matches it or a
    folder of it decides.
    """
    keep = True
    for line in lines:
        pattern = line.removeprefix("!")
        expression = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if re.fullmatch(f"{expression}(/.*)?", path):
            keep = line.startswith("!")
    return keep


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        ".venv/bin/python",
        "config/config.env",
        "config/config.env.bak",
        "config/config.env~",
        "config/square.env",
        "config/.secret",
        "data/raw/receipts/x.ndjson.zst",
        "tests/conftest.py",
        "tests/fixtures/receipts_page.json",
        "docs/aws.md",
        "docker/prove.sh",
        "pipeline/__pycache__/tasks.cpython-311.pyc",
        "pipeline/.env",
        "id_rsa",
        "reports/x/__pycache__/y.pyc",
        "Makefile",
        "docker-compose.yml",
        "requirements-dev.txt",
    ],
)
def test_nothing_private_reaches_the_builder(root: Path, path: str) -> None:
    lines = [
        line
        for line in (root / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert lines[0] == "*"
    assert not kept(lines, path)


def test_what_the_dockerfile_copies_reaches_the_builder(root: Path) -> None:
    lines = [
        line
        for line in (root / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    sources = [
        rest.split()[0]
        for command_name, rest in instructions(root)
        if command_name == "COPY" and not rest.startswith("--from")
    ]
    for source in sources:
        files = (
            [source]
            if (root / source).is_file()
            else [str(p.relative_to(root)) for p in (root / source).glob("*.*")]
        )
        assert any(kept(lines, path) for path in files), source
    assert (
        kept(lines, "reports/text/es_MX/common.toml")
        and kept(lines, "config/menu.toml")
        and kept(lines, "docker/healthy.py")
    )
    for link in (root / "pipeline/defaults").iterdir():  # what `pos init` copies
        assert kept(lines, link.resolve().relative_to(root).as_posix()), link.name
