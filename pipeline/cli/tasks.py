"""List the Luigi tasks with their parameters.

    pos tasks
    pos tasks MonthlyReport                 only this task
    luigi --module pipeline MonthlyReport --help

Run a task with `luigi --module pipeline TASK`; a parameter `month` is the option `--month`.
"""

from __future__ import annotations

import argparse
from typing import Any

import pipeline
from pipeline.cli import wrap
from pipeline.errors import ConfigError, ExitCode


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", nargs="?", help="name of a task; default: all of them")


def run(options: argparse.Namespace) -> int:
    names = [options.task] if options.task else sorted(pipeline.__all__)
    if unknown := set(names) - set(pipeline.__all__):
        raise ConfigError(
            f"{', '.join(unknown)} is no task; the tasks are {', '.join(sorted(pipeline.__all__))}"
        )
    for name in names:
        print(format_task(getattr(pipeline, name)))
    return ExitCode.DONE


def format_task(task: Any) -> str:
    """A task, the first sentence of its docstring, and a line for each parameter."""
    summary = (task.__doc__ or "").strip().partition("\n")[0]
    lines = [wrap(f"{task.get_task_family():<18}{summary}", 18)]
    for name, parameter in task.get_params():
        if parameter.visibility.name == "PUBLIC":
            option = f"--{name.replace('_', '-')}"
            lines.append(wrap(f"    {option:<20}{parameter.description or ''}", 24))
    return "\n".join(lines)
