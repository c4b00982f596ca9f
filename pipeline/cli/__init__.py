"""The command `pos`: what Luigi's command line lacks, one module for each command.

The docstring of a command's module is its help, examples included; `arguments(parser)` declares its
options, and `run(options)` returns the exit code (errors.EXIT_CODES). A command with PASSES_ON
reads unknown options from `options.passed_on`. A new command is its module and its name in GROUPS.
Only the module of the command that runs is imported, so `pos --help` answers at once.
"""

from __future__ import annotations

import argparse
import ast
import codecs
import os
import shutil
import signal
import sys
import textwrap
from collections.abc import Iterable
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path

import pipeline
from pipeline.errors import ConfigError, ExitCode, InvalidQuery, PipelineError, exit_code_of

GROUPS = {
    "Start": ("init", "run", "open"),
    "Watch": ("status", "day", "tail", "tasks"),
    "Ask": ("sql", "describe", "explain", "unmapped", "exports", "mcp"),
    "Send": ("deliveries", "alert"),
    "Load and rebuild": ("backfill", "rescan", "rebuild"),
    "Maintain": ("verify", "erase", "retain", "lake"),
    "Shell": ("completion",),
}
COMMANDS = tuple(name for names in GROUPS.values() for name in names)
NO_SETTINGS = {"alert", "completion", "init", "run", "tasks"}
"""Commands that need no settings, or check them themselves."""
_COLUMN = 41  # where the summaries begin in the help


def parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line with the commands of `names`; their modules are imported."""
    command_line = argparse.ArgumentParser("pos", description=_description())
    command_line.add_argument("--version", action="version", version=f"pos {pipeline.__version__}")
    commands = command_line.add_subparsers(dest="command_name", required=True, metavar="COMMAND")
    for name in names:
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


def _description() -> str:
    return (
        "Set up a shop, do the daily run, query and maintain the lake."
        " Single tasks: `luigi --module pipeline TASK`."
    )


def wrap(line: str, indent: int) -> str:
    """`line`, on a narrower terminal wrapped from column `indent` on."""
    columns = shutil.get_terminal_size((0, 0)).columns
    if not columns or len(line) <= columns:
        return line
    parts = textwrap.wrap(line[indent:], max(columns - indent, 30), break_on_hyphens=False)
    return line[:indent] + f"\n{'':<{indent}}".join(parts)


def format_help() -> str:
    """The help of `pos`: an example and a sentence for each command, by group."""
    title = f"pos {pipeline.__version__}  "
    lines = [wrap(title + _description(), len(title))]
    for group, names in GROUPS.items():
        lines += ["", group]
        for name in names:
            example, summary = _example_and_summary(name)
            if len(example) >= _COLUMN:
                lines.append(f"  {example}")
                example = ""
            lines.append(wrap(f"  {example:<{_COLUMN}}{summary}", _COLUMN + 2))
    return "\n".join(
        [*lines, "", "pos help COMMAND                           all options and examples"]
    )


def _example_and_summary(name: str) -> tuple[str, str]:
    """The first example and the first sentence of a command's docstring.

    The docstring is read from the file: importing the module would also import all that it needs.
    """
    source = (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
    text = ast.get_docstring(ast.parse(source)) or ""
    examples = (line.split("  ")[0] for line in map(str.strip, text.splitlines()[1:]))
    example = next(line for line in examples if f"pos {name}" in line)
    return example, text.partition("\n")[0].rstrip(".")


def _explain_unknown(word: str) -> str:
    """The message for a word that is not a command."""
    from difflib import get_close_matches

    if task := get_close_matches(word, pipeline.__all__, 1, 0.7):
        return f"{word} is a task, not a command; run: luigi --module pipeline {task[0]}"
    command = get_close_matches(word, COMMANDS, 1, 0.6)
    hint = f"; did you mean {command[0]}?" if command else ""
    return f"unknown command {word}{hint or '.'} Commands: {', '.join(COMMANDS)}"


class _CasedParser(ConfigParser):
    """As Luigi's: Key is not key."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def check_text(*paths: str) -> None:
    """Refuse a configuration that Luigi cannot read: it would end with a traceback."""
    for path in paths:
        if not path or not os.access(path, os.R_OK) or not Path(path).is_file():
            continue
        text = Path(path).read_bytes()
        if text.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise ConfigError(
                f"{path} begins with a byte order mark; save it as UTF-8 without one (in"
                " Notepad: Save as, encoding UTF-8, not UTF-8 with BOM)"
            )
        if Path(path).suffix not in {"", ".cfg", ".conf", ".ini"}:
            continue  # Luigi does not read it, which settings.check_folder refuses
        try:
            _CasedParser(interpolation=None).read_string(text.decode(), path)
        except UnicodeDecodeError as error:
            line = 1 + text.count(b"\n", 0, error.start)
            raise ConfigError(f"{path}: line {line} is not UTF-8 text; save it as UTF-8") from error
        except ConfigParserError as error:
            reason = " ".join(str(error).split())
            raise ConfigError(f"{path} cannot be read: {reason}; correct that line") from error


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code.

    That is 128 + SIGPIPE, without a message, if the reader of the output has ended, as `head` does.
    """
    try:
        try:
            return _main(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # the interpreter flushes once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _main(arguments: list[str] | None) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"]
    if not words or words[0] in {"-h", "--help"}:
        print(format_help())
        return ExitCode.DONE
    try:
        check_text(os.environ.get("LUIGI_CONFIG_PATH", ""), "luigi.cfg")
        return _run_command(words)
    except PipelineError as error:
        from pipeline.logs import escape_controls, escape_line, redact

        # lines of DuckDB's message mark the place in the user's own query
        escape = escape_controls if isinstance(error, InvalidQuery) else escape_line
        print(redact(escape(f"{type(error).__name__}: {error}")), file=sys.stderr)
        return exit_code_of(error)


def _run_command(words: list[str]) -> int:
    """Run the command that `words` begin with. Raises PipelineError."""
    command_line = parser(words[:1] if words[0] in COMMANDS else ())
    if words[0] not in COMMANDS and not words[0].startswith("-"):
        command_line.error(_explain_unknown(words[0]))
    options, unknown = command_line.parse_known_args(words)
    options.passed_on = unknown
    command = import_module(f"{__name__}.{options.command_name}")
    if unknown and not getattr(command, "PASSES_ON", False):
        command_line.error(f"unrecognized arguments: {' '.join(unknown)}")
    if options.command_name not in NO_SETTINGS:
        from pipeline import settings

        settings.check_folder()
    from pipeline.logs import EscapedStream

    with redirect_stdout(EscapedStream(sys.stdout)):
        return int(command.run(options))
