"""The command `pos`: what Luigi's command line does not offer, one module a command.

The docstring of a command's module is its help, examples included; `arguments(parser)` declares its
options, and `run(options)` returns the exit code (errors.EXIT_CODES). A command with PASSES_ON
finds unknown options in `options.rest`. A new command is its module and its name in COMMANDS.
"""

from __future__ import annotations

import argparse
import codecs
import os
import sys
from contextlib import redirect_stdout
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

import pipeline
from pipeline import settings
from pipeline.errors import ConfigError, ExitCode, NoConfiguration, PipelineError
from pipeline.logs import EscapedStream, escape_line, redact

COMMANDS = (
    "run",
    "tail",
    "backfill",
    "rescan",
    "status",
    "today",
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


def parser() -> argparse.ArgumentParser:
    """The command line, with the help of every command."""
    command_line = argparse.ArgumentParser(
        "pos",
        description="Query and maintain the lake; tasks run with `luigi --module pipeline TASK`.",
    )
    commands = command_line.add_subparsers(dest="command_name", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = import_module(f"{__name__}.{name}")
        text = module.__doc__ or ""
        module.arguments(
            commands.add_parser(
                name,
                help=text.partition("\n")[0].rstrip("."),
                description=text,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
    return command_line


def _explain_unknown(word: str) -> str:
    """The message for a word that is not a command."""
    if task := get_close_matches(word, pipeline.__all__, 1, 0.7):
        return f"{word} is a task, not a command; run: luigi --module pipeline {task[0]}"
    command = get_close_matches(word, COMMANDS, 1, 0.6)
    hint = f"; did you mean {command[0]}?" if command else ""
    return f"unknown command {word}{hint} Commands: {', '.join(COMMANDS)}"


def check_encoding(*paths: str) -> None:
    """Refuse a configuration with a byte order mark, which Luigi takes for text."""
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
    """Run one command; returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        check_encoding(os.environ.get("LUIGI_CONFIG_PATH", ""), "luigi.cfg")
        command_line = parser()
        if words and words[0] not in COMMANDS and not words[0].startswith("-"):
            command_line.error(_explain_unknown(words[0]))
        options, rest = command_line.parse_known_args(words)
        options.rest = rest
        command = import_module(f"{__name__}.{options.command_name}")
        if rest and not getattr(command, "PASSES_ON", False):
            command_line.error(f"unrecognized arguments: {' '.join(rest)}")
        if options.command_name not in NO_SETTINGS:
            settings.check_folder()
        with redirect_stdout(EscapedStream(sys.stdout)):
            return int(command.run(options))
    except PipelineError as error:
        print(redact(escape_line(f"{type(error).__name__}: {error}")), file=sys.stderr)
        no_configuration = isinstance(error, NoConfiguration)
        return ExitCode.NOT_PLANNED if no_configuration else ExitCode.INVALID
