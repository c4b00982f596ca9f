"""Runs in this process: a small shop of saved receipts, a lake anywhere, and figures that are
worked out once.

The tasks, their scheduler, the extraction, the lake and its requests are the real ones. What is
pure (the build of a day, a month's summary, the drawing of a report) is remembered by what goes in,
so that a test with a hundred runs draws each report once; and of a report's files three
are published, as the others only travel the same way. A run has no memory of the one before, as
another process has none.
"""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

import luigi
import pytest
from luigi.task_register import Register

import reports
from pipeline import lakes, settings, summarize, transform
from pipeline.load import Lake, Storage, open_storage
from pipeline.maintenance import EVERYTHING, LakeFinding
from pipeline.simulator import Query, Shop
from pipeline.simulator.ids import millis
from pipeline.tasks import Nightly, maintenance

FIRST, LAST = date(2026, 10, 29), date(2026, 10, 30)
NOW = datetime(2026, 10, 31, 12, tzinfo=UTC)
PUBLISHED = ("figures.json", "report.md", "report.html")
_known: dict[str, object] = {}
_folder = tempfile.TemporaryDirectory(prefix="lakes-")  # removed when this process ends
_lakes = Path(_folder.name)


def save_shop(folder: Path, until: datetime) -> list[dict]:
    """What a small shop's API shows at `until`, saved as JSON; returns its receipts."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = _shown(until)
    for name, text in shown.items():
        (folder / f"{name}.json").write_text(text)
    receipts: list[dict] = json.loads(shown["receipts"])["receipts"]
    return receipts


@cache
def _shown(until: datetime) -> dict[str, str]:
    """What the small shop's API shows at `until`, as JSON by resource."""
    shop = Shop(opened=date(2026, 10, 20), receipts_per_day=6, stores=1)
    since = datetime(2026, 10, 29, 11, tzinfo=UTC)
    query = Query(created_min=millis(since), created_max=millis(until))
    rows = {"receipts": shop.receipts(millis(until), query)}
    rows |= {
        name: shop.rows(millis(until), name)
        for name in ("items", "stores", "categories", "employees")
    }
    return {
        name: json.dumps({name: [json.loads(row.read()) for row in entries]})
        for name, entries in rows.items()
    }


class InProcessRun:
    """Runs of one shop. `storage` is where the lake is; each run may be given another (a faulty
    one) over it.
    """

    def __init__(
        self, folder: Path, storage: Callable[[], Storage], monkeypatch: pytest.MonkeyPatch
    ):
        self.folder, self.storage, self._patch = folder, storage, monkeypatch
        self.saved = folder / "saved"
        self.receipts = save_shop(self.saved, NOW)
        self.options = {
            "pos": {
                "source": "files",
                "folder": str(self.saved),
                "history_starts": str(FIRST),
                "allowed_lateness_days": "1",
                "state_folder": str(folder / "state"),
                "now": NOW.isoformat(),
            },
            "lake": {"url": str(folder / "lake")},
            "engine": {"workers": "1"},
            "worker": {"no_install_shutdown_handler": "true", "ping_interval": "600"},
        }
        for module, name in ((transform, "build_days"), (summarize, "summarize")):
            monkeypatch.setattr(module, name, remembered(name, getattr(module, name)))
        for place in ("pdf.pdf", "workbook.workbook"):  # neither is published
            monkeypatch.setattr(f"reports.render.{place}", lambda *_: b"")
        monkeypatch.setattr(
            "reports.charts.draw", lambda charts, _: {name: b"<svg></svg>" for name, _ in charts}
        )
        index = reports.index
        monkeypatch.setattr(reports, "index", remembered("index", index))
        for name in ("monthly", "cumulative"):
            monkeypatch.setattr(
                reports,
                name,
                some_files(remembered(name, getattr(reports, name))),
            )

    def after(self, days: int) -> InProcessRun:
        """`runs` runs have ended on the lake of a folder."""

        def run_days() -> None:
            for day in range(days):
                save_shop(self.saved, days_later(day))
                assert self.at(days_later(day)).run_nightly()

        self.prepare(f"after-{days}", run_days)
        save_shop(self.saved, days_later(days - 1))
        return self.at(days_later(days - 1))

    def prepare(self, name: str, build: Callable[[], None]) -> None:
        """Let `build` make the lake of a folder: once in this process, then it is copied."""
        lake, prepared = Path(self.storage().uri()), _lakes / name
        if prepared.exists():
            shutil.copytree(prepared, lake)
        else:
            build()
            shutil.copytree(lake, prepared)

    def at(self, instant: datetime) -> InProcessRun:
        self.options["pos"]["now"] = instant.isoformat()
        return self

    def run_nightly(
        self, storage: Storage | None = None, make: Callable[[], luigi.Task] = Nightly
    ) -> bool:
        """One run to the end (True: all went well) or to whatever is raised in it."""
        with self.process(storage):
            return work(make())

    def verify(self, *, deep: bool = False, repair: bool = False) -> list[LakeFinding]:
        """What a look at the lake finds wrong."""
        with self.process():
            found = [
                part for part in maintenance.find_damage(EVERYTHING, deep=deep) if part.is_wrong
            ]
            if repair:
                maintenance.repair(found)
            return found

    @contextmanager
    def process(self, storage: Storage | None = None) -> Iterator[None]:
        """What one process knows: its settings, its lake, nothing of another's."""
        forget()
        with configured(self.options):
            settings.install_guards()
            self._patch.setattr(lakes, "open_storage", lambda *_, **__: storage or self.storage())
            self._patch.setattr(lakes, "Lake", partial(Lake, publish_wait=0))
            # Lakes in several places share one URL here, so that each new one would look vanished.
            self._patch.setattr(lakes.local_state, "check_still_there", lambda _: None)
            try:
                yield
            finally:
                forget()


def remembered(name: str, work: Callable) -> Callable:
    """`work`, done once for the same arguments in all tests of this process."""

    def worked(*arguments: object, **named: object) -> object:
        arguments = tuple(list(one) if isinstance(one, Iterator) else one for one in arguments)
        said = {key: value for key, value in named.items() if key not in ("memory_limit", "spill")}
        known = sha256(pickle.dumps((name, arguments, said))).hexdigest()
        if known not in _known:
            _known[known] = work(*arguments, **named)
        return _known[known]

    return worked


def some_files(draw: Callable[..., dict[str, bytes]]) -> Callable[..., dict[str, bytes]]:
    def drawn(*arguments: object, **named: object) -> dict[str, bytes]:
        files = draw(*arguments, **named)
        return {name: files[name] for name in PUBLISHED}

    return drawn


def work(task: luigi.Task) -> bool:
    """Whether the task and all that it needs went well, in a scheduler of its own."""
    with luigi.worker.Worker(scheduler=luigi.scheduler.Scheduler(), worker_processes=1) as worker:
        return worker.add(task) and worker.run()


@contextmanager
def configured(options: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Luigi's configuration with `options` over it."""
    parser = luigi.configuration.get_config()
    before = {
        (section, name): parser.get(section, name, None)
        for section, values in options.items()
        for name in values
    }
    for section, values in options.items():
        for name, value in values.items():
            parser.set(section, name, value)
    try:
        yield
    finally:
        for (section, name), value in before.items():
            if value is None:
                parser.remove_option(section, name)
            else:
                parser.set(section, name, value)


def forget() -> None:
    """What a process that begins does not know."""
    settings.new_run()
    Register.clear_instance_cache()


def content(storage: Storage) -> dict[str, str]:
    """All that a lake says, without who said it when: a manifest by its name, everything else by
    its bytes; but for what is derived for people and written last.
    """
    return {
        stat.key: (
            ""
            if stat.key.startswith(("_manifests/", "_commits/"))
            else sha256(storage.get(stat.key)).hexdigest()
        )
        for stat in storage.list()
        if not stat.key.startswith("state/")
    }


def local(folder: Path) -> Callable[[], Storage]:
    return lambda: open_storage(str(folder))


def days_later(days: int) -> datetime:
    return NOW + timedelta(days=days)
