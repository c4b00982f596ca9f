"""Questions to the lake for which Luigi's command line has no verb.

    pos night                      luigi ... Nightly, and then a look at what it has left; exit codes 3 and 4 below
    pos status                     how fresh the lake is; exit code 3 when older than it should be
    pos explain 1-10131            one receipt as sold beside the rows that the rules make of it
    pos uncovered --month 2026-10  names that no rule of menu.toml covers, ready to paste

Exit codes: 0 well; 1 no such receipt; 2 a setting or the lake is wrong; 3 stale: older than it should be, or with gaps;
4 degraded: the night went through, but the account's history wall has cut off part of it; else Luigi's own.

Reads the same luigi.cfg as the tasks; writes nothing itself but state/etl_state.json.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta

from pipeline import settings
from pipeline.errors import PipelineError
from pipeline.load import RawObject
from pipeline.logs import redact
from pipeline.status import Status, read_status, tell_status
from pipeline.targets import lake
from pipeline.tasks import catalog_for, days_of, read_catalog
from pipeline.transform import Catalog, Raw, explain, uncovered

STALE, DEGRADED = 3, 4


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    asked = _parse(arguments)
    try:
        return {"night": _night, "status": _status, "explain": _explain, "uncovered": _uncovered}[asked.verb](asked)
    except PipelineError as error:
        print(redact(f"{type(error).__name__}: {error}"), file=sys.stderr)  # noqa: T201
        return 2


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("pos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    night = verbs.add_parser("night", help="the night's work, and then a look at what it has left")
    night.add_argument("luigi", nargs=argparse.REMAINDER, help="options of luigi, such as --workers 2; --local-scheduler by default")
    verbs.add_parser("status", help="how fresh the lake is")
    one = verbs.add_parser("explain", help="one receipt as sold beside its rows")
    one.add_argument("receipt", help="its number, as on the till")
    one.add_argument("--month", type=settings.Month().parse, help="where to look, YYYY-MM; by default everywhere")
    names = verbs.add_parser("uncovered", help="names that no rule covers")
    names.add_argument("--month", type=settings.Month().parse, help="YYYY-MM; by default the last whole month")
    return parser.parse_args(arguments)


def _night(asked: argparse.Namespace) -> int:
    options = asked.luigi or ["--local-scheduler"]
    before = set(lake().partitions("raw/receipts"))
    code = subprocess.run([sys.executable, "-m", "luigi", "--module", "pipeline", "Nightly", *options], check=False).returncode
    if code:
        return code
    lake().refresh()
    found = _tell()
    cut = [name for name in found.truncated if name not in before]
    if cut:
        print(f"degraded: the account's history wall has cut off {', '.join(cut)}; what was reachable is kept", file=sys.stderr)  # noqa: T201
    return STALE if found.is_stale else DEGRADED if cut else 0


def _tell() -> Status:
    found = read_status(lake(), expected=settings.last_day(), now=settings.now(), limited=settings.pos().limited_history)
    lake().put_state("etl_state.json", found.to_bytes())
    print(tell_status(found))  # noqa: T201
    return found


def _status(_: argparse.Namespace) -> int:
    found = _tell()
    return STALE if found.is_stale or found.gaps else 0


def _explain(asked: argparse.Namespace) -> int:
    objects = _objects(asked.month)
    found = explain(asked.receipt, _read(objects), _catalog(objects), settings.rules())
    print(found.text)  # noqa: T201
    return 0 if found.lines else 1


def _uncovered(asked: argparse.Namespace) -> int:
    objects = _objects(asked.month or settings.default_month())
    print(uncovered(_read(objects), _catalog(objects), settings.rules()).text)  # noqa: T201
    return 0


def _objects(month: date | None) -> list[RawObject]:
    """Raw objects sold in `month`, or all of them."""
    days = days_of(month) if month else [date(2010, 1, 1), settings.last_day()]
    return lake().raw_objects(days[0], days[-1] + timedelta(days=1), None)


def _read(objects: list[RawObject]) -> Iterator[Raw]:
    return (Raw(found.batch, found.key, lake().read_raw(found)) for found in objects)


def _catalog(objects: list[RawObject]) -> Catalog:
    snapshot = catalog_for(max((found.sold for found in objects), default=settings.last_day()))
    return read_catalog(snapshot.name, snapshot.digest() or "")


if __name__ == "__main__":
    sys.exit(main())
