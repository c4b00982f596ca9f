"""The requests of a run to the storage, counted: planning is a few listings, nothing is requested
twice, an object costs a request or two.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from luigi.task import flatten

from pipeline.cli.status import current_status
from pipeline.load import DATASETS, MONTH_DATASET, MONTHLY, SUMMARY, Lake, Storage
from pipeline.load.layout import parse_manifest
from pipeline.status.read import Status
from pipeline.targets import DerivedTask
from pipeline.tasks import CumulativeReport, DailySales, MonthlyCustomers, MonthlyReport, Nightly
from tests.dag.in_process import FIRST, LAST, NOW, InProcessRun, local, save_shop
from tests.load.faults import FaultyStorage
from tests.support.runner import Runner

DAY_LATER = NOW + timedelta(days=1)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcessRun:
    """Its first run has ended."""
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    assert shop.run_nightly()
    return shop


def counting(storage: Storage) -> FaultyStorage:
    """Passes all requests, and lists them in `made`."""
    return FaultyStorage(storage, 1 << 60, after=False)


def asked(shop: InProcessRun, **kwargs: object) -> list[tuple[str, str]]:
    """(verb, key) of each request of a run."""
    storage = counting(shop.storage())
    assert shop.run_nightly(storage, **kwargs)
    return [tuple(one.split(" ", 1)) for one in storage.made]


def cancel_one(shop: InProcessRun) -> None:
    """Cancel a sale of the first day, after the first run."""
    path = shop.saved / "receipts.json"
    receipts = json.loads(path.read_text())["receipts"]
    sale = next(
        one
        for one in receipts
        if one["receipt_type"] == "SALE"
        and not one["cancelled_at"]
        and one["receipt_date"][:10] == str(FIRST)
    )
    sale["cancelled_at"] = sale["updated_at"] = f"{NOW + timedelta(hours=3):%Y-%m-%dT%H:%M:%S.000Z}"
    path.write_text(json.dumps({"receipts": receipts}))


def test_nothing_to_do_costs_the_listings(shop: InProcessRun) -> None:
    assert Counter(command_name for command_name, _ in asked(shop)) == {"LIST": 3, "GET": 1}, (
        "manifests, the POS's exports, the owner's inputs; the state that the last run has noted"
    )
    month = FIRST.replace(day=1)
    assert Counter(
        command_name for command_name, _ in asked(shop, make=lambda: MonthlyReport(month=month))
    ) == {"LIST": 4}


LABOUR = b"date,store,hours,wages\n2026-10-30,Centro,10,1000.00\n"


@pytest.mark.parametrize("change", ["nothing", "export", "labour", "locale", "menu", "damage"])
def test_what_a_run_depends_on_makes_it_due_again(shop: InProcessRun, change: str) -> None:
    if change == "export":
        shop.storage().put("backoffice/sales.csv", b"Date,Receipt number\n")
    elif change == "labour":
        shop.storage().put("inputs/labour.csv", LABOUR)
    elif change == "locale":
        shop.options["report"] = {"locale": "es_MX"}
    elif change == "menu":
        menu = shop.folder / "menu.toml"
        menu.write_text(Path("config/menu.toml").read_text("utf-8").replace('"5-12"', '"6-12"'))
        shop.options["shop"] = {"menu": str(menu)}
    elif change == "damage":
        Lake(shop.storage()).invalidate(MONTHLY, f"{FIRST:%Y-%m}", "damaged")
    with shop.process():
        assert Nightly().complete() == (change == "nothing")


_IDLE = """
import atexit, gc, sys
from luigi.cmdline import luigi_run

atexit.register(lambda: print("IMPORTED", *sys.modules))
atexit.register(lambda: print("FROZEN", gc.get_freeze_count()))
luigi_run(sys.argv[1:])
"""
HEAVY = {"numpy", "pyarrow", "duckdb", "pandas", "matplotlib", "boto3", "jinja2"}
SLOW = {"email.policy", "babel.numbers"}


def run_and_list_imports(shop: InProcessRun, *words: str) -> tuple[str, dict[str, list[str]]]:
    """What a run of Luigi has logged, and what it has imported and frozen."""
    runner = Runner(shop.folder, shop.options)
    done = subprocess.run(
        [sys.executable, "-c", _IDLE, *runner.command(*words)[3:]],
        cwd=shop.folder,
        env=runner.env(),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr, {
        line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line
    }


def test_nothing_to_do_imports_nothing_that_builds(shop: InProcessRun) -> None:
    log, lines = run_and_list_imports(shop, "Nightly")
    assert "Did not run any tasks" in log
    assert "pipeline.tasks.nightly" in lines["IMPORTED"]
    assert (HEAVY | SLOW) & set(lines["IMPORTED"]) == set()
    assert int(lines["FROZEN"][0]), "the collector passes over Luigi's modules"


def test_a_run_that_draws_a_report_freezes_what_it_imports(shop: InProcessRun) -> None:
    _, idle = run_and_list_imports(shop, "Nightly")
    shop.options["report"] = {"locale": "es_MX"}
    log, drawn = run_and_list_imports(shop, "MonthlyReport", "--month", f"{FIRST:%Y-%m}")
    assert "1 ran successfully" in log and {"matplotlib", "duckdb"} <= set(drawn["IMPORTED"])
    assert int(drawn["FROZEN"][0]) > 2 * int(idle["FROZEN"][0])
    assert "leaked" not in log, "DuckDB was imported before gc.freeze()"


def test_lake_and_summaries_are_built_without_pandas(shop: InProcessRun) -> None:
    """Its import takes half a second of each process, and 35 MB."""
    for stat in list(shop.storage().list()):
        if stat.key.startswith(("_manifests/s", "_commits/s")):  # staging, sales, summary
            shop.storage().remove(stat.key)
    log, lines = run_and_list_imports(shop, "MonthlySummary", "--month", f"{FIRST:%Y-%m}")
    assert "DailySales" in log and "done     MonthlySummary" in log
    assert "pyarrow" in lines["IMPORTED"]
    assert {"pandas", "matplotlib"} & set(lines["IMPORTED"]) == set()


def test_a_late_receipt_costs_a_few_listings_and_what_is_really_rewritten(
    shop: InProcessRun,
) -> None:
    cancel_one(shop)
    before = {stat.key: stat.etag for stat in shop.storage().list()}
    made = asked(shop.at(DAY_LATER))
    written = {stat.key for stat in shop.storage().list() if before.get(stat.key) != stat.etag}
    assert any(key.startswith(f"staging/day={FIRST}/") for key in written), (
        "the cancelled receipt has its day rebuilt"
    )
    by_verb = {
        command_name: Counter(key for of, key in made if of == command_name)
        for command_name in ("LIST", "HEAD", "GET", "PUT")
    }
    assert by_verb["LIST"].total() <= 8, (
        "manifests, raw, exports, inputs, commit records of windows; who was erased, before each of"
        " fetch and rescan; unchanged summaries"
    )
    pages = {"reports/index.html"}
    assert {key for key, count in by_verb["PUT"].items() if count > 1} <= pages, (
        "an object costs one PUT"
    )
    assert set(by_verb["PUT"]) == written, "and only what is other than it was"
    assert {key for key, count in by_verb["GET"].items() if count > 1} <= pages, (
        "nothing is read twice"
    )
    assert {key for key, count in by_verb["HEAD"].items() if count > 1} <= pages
    puts = {key: place for place, (command_name, key) in enumerate(made) if command_name == "PUT"}
    again = {
        key
        for place, (command_name, key) in enumerate(made)
        if command_name == "GET"
        and place > puts.get(key, len(made))
        and not key.startswith(("raw/", "state/"))
    } - pages
    assert not again, "what this run has built is not read back"
    unchanged = {
        key
        for _, body in manifests(shop, written)
        for key in (said["key"] for said in body["files"].values())
        if key not in written
    }
    assert set(by_verb["HEAD"]) <= unchanged | pages, (
        "looked at is what was published again to the same content"
    )


def test_a_status_is_the_same_from_months_and_from_the_last_one(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shop.saved / "receipts.json"
    receipts = json.loads(path.read_text())["receipts"]
    receipts[0] |= {"total_money": "much", "updated_at": f"{NOW + timedelta(hours=3):%FT%T}.000Z"}
    path.write_text(json.dumps({"receipts": receipts}))
    assert shop.at(DAY_LATER).run_nightly()
    status, made = read_counted(shop)
    assert status.quarantined_records and status.quarantined and len(status.windows) == 3
    days = [key for _, key in made if key.startswith(("_manifests/raw/receipts/", "staging/"))]
    assert len(days) == 1, "the last window, for its end"
    shop.storage().remove("state/etl_state.json")
    monkeypatch.setattr("pipeline.status.recent_days._LARGE", 0)
    again, made = read_counted(shop)
    assert again == status
    read = Counter(key.split("/")[0] for verb, key in made if verb == "GET")
    assert read["staging"] == 2, "one object for a day with records, and none of a month"


def test_a_summary_is_read_without_its_manifest_only_where_the_digests_are_its_own(
    shop: InProcessRun,
) -> None:
    month = "2026-10"
    read_alone = [("GET", "summary/_tables/year=2026/month=10/tables.arrow.zst")]
    sound, made = read_summary(shop, month)
    assert [request for request in made if request[1].startswith(("summary/", "_m"))] == read_alone
    for text in (
        b"",
        b"[]",
        b"{",
        b'{"summaries": {"2026-10": {"tables": 1}}}',
        altered_digests(shop),
    ):
        shop.storage().put("state/run.json", text)
        read, made = read_summary(shop, month)
        assert read == sound
        assert any(key.startswith("_manifests/summary/") for _, key in made)


def altered_digests(shop: InProcessRun) -> bytes:
    """The noted digests of summaries, with another for the tables."""
    state = json.loads(shop.storage().get("state/run.json"))
    months = state["summaries"].items()
    state["summaries"] = {month: {**files, "tables": "0" * 64} for month, files in months}
    return json.dumps(state).encode()


def read_summary(shop: InProcessRun, month: str) -> tuple[bytes, list[tuple[str, str]]]:
    """The tables of a month's summary, and the requests that they take."""
    storage = counting(shop.storage())
    tables = Lake(storage).read(SUMMARY, month, ["tables"])["tables"]
    return tables, [tuple(one.split(" ", 1)) for one in storage.made if not one.startswith("LIST")]


def read_counted(shop: InProcessRun) -> tuple[Status, list[tuple[str, str]]]:
    """The status of the shop's lake, and the requests that it takes."""
    storage = counting(shop.storage())
    with shop.process(storage):
        status = current_status()
    return status, [tuple(one.split(" ", 1)) for one in storage.made]


def manifests(shop: InProcessRun, written: set[str]) -> list[tuple[str, dict]]:
    lake = Lake(shop.storage())
    return [(key, lake.body(found)) for key in written if (found := parse_manifest(key))]


def test_a_partition_is_rebuilt_only_when_its_inputs_have_changed(
    shop: InProcessRun,
) -> None:
    """Five runs into the next month: the days of an open month touch no report but those that are
    made of them.
    """
    for days in range(1, 5):
        later = NOW + timedelta(days=days)
        save_shop(shop.saved, later)
        assert shop.at(later).run_nightly()
    lake = Lake(shop.storage())
    assert lake.newest(MONTHLY, "2026-11").number > 1
    for dataset in DATASETS:
        for name in lake.partitions(dataset):
            made_of = [
                lake.metadata(dataset, name, one).get("inputs")
                for one in lake.manifests_of(dataset, name)
            ]
            assert all(before != after for before, after in pairwise(made_of)), (
                f"{dataset} {name} was made again of the same"
            )


def test_upstream_names_every_dataset_that_a_fingerprint_depends_on(shop: InProcessRun) -> None:
    """A fingerprint is remembered while nothing is published there: what is left out would be
    remembered for too long.
    """
    with shop.process():
        month = FIRST.replace(day=1)
        asked = [
            MonthlyReport(month=month),
            CumulativeReport(month=month),
            MonthlyCustomers(month=month),
            Nightly(),
        ]
        while asked:
            task = asked.pop()
            below = flatten(task.requires())
            asked += [one for one in below if isinstance(one, DerivedTask)]
            for one in below:
                assert {one.dataset, *getattr(one, "fingerprint_datasets", ())} <= set(
                    task.fingerprint_datasets
                ), f"{task} follows from {one}"


def test_a_fingerprint_is_computed_once_while_nothing_changes(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publication changes the fingerprints downstream of it and no other: else a run over three
    years looks at each day for each report.
    """
    looked: Counter[str] = Counter()
    look = DailySales.inputs
    monkeypatch.setattr(DailySales, "inputs", lambda task: looked.update([task.name]) or look(task))
    save_shop(shop.saved, DAY_LATER)
    assert shop.at(DAY_LATER).run_nightly()
    assert looked[str(FIRST)] <= 2, (
        "when planned, and when a window has come; never for what its own downstream publishes"
    )


def test_a_day_without_records_costs_no_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    shop.options["pos"]["history_starts"] = "2026-10-26"
    assert shop.run_nightly()
    objects = [stat.key for stat in shop.storage().list("staging/")]
    assert objects == [f"staging/day={day}/day.arrow.zst" for day in (FIRST, LAST)]
    counts = Lake(shop.storage()).metadata(MONTH_DATASET, f"{FIRST:%Y-%m}")["counts"]
    records = {day: day_counts["received"] for day, day_counts in counts.items()}
    assert sorted(records) == [f"2026-10-{day}" for day in range(26, 31)]
    assert {day for day, count in records.items() if count} == {str(FIRST), str(LAST)}
    assert shop.verify(deep=True) == []
    status, _ = read_counted(shop)
    monkeypatch.setattr("pipeline.status.recent_days._LARGE", 0)
    shop.storage().remove("state/etl_state.json")
    assert read_counted(shop)[0] == status, "from its days as from its month"
