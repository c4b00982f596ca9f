"""The product against its required speed.

    python -m benchmarks.product --months 36 --write
    python -m benchmarks.product --cases demo,sparse

Each case runs `luigi`, or `./run demo`, as users do, in processes of its own:

    backfill    simulated shop of `--months` months: extraction, lake and summaries, all reports,
                and a DuckDB script on the same raw receipts (tests/reference/duckdb_sql.py)
    later       the run of the next day, after an old receipt was cancelled (needs backfill)
    report      every monthly report rebuilt in one run (needs backfill)
    demo        `./run demo` in a copy of the checkout without data
    sparse      57 months with 21 receipts, from saved files
    large-day   one day of 300,000 receipts from 200 stores with 20,000 items
    extract     three months of API pages into raw, and the same pages only read

A row is printed when it is measured. If a case fails, the others run all the same; the section and
exit code 1 report it. Seconds depend on the machine and on what else it does.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import product_cases as cases
from benchmarks.product_cases import LAST, History, Rows, Run, Target
from benchmarks.results import machine, write_section
from benchmarks.shop_server import serve_shop

TITLE = "Product: luigi from raw to lake, summaries and reports"
CASES = ("backfill", "later", "report", "demo", "sparse", "large-day", "extract")
NEEDS_BACKFILL = ("later", "report")


class Section:
    """The section of RESULTS.md, of the rows so far."""

    def __init__(self, months: int, is_written: bool) -> None:
        self.months, self.is_written = months, is_written
        self.runs: list[Run] = []
        self.targets: list[Target] = []
        self.failures: dict[str, str] = {}

    def measure(self, case: str, measure: Callable[[], Rows]) -> None:
        """Print and keep the rows of a case; write the section, also if the case fails."""
        print(f"{case}:", flush=True)
        try:
            for row in measure():
                print(f"  {run_row(row) if isinstance(row, Run) else target_row(row)}", flush=True)
                (self.runs if isinstance(row, Run) else self.targets).append(row)
        except Exception as error:  # noqa: BLE001 - the other cases are measured all the same
            traceback.print_exc()
            self.failures[case] = str(error).splitlines()[0]
        if self.is_written:
            write_section(TITLE, self.text())

    def text(self) -> str:
        """The section as Markdown."""
        head = (
            f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; load average {os.getloadavg()[1]:.1f} at"
            f" the end. One run each. The history has {self.months} months and the open one,"
            f" through {LAST}."
        )
        failures = [f"The case {case} failed: {text}" for case, text in self.failures.items()]
        return "\n".join(
            [
                head,
                *failures,
                "",
                "| measure | measured | required | holds |",
                "|---|---|---|---|",
                *map(target_row, self.targets),
                "",
                "| run | wall s | CPU s | peak MB | files | requests to the lake |",
                "|---|---|---|---|---|---|",
                *map(run_row, self.runs),
                "",
            ]
        )


def run_row(run: Run) -> str:
    """A row of the table of runs."""
    verbs = ", ".join(f"{verb} {count}" for verb, count in sorted(run.cost.requests.items()))
    files = "" if run.files is None else f"{run.files:,}"
    return (
        f"| {run.name} | {run.cost.wall:.1f} | {run.cost.cpu:.1f} | {run.cost.peak:,.0f}"
        f" | {files} | {verbs} |"
    )


def target_row(target: Target) -> str:
    """A row of the table of required values."""
    decimals = 2 if target.unit in ("s", "x") else 0
    holds = "yes" if target.value <= target.required else "**no**"
    return (
        f"| {target.measure} | {target.value:,.{decimals}f} {target.unit}"
        f" | {target.required:,g} {target.unit} | {holds} |"
    )


def run_cases(section: Section, chosen: Sequence[str], months: int, receipts: int) -> None:
    """Measure the chosen cases in the order of CASES."""
    with ExitStack() as stack:
        measures: dict[str, Callable[[], Rows]] = {
            "demo": cases.demo,
            "sparse": cases.sparse,
            "large-day": lambda: cases.large_day(receipts),
            "extract": cases.extraction,
        }
        if {"backfill", *NEEDS_BACKFILL} & set(chosen):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            shop = stack.enter_context(serve_shop(datetime.now(UTC)))
            history = History(folder, shop, months)
            measures |= {
                "backfill": lambda: cases.backfill(history),
                "later": lambda: cases.later(history),
                "report": lambda: cases.report(history),
            }
        for case in CASES:
            if case in chosen or (case == "backfill" and case in measures):
                if case in NEEDS_BACKFILL and "backfill" in section.failures:
                    section.failures[case] = "it needs the case backfill, which failed"
                    continue
                section.measure(case, measures[case])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", default=",".join(CASES), help="some of them, with commas")
    parser.add_argument("--months", type=int, default=36, help="whole months of the history")
    parser.add_argument("--receipts", type=int, default=300_000, help="receipts of the large day")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    options = parser.parse_args()
    chosen = options.cases.split(",")
    if unknown := set(chosen) - set(CASES):
        parser.error(f"--cases: {', '.join(sorted(unknown))} unknown; known: {', '.join(CASES)}")
    section = Section(options.months, options.write)
    run_cases(section, chosen, options.months, options.receipts)
    print(f"\n## {TITLE}\n\n{section.text()}")
    if section.failures:
        raise SystemExit(f"failed: {', '.join(section.failures)}")


if __name__ == "__main__":
    main()
