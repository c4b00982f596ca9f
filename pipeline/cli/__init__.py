"""What Luigi's command line has no verb for: `pos VERB`, one file a verb.

A verb is a module of its name. Its docstring is its help, examples included; `arguments(parser)`
says what it takes, and `run(asked)` does it and returns the exit code (a verb that says PASSES_ON
finds what it does not know in `asked.rest`): 0 well; 1 not found, or not as it should be; 2 a
setting or the lake is wrong; 35 no configuration applies, or another than was named; 3 stale: the lake is older than it should be, or has gaps; 4 degraded:
the night went through, but the account's history wall has cut off part of it; else Luigi's own. A
new verb is its file and its name in VERBS.
"""

from __future__ import annotations

import argparse
import codecs
import os
import sys
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

import pipeline
from pipeline import settings
from pipeline.errors import ConfigError, NoConfiguration, PipelineError
from pipeline.logs import redact

COMMANDS = (
    "run",
    "tail",
    "backfill",
    "rescan",
    "status",
    "explain",
    "unmapped",
    "describe",
    "deliver",
    "alert",
    "open",
    "verify",
    "rebuild",
    "erase",
    "retain",
    "lake",
    "completion",
)
NO_SETTINGS = {"completion"}
BROKEN = 35  # as Luigi's scheduling_error: no configuration, or another than the one that was meant


def parser() -> argparse.ArgumentParser:
    """The command line, with every verb's help."""
    command = argparse.ArgumentParser(
        "pos",
        description="Questions and commands to the lake, beside `luigi --module pipeline TASK`.",
    )
    commands = command.add_subparsers(dest="command_name", required=True, metavar="VERB")
    for name in COMMANDS:
        module = import_module(f"{__name__}.{name}")
        first = module.__doc__.partition("\n")[0].rstrip(".")
        module.arguments(
            commands.add_parser(
                name,
                help=first,
                description=module.__doc__,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
    return command


def _meant(word: str) -> str:
    """What to say of a word that is no verb."""
    task, command_name = (
        get_close_matches(word, known, 1, 0.7) for known in (pipeline.__all__, COMMANDS)
    )
    if task:
        return f"{word} is no verb; for the task: luigi --module pipeline {task[0]}"
    return f"{word} is no verb{f'; is {command_name[0]} meant?' if command_name else ''}; there are {', '.join(COMMANDS)}"


def check_text(*paths: str) -> None:
    """Refuse a configuration that begins with a byte order mark, which Luigi takes for text."""
    for path in paths:
        if path and Path(path).is_file():
            with Path(path).open("rb") as file:
                begin = file.read(3)
            if begin.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise ConfigError(
                    f"{path} begins with a byte order mark; save it as UTF-8 without one (in"
                    " Notepad: Save as, encoding UTF-8, not UTF-8 with BOM)"
                )


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    try:
        check_text(os.environ.get("LUIGI_CONFIG_PATH", ""), "luigi.cfg")
    except ConfigError as error:
        print(f"ConfigError: {error}", file=sys.stderr)
        return 2
    command = parser()
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] not in COMMANDS and not words[0].startswith("-"):
        command.error(_meant(words[0]))
    try:
        asked, asked.rest = command.parse_known_args(arguments)
        command_name = import_module(f"{__name__}.{asked.command_name}")
        if asked.rest and not getattr(command_name, "PASSES_ON", False):
            command.error(f"unrecognized arguments: {' '.join(asked.rest)}")
        if asked.command_name not in NO_SETTINGS:
            settings.check_folder()
        return command_name.run(asked)
    except NoConfiguration as error:
        print(redact(f"{type(error).__name__}: {error}"), file=sys.stderr)
        return BROKEN
    except PipelineError as error:
        print(redact(f"{type(error).__name__}: {error}"), file=sys.stderr)
        return 2
