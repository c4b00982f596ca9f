"""Completion of `pos` for a shell.

eval "$(pos completion bash)"        in ~/.bashrc; zsh and tcsh in the same way
"""

from __future__ import annotations

import argparse

import shtab

from pipeline import cli as commands


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS)


def run(asked: argparse.Namespace) -> int:
    print(shtab.complete(commands.parser(), shell=asked.shell))
    return 0
