"""One process of the pipeline that says what it has asked of S3: `python -m benchmarks.counted
Nightly`, by benchmarks.requests.

Counted is where botocore sends, so retries and pages count too: by verb, and by what the object is
to the lake. The figures are the last line, `COUNTED {json}`. DRAW_SINCE=2026-09 has the reports of
earlier months, which no later case opens again, take three files of the first that was drawn:
drawing is most of a backfill. NIGHTS=30 are so many runs before this one, a day apart, each as
blind as a process of its own; of their reports three files are published.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from urllib.parse import unquote, urlsplit

import luigi
from luigi.cmdline import luigi_run

import reports
from pipeline import settings
from pipeline.load import RECEIPTS
from pipeline.load.layout import home_of, parse_manifest
from pipeline.load.s3 import S3Storage
from pipeline.tasks import Nightly

COMMANDS = {"PutObject": "PUT", "GetObject": "GET", "HeadObject": "HEAD", "ListObjectsV2": "LIST"}
DAY = timedelta(days=1)


def place_of(key: str) -> tuple[str, str]:
    """(dataset, "object" or "manifest") of a key: a manifest and its commit record are both the log's."""
    if key.startswith("_commits/"):
        return key.removeprefix("_commits/").rsplit("/", 2)[0], "manifest"
    if found := parse_manifest(key):
        return found.dataset, "manifest"
    if key.startswith(f"{RECEIPTS}/"):
        return RECEIPTS, "object"
    home = home_of(key)
    return (home[0] if home else key.partition("/")[0]), "object"


def count_requests() -> Counter[str]:
    """From now on, every request of the lake: "GET staging object" -> how many."""
    counted: Counter[str] = Counter()
    opening = S3Storage._open

    def send(event_name: str, request: object, **_: object) -> None:
        command_name = COMMANDS[event_name.rpartition(".")[2]]
        key = unquote(urlsplit(request.url).path).split("/", 2)[-1]
        counted[
            "LIST planning names"
            if command_name == "LIST"
            else f"{command_name} {' '.join(place_of(key))}"
        ] += 1

    def opened(storage: S3Storage) -> object:
        client = opening(storage)
        client.meta.events.register("before-send.s3", send)
        return client

    S3Storage._open = opened
    return counted


def draw_since(month: str) -> None:
    """Reports of earlier months take three files of the first that was drawn."""
    draw, cheap = reports.monthly, some_files(reports.monthly)

    def drawing(of: date, *given: object, **named: object) -> dict[str, bytes]:
        return (draw if f"{of:%Y-%m}" >= month else cheap)(of, *given, **named)

    reports.monthly = drawing


def some_files(draw: Callable[..., dict[str, bytes]]) -> Callable[..., dict[str, bytes]]:
    """A report drawn once; three of its files."""
    drawn: list[dict[str, bytes]] = []

    def drawing(*given: object, **named: object) -> dict[str, bytes]:
        if not drawn:
            drawn.append(draw(*given, **named))
        return {name: drawn[0][name] for name in ("figures.json", "report.md", "report.html")}

    return drawing


def run_nights(count: int) -> None:
    """Nights a day apart, up to the day before the one that the settings say."""
    from tests.dag.rehearsal import forget

    last: datetime = settings.now()
    for name in ("monthly", "cumulative"):
        setattr(reports, name, some_files(getattr(reports, name)))
    for ago in range(count, 0, -1):
        forget()
        luigi.configuration.get_config().set("pos", "now", (last - ago * DAY).isoformat())
        if not luigi.build([Nightly()], local_scheduler=True, log_level="ERROR", no_lock=True):
            raise SystemExit(f"the night {ago} days before {last} failed")
    forget()
    luigi.configuration.get_config().set("pos", "now", last.isoformat())


def main() -> None:
    if since := os.environ.get("DRAW_SINCE"):
        draw_since(since)
    if nights := int(os.environ.get("NIGHTS", "0")):
        run_nights(nights)
    counted = count_requests()
    atexit.register(
        lambda: print(
            "COUNTED",
            json.dumps(
                {
                    "requests": counted,
                    "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                }
            ),
        )
    )
    luigi_run(["--module", "pipeline", *sys.argv[1:], "--local-scheduler", "--no-lock"])


if __name__ == "__main__":
    main()
