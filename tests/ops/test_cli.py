"""The command `pos`: every verb tells what it does, with an example, and shells complete it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipeline import cli as commands


@pytest.mark.parametrize("command_name", commands.COMMANDS)
def test_every_verb_helps_with_an_example(command_name: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.main([command_name, "--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0 and any(
        f"{start}pos {command_name}" in said for start in ("    ", '"$(')
    )


def test_every_file_of_a_verb_is_a_verb() -> None:
    modules = {path.stem for folder in commands.__path__ for path in Path(folder).glob("*.py")}
    assert modules - {"__init__", "raws"} == set(commands.COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_a_script(shell: str, capsys: pytest.CaptureFixture) -> None:
    assert commands.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(command_name in script for command_name in commands.COMMANDS)
    if shell == "bash":
        assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_an_unknown_verb_is_refused(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.main(["dance"])
    assert ended.value.code == 2 and "dance" in capsys.readouterr().err
