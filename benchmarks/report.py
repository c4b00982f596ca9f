"""One monthly report, from the summaries of the lake to all forms: `python -m benchmarks.report
[--write]`.

The summaries are those of the benchmarks' own shop (700 receipts a day, three months, combos, one
store), counted by the pipeline. Each round is a process of its own, imports included, and each of
them reads the same Parquet files: Markdown and HTML alone, and all forms with the PDF. The split is
taken within the process: imports, figures and sections (queries), charts, Markdown and HTML, PDF,
tables. Best of `--rounds`. Printed and, with --write, put into benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
TITLE = "Report: summaries of a month to Markdown, HTML and PDF"
MONTHS = (date(2022, 1, 1), date(2022, 2, 1), date(2022, 3, 1))
STEPS = ("imports", "queries", "charts", "markdown and html", "pdf", "tables and figures.json")
GOAL = 5.0


def prepare(folder: Path) -> int:
    """Write the summaries of MONTHS as Parquet; the number of receipts in them."""
    from benchmarks.summaries import write_summaries
    from tests.reference import shop

    receipts: dict[date, list[bytes]] = {}
    for line in shop.receipts(90 * 700):
        receipts.setdefault(
            datetime.fromisoformat(json.loads(line)["receipt_date"]).date(), []
        ).append(line.encode())
    for month in MONTHS:
        write_summaries(
            month,
            {
                day: b"".join(
                    receipts[day] + receipts.get(date.fromordinal(day.toordinal() + 1), [])
                )
                for day in sorted(receipts)
                if day.replace(day=1) == month
            },
            folder,
        )
    return sum(map(len, receipts.values()))


def child(folder: Path, forms: str) -> None:
    """Make one report in this process and print how long each step took, as JSON."""
    marks = [time.perf_counter()]

    def mark() -> None:
        marks.append(time.perf_counter())

    import pyarrow.parquet as pq

    from reports.compose import compose_monthly
    from reports.render.html import html
    from reports.render.machine import figures_json
    from reports.render.markdown import markdown
    from reports.render.outline import charts
    from reports.render.workbook import workbook
    from reports.words import Words

    if loaded := {"matplotlib", "seaborn", "typst"} & set(sys.modules):
        raise SystemExit(f"{loaded} imported before anything is drawn")
    from reports.charts import draw

    mark()
    sources = {
        month: {
            path.stem: pq.read_table(path)
            for path in sorted((folder / f"{month:%Y-%m}").glob("*.parquet"))
        }
        for month in MONTHS
    }
    page = compose_monthly(
        MONTHS[-1],
        sources,
        through=None,
        lake_decimals=2,
        metadata={"version": 1},
        lake_starts=MONTHS[0],
    )
    words = Words("es_MX", 2, page.currencies)
    mark()
    images = {name: draw(chart, words) for name, chart in charts(page)}
    mark()
    size = len(markdown(page, words)) + len(html(page, words, images))
    mark()
    if forms == "all":
        from reports.render.pdf import pdf

        size += len(pdf(page, words, images))
        mark()
        size += len(figures_json(page)) + len(workbook(page, words))
        mark()
    print(
        json.dumps(
            {"steps": [b - a for a, b in pairwise(marks)], "bytes": size, "charts": len(images)}
        )
    )


def measure(folder: Path, forms: str) -> tuple[float, list[float], int]:
    """(wall time of the process, its steps, charts)."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.report", "--child", forms, "--folder", str(folder)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    return time.perf_counter() - start, said["steps"], said["charts"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=ROOT / "data" / "benchmark" / "report")
    parser.add_argument(
        "--write", action="store_true", help="put the table into benchmarks/RESULTS.md"
    )
    parser.add_argument("--child", choices=("pages", "all"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.folder, options.child)
        return
    from benchmarks.results import machine, write_section

    receipts = prepare(options.folder)
    runs = {
        forms: min(
            (measure(options.folder, forms) for _ in range(options.rounds)), key=lambda run: run[0]
        )
        for forms in ("pages", "all")
    }
    text = (
        f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; best of {options.rounds}; {receipts:,}"
        f" receipts in three months, {runs['all'][2]} charts.\n\n| | wall s | "
        + " | ".join(STEPS)
        + " |\n|---"
        + "|---" * (1 + len(STEPS))
        + "|\n"
    )
    for forms, name in (("pages", "Markdown and HTML"), ("all", "all forms, PDF included")):
        wall, steps, _ = runs[forms]
        cells = [f"{step:.2f}" for step in steps] + [""] * (len(STEPS) - len(steps))
        text += f"| {name} | {wall:.2f} | " + " | ".join(cells) + " |\n"
    text += (
        f"\nGoal: Markdown and HTML under {GOAL:.0f} s on two cores:"
        f" {'met' if runs['pages'][0] < GOAL else 'missed'}. matplotlib is imported with the first"
        " chart (its time is within charts), typst with the PDF.\n"
    )
    print(text)
    if options.write:
        write_section(TITLE, text)


if __name__ == "__main__":
    main()
