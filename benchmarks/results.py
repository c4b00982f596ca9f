"""Writes benchmarks/RESULTS.md: one section for each benchmark, with its machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


def machine() -> str:
    """Return processor, memory, system and Python in one line."""
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if "model name" in line
        ),
        "?",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} x {cpu}, {memory:.0f} GiB, {platform.system()} {platform.release()},"
        f" Python {platform.python_version()}"
    )


def write_section(title: str, text: str) -> None:
    """Write or replace a section of RESULTS.md."""
    before = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# Results\n"
    heading = f"## {title}\n"
    head, _, rest = before.partition(heading)
    _, mark, others = rest.partition("\n## ")
    RESULTS.write_text(
        f"{head.rstrip()}\n\n{heading}\n{text.rstrip()}\n" + (mark + others if mark else ""),
        encoding="utf-8",
    )
