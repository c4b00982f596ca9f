"""Format, style and the linters of operational files, as `make lint` runs them, without a network.

Types are checked in tests/test_style.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
SCRIPTS = ["run", ".ci/run", "docker/*.sh"]
LINTERS = [
    ["ruff", "format", "--check", "."],
    ["ruff", "check", "."],
    ["actionlint"],
    ["zizmor", "--offline", "--quiet", "--persona", "pedantic", ".github"],
    ["hadolint", "Dockerfile"],
    ["shellcheck", *SCRIPTS],
]


@pytest.mark.parametrize("command", LINTERS, ids=lambda command: " ".join(command[:2]))
def test_linter_finds_nothing(root: Path, command: list[str]) -> None:
    program, *arguments = command
    files = [
        str(path)
        for argument in arguments
        for path in (sorted(root.glob(argument)) if "*" in argument else [argument])
    ]
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "NO_COLOR": "1"}
    done = subprocess.run(
        [BIN / program, *files],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
