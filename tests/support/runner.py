"""The pipeline as users start it: as a process in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import preloaded

ROOT = Path(__file__).parent.parent.parent


def run_module(
    module: str,
    *words: str,
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
    is_preloaded: bool = True,
    is_drawn: bool = True,
) -> subprocess.CompletedProcess[str]:
    """`python -m MODULE WORDS...` in `folder`, with stderr in its stdout."""
    if is_preloaded and preloaded.can_run(environment):
        return preloaded.run(
            module,
            *words,
            folder=folder,
            environment=environment,
            timeout=timeout,
            is_drawn=is_drawn,
        )
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass
class Runner:
    """`luigi --module pipeline` in its own folder, with overrides of luigi.cfg."""

    folder: Path
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    is_preloaded: bool = True
    """Whether runs that are waited for start from preloaded libraries (preloaded.py)."""
    is_drawn: bool = True
    """False: reports of preloaded runs have no page, PDF, workbook or chart (preloaded.py)."""

    def configure(self, section: str, **options: object) -> Runner:
        self.options.setdefault(section, {}).update(
            {name: str(value) for name, value in options.items()}
        )
        return self

    def command(self, *arguments: str, scheduler: str = "--local-scheduler") -> list[str]:
        lines = [
            f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in options.items())
            for section, options in self.options.items()
        ]
        (self.folder / "overrides.cfg").write_text("\n".join(lines).replace("%", "%%"))
        for name in ("luigi.cfg", "config"):
            if not (self.folder / name).exists():
                (self.folder / name).symlink_to(ROOT / name)
        return [
            sys.executable,
            "-m",
            "luigi",
            "--module",
            "pipeline",
            *arguments,
            *([scheduler] if scheduler else []),
        ]

    def pos(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of `pos ...`."""
        self.command()
        done = self.run_module("pipeline", *arguments)
        return done.returncode, done.stdout

    def start(self, *arguments: str, **kwargs: object) -> subprocess.Popen:
        """A run that is not waited for, in a new interpreter."""
        command = self.command(*arguments, **kwargs)
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "LUIGI_CONFIG_PATH": str(self.folder / "overrides.cfg"),
            **self.environment,
        }

    def __call__(
        self, *arguments: str, code: int = 0, timeout: float = 960, **kwargs: object
    ) -> str:
        """What the run printed; fails the test when it does not exit with `code`."""
        done = self.run_module(*self.command(*arguments, **kwargs)[2:], timeout=timeout)
        assert done.returncode == code, (
            f"exit code {done.returncode}, not {code}:\n{done.stdout[-6000:]}"
        )
        return done.stdout

    def run_module(
        self, module: str, *words: str, timeout: float = 960
    ) -> subprocess.CompletedProcess[str]:
        """`python -m MODULE WORDS...` in the folder."""
        return run_module(
            module,
            *words,
            folder=self.folder,
            environment=self.env(),
            timeout=timeout,
            is_preloaded=self.is_preloaded,
            is_drawn=self.is_drawn,
        )
