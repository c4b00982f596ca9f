"""The scanner as the tests use it: built here from scan.c, so that the source is what is tested;
None where there is no compiler.
"""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from pipeline.transform import plain

SOURCE = Path(plain.__file__).with_name("scan.c")


@cache
def compiled() -> Callable | None:
    """The function `scan`."""
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    if not shutil.which(compiler[0]):
        return None
    library = Path(tempfile.mkdtemp()) / f"_scan{sysconfig.get_config_var('EXT_SUFFIX')}"
    flags = [
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-shared",
        "-fPIC",
        f"-I{sysconfig.get_path('include')}",
    ]
    subprocess.run([*compiler, *flags, str(SOURCE), "-o", str(library)], check=True)
    spec = importlib.util.spec_from_file_location("_scan", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.scan
