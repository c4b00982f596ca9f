"""The command `pos`: every command has a help with an example, and shells complete it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipeline import cli

HELPERS = {
    "__init__",
    "child",
    "failure_alert",
    "monitor",
    "query",
    "raw_records",
    "recipients",
    "run_log",
    "run_summary",
}


@pytest.mark.parametrize("command_name", cli.COMMANDS)
def test_every_command_helps_with_an_example(
    command_name: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command_name, "--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0 and any(
        f"{start}pos {command_name}" in said for start in ("    ", '"$(')
    )


def test_every_other_module_is_named_as_a_helper() -> None:
    modules = {path.stem for folder in cli.__path__ for path in Path(folder).glob("*.py")}
    assert modules - HELPERS == set(cli.COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_a_script(shell: str, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(command_name in script for command_name in cli.COMMANDS)
    if shell == "bash":
        assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["dance"])
    assert ended.value.code == 2 and "dance" in capsys.readouterr().err
