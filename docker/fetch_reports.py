"""Copy the newest reports from the lake of the settings to a folder.

    python docker/fetch_reports.py FOLDER [MONTH]

MONTH is as in 2026-10; by default the newest that has a report. Writes `monthly/MONTH/...`,
`cumulative/MONTH/...` if there is one, and `index.html`, which leads to the monthly report, and
prints their paths. Digests are checked. Exit code 1 if there is no report.
"""

import sys
from pathlib import Path

from pipeline.targets import lake

REPORTS = ("reports/monthly", "reports/cumulative")
INDEX = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={0}"><a'
    ' href="{0}">{0}</a>\n'
)


def fetch(folder: Path, month: str | None) -> list[Path]:
    """Write the reports of a month and return the paths written."""
    written = []
    for dataset in REPORTS:
        months = lake().partitions(dataset)
        name = month or (months[-1] if months else None)
        if name not in months:
            continue
        for file_name, body in lake().read(dataset, name).items():
            if not file_name.startswith("versions/"):
                path = folder / dataset.removeprefix("reports/") / name / file_name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
                written.append(path)
    return written


def main(folder: Path, month: str | None = None) -> None:
    """Fetch the reports, write the index, print the paths."""
    written = fetch(folder, month)
    pages = [path for path in written if path.name == "report.html"]
    if not pages:
        sys.exit(
            f"no report{f' of {month}' if month else ''} in this lake yet; make one: luigi --module"
            " pipeline MonthlyReport"
        )
    (folder / "index.html").write_text(INDEX.format(pages[0].relative_to(folder).as_posix()))
    sys.stdout.writelines(f"{path}\n" for path in written if path.stem == "report")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
