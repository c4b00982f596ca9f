"""Print the completion of `pos` for a shell.

eval "$(pos completion bash)"        in ~/.bashrc; zsh and tcsh in the same way
"""

from __future__ import annotations

import argparse

import shtab

from pipeline import cli
from pipeline.errors import ExitCode


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS)


def run(options: argparse.Namespace) -> int:
    print(shtab.complete(cli.parser(), shell=options.shell))
    return ExitCode.DONE
