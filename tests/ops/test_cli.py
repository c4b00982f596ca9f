"""The command `pos`: every command has a help with an example, and shells complete it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
import pipeline.tasks
from pipeline import cli
from tests.support.runner import ROOT

HELPERS = {
    "__init__",
    "monitor",
    "query",
    "raw_records",
    "period",
    "run_log",
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


def test_pos_alone_shows_each_command_with_an_example_that_it_takes(
    capsys: pytest.CaptureFixture,
) -> None:
    assert cli.main([]) == cli.main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[: len(lines) // 2] == lines[len(lines) // 2 :]
    examples = [line for line in lines[: len(lines) // 2] if re.match(r"  \S", line)]
    assert len(examples) == len(cli.COMMANDS)
    assert all(re.search(r"\bpos \w+.*\S {2,}[A-Z]|\) +[A-Z]", line) for line in examples)


def test_the_lists_of_commands_and_tasks_fit_a_narrow_terminal(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main(["--help"]) == cli.main(["tasks"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if len(line) > 80] == []


def test_help_of_a_command_by_name(capsys: pytest.CaptureFixture) -> None:
    texts = []
    for words in (["help", "open"], ["open", "--help"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        assert ended.value.code == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] and "--cumulative" in texts[0]


@pytest.mark.parametrize("words", [[], ["help", "open"], ["completion", "bash"]])
def test_output_that_no_reader_takes_is_no_error(words: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        text=True,
    )
    with process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 128 + signal.SIGPIPE


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"pos {pipeline.__version__}\n"


@pytest.mark.parametrize("words", [[], ["--help"], ["--version"]])
def test_help_imports_nothing_that_takes_time(words: list[str]) -> None:
    """Luigi, pandas, Arrow and DuckDB take a second: `pos --help` needs none of them."""
    code = f"""
import sys
from pipeline.cli import main
try:
    main({words!r})
except SystemExit:
    pass
print(*sorted(sys.modules), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    ours = {name for name in done.stderr.split() if name.startswith("pipeline")}
    assert not loaded & {"luigi", "pandas", "numpy", "pyarrow", "duckdb", "boto3", "requests"}
    assert ours == {"pipeline", "pipeline.cli", "pipeline.errors"}


def test_every_parameter_of_every_task_is_described(capsys: pytest.CaptureFixture) -> None:
    tasks = [task for task in vars(pipeline.tasks).values() if isinstance(task, type)]
    assert len(tasks) > 15
    for task in tasks:
        for name, parameter in task.get_params():
            assert parameter.description, f"{task.__name__} {name}"
    assert cli.main(["tasks"]) == 0
    text = capsys.readouterr().out
    assert all(re.search(rf"(?m)^{name} +[A-Z]", text) for name in pipeline.__all__)
    assert re.search(r"(?m)^    --month +\S", text)


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
