"""Verify, Rebuild, Erase: damage is named, what can be rebuilt is rebuilt, and an erased customer
stays erased.
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pyarrow.compute as pc
import pytest

from pipeline.errors import StorageRefused
from pipeline.load import INVALIDATED, MONTH_DATASET, Lake
from pipeline.load.layout import parse_manifest
from pipeline.load.local import LocalStorage
from tests.dag.in_process import (
    FIRST,
    NOW,
    InProcessRun,
    content,
    days_later,
    local,
    save_shop,
    work,
)
from tests.load.invariants import check
from tests.support.runner import ROOT, Runner


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcessRun:
    """A lake of two runs."""
    return InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch).after(2)


def some(shop: InProcessRun, pattern: str) -> Path:
    """The largest object of that name."""
    return max((shop.folder / "lake").glob(pattern), key=lambda path: path.stat().st_size)


def flip(path: Path, position: int) -> None:
    body = bytearray(path.read_bytes())
    body[position] ^= 1
    path.write_bytes(body)


def test_an_undamaged_lake_has_no_finding_and_is_not_written(shop: InProcessRun) -> None:
    before = content(shop.storage())
    assert shop.verify(deep=True, repair=True) == []
    assert content(shop.storage()) == before


def test_verify_leaves_no_worker_of_pyarrow_that_could_abort_the_end(shop: InProcessRun) -> None:
    """A worker that takes the interpreter's lock while it ends aborts the process: exit code 134."""
    program = """if True:
        import os, sys
        import duckdb, pandas, pyarrow.parquet
        from pipeline.maintenance import EVERYTHING
        from pipeline.maintenance.reconcile import reconcile
        from pipeline.maintenance.audit import audit
        from pipeline.load import Lake, open_storage
        before = os.listdir("/proc/self/task")
        lake = Lake(open_storage(sys.argv[1]))
        assert [*audit(lake, EVERYTHING), *reconcile(lake, EVERYTHING)] == []
        assert os.listdir("/proc/self/task") == before, "a thread has outlived the work"
    """
    lake = str(shop.folder / "lake")
    subprocess.run([sys.executable, "-c", program, lake], check=True, timeout=120)


@pytest.mark.parametrize(
    "pattern",
    [
        "staging/day=2026-10-30/day.arrow.zst",
        "receipts/*/*/*.parquet",
        "summary/days/*/*/*.parquet",
        "reports/monthly/2026-10/report.html",
        "quarantine/*/*/*.parquet",
    ],
)
def test_a_flipped_byte_is_found_and_repaired(shop: InProcessRun, pattern: str) -> None:
    path = some(shop, pattern)
    sound, before = path.read_bytes(), content(shop.storage())
    for position in range(0, len(sound), max(1000, len(sound) // 4)):
        flip(path, position)
        result = shop.verify()
        assert [str(path)] == [item.location for item in result]
        assert result[0].repairable
        assert "the next run builds it again" in result[0].remedy
        path.write_bytes(sound)
    flip(path, len(sound) // 2)
    assert shop.verify(repair=True)
    assert shop.run_nightly()
    assert path.read_bytes() == sound
    assert shop.verify() == []
    check(shop.storage(), quiet=True)
    assert data(content(shop.storage())) == data(before)


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-7]),
        lambda path: path.write_bytes(b""),
    ],
    ids=["deleted", "cut", "empty"],
)
def test_a_lost_partition_is_rebuilt_the_same(
    shop: InProcessRun, harm: Callable[[Path], None]
) -> None:
    path = some(shop, "sales/*/*/*.parquet")
    sound = path.read_bytes()
    harm(path)
    result = shop.verify(repair=True)
    assert [item.location for item in result] == [str(path)]
    assert shop.run_nightly()
    assert path.read_bytes() == sound
    assert shop.verify(deep=True) == []


@pytest.mark.parametrize(
    "harm",
    [lambda path: path.unlink(), lambda path: flip(path, path.stat().st_size // 2)],
    ids=["deleted", "flipped"],
)
def test_damaged_raw_is_named_and_never_repaired(
    shop: InProcessRun, harm: Callable[[Path], None]
) -> None:
    path = some(shop, "raw/receipts/*/*.zst")
    window, sound = path.name.partition(".")[0], path.read_bytes()
    harm(path)
    result = shop.verify(repair=True)
    assert [item.location for item in result] == [str(path)]
    assert not result[0].repairable
    assert "restore the version that was committed" in result[0].remedy
    assert f"--refetch {Lake(shop.storage()).windows()[window].partition}" in result[0].remedy
    path.write_bytes(sound)
    assert shop.verify(deep=True) == []


def test_what_is_foreign_is_named_and_left_alone(shop: InProcessRun) -> None:
    lake = shop.folder / "lake"
    strays = [
        lake / "receipts/year=2026/month=10/data (1).parquet",
        lake / "notes.txt",
        lake / "staging/day=2026-10-30/old.parquet",
        lake / "_manifests/sales/2026-10/copy-of-000001.json",
    ]
    for path in strays:
        path.write_bytes(b"PAR1")
    result = shop.verify(repair=True)
    assert {str(path) for path in strays} <= {item.location for item in result}
    assert all(path.exists() for path in strays)
    assert not any(item.repairable for item in result)
    assert any("is not a manifest of the lake" in item.what for item in result), (
        "nothing is published beside an unknown manifest"
    )


def test_the_labour_file_of_the_owner_is_known_and_a_misspelt_one_is_not(
    shop: InProcessRun,
) -> None:
    inputs = shop.folder / "lake/inputs"
    inputs.mkdir()
    (inputs / "labour.csv").write_text("date,store,hours,wages\n")
    assert shop.verify() == []
    (inputs / "labor.csv").write_text("date,store,hours,wages\n")
    assert [item.location for item in shop.verify()] == [str(inputs / "labor.csv")]


def test_an_altered_file_is_read_several_times_and_logged_once(
    shop: InProcessRun, caplog: pytest.LogCaptureFixture
) -> None:
    flip(some(shop, "sales/*/*/*.parquet"), 50)
    assert len(shop.verify()) == 1
    assert caplog.text.count("reading it again") == 1
    assert "is not what manifest" in caplog.text


def test_a_gap_in_a_log_and_an_altered_manifest_are_named(shop: InProcessRun) -> None:
    log = sorted((shop.folder / "lake/_manifests/sales/2026-10").iterdir())
    assert len(log) == 2, "the second run has rebuilt the month"
    first = log[0].read_bytes()
    log[0].unlink()
    assert "manifest 000001 is missing" in shop.verify()[0].what
    log[0].write_bytes(first.replace(b'"counted": ', b'"counted": 1'))
    assert "differs from its commit record" in shop.verify()[0].what
    log[0].write_bytes(first)
    assert shop.verify() == []


def published_otherwise(
    shop: InProcessRun,
    dataset: str,
    partition: str,
    change: Callable[[dict[str, bytes]], dict[str, bytes]],
) -> None:
    """Publish other content under the partition's fingerprint, as a defect would: every digest is
    right.
    """
    lake = Lake(shop.storage(), "defect", publish_wait=0)
    newest = lake.newest(dataset, partition)
    files = change(lake.read(dataset, partition))
    lake.publish(
        dataset,
        partition,
        newest.fingerprint,
        files,
        lake.metadata(dataset, partition),
        expected_manifest=newest,
    )


def lose_a_payment(files: dict[str, bytes]) -> dict[str, bytes]:
    from pipeline.load.parquet import from_bytes, to_bytes

    payments = from_bytes(files["payments"]).slice(1)
    order = ("business_day", "receipt_number", "payment")
    return {**files, "payments": to_bytes(payments, order)}


def test_content_that_its_inputs_do_not_give_is_found_by_verify_deep(shop: InProcessRun) -> None:
    before = content(shop.storage())["payments/year=2026/month=10/payments.parquet"]
    published_otherwise(shop, MONTH_DATASET, "2026-10", lose_a_payment)
    result = shop.verify()
    assert len(result) == 1
    assert "its payments do not add up" in result[0].what
    assert "receipt " in result[0].what
    result = shop.verify(deep=True, repair=True)
    assert "differs from what its inputs give" in result[-1].what
    assert shop.run_nightly()
    assert shop.verify(deep=True) == []
    assert content(shop.storage())["payments/year=2026/month=10/payments.parquet"] == before


def test_a_month_that_is_not_its_days_and_a_summary_that_is_not_its_month(
    shop: InProcessRun,
) -> None:
    from pipeline.load.parquet import from_bytes, to_bytes

    def lose_a_receipt(files: dict[str, bytes]) -> dict[str, bytes]:
        tables = {name: from_bytes(body) for name, body in files.items()}
        number = tables["receipts"]["receipt_number"][0]
        kept = {
            name: table.filter(pc.not_equal(table["receipt_number"], number))
            for name, table in tables.items()
        }
        return {name: to_bytes(table) for name, table in kept.items()}

    published_otherwise(shop, MONTH_DATASET, "2026-10", lose_a_receipt)
    whats = [item.what for item in shop.verify()]
    assert any("were received" in what for what in whats)
    assert any("differs from staging/" in what for what in whats)


def test_verify_by_luigi_and_by_hand(
    shop: InProcessRun, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.cli import main
    from pipeline.tasks import Verify

    assert shop.run_nightly(make=lambda: Verify(deep=True))
    flip(some(shop, "sales/*/*/*.parquet"), 50)
    assert not shop.run_nightly(make=Verify)
    with shop.process():
        assert main(["verify"]) == 1
    text = capsys.readouterr().out
    assert "WRONG" in text
    assert "sales.parquet: is not what its manifest says" in text
    assert "note   the sums of 2026-10: not checked" in text
    assert "partitions checked, problems: 1" in text
    with shop.process():
        assert main(["verify", "--from", "2026-11"]) == 0
        assert main(["verify", "--repair"]) == 1
    assert "restored or invalidated: sales 2026-10; run: pos run\n" in capsys.readouterr().out
    assert shop.run_nightly()
    with shop.process():
        assert main(["verify", "--deep"]) == 0
        assert main(["verify", "--refetch", "2026-10-30"]) == 0
    assert "run: pos run\n" in capsys.readouterr().out
    assert shop.run_nightly()
    assert shop.verify() == []


def test_months_in_the_wrong_order_are_refused(
    shop: InProcessRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty period has nothing to check or rebuild: it would be reported as without problems."""
    from pipeline.cli import main
    from pipeline.tasks import Backfill, Rebuild

    for command in ("verify", "rebuild"):
        with shop.process():
            assert main([command, "--from", "2026-11", "--to", "2026-10"]) == 2
        assert "2026-11 to 2026-10 is not a period" in capsys.readouterr().err
    november, october = NOW.date().replace(month=11, day=1), NOW.date().replace(day=1)
    assert not shop.run_nightly(make=lambda: Rebuild(first=november, last=october))
    assert not shop.run_nightly(make=lambda: Backfill(first=november, last=october))


def test_status_of_a_user_who_may_only_read(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.cli import main

    def refuse(*_: object) -> None:
        raise StorageRefused("cannot write there: permission is denied")

    monkeypatch.setattr(LocalStorage, "_write", refuse)
    with shop.at(days_later(1)).process():
        assert main(["status"]) == 0
    output = capsys.readouterr()
    assert "last window      2026-10-31" in output.out
    assert "state/etl_state.json is not updated: cannot write there" in output.err


def test_rebuild_from_raw_alone_ends_the_same(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.cli import main
    from pipeline.tasks import Rebuild

    before, final = content(shop.storage()), check(shop.storage(), quiet=True)
    with shop.process():
        assert main(["rebuild", "--from", "2026-10", "--to", "2026-10", "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert "staging    2026-10-29" in text
    assert "sales      2026-10" in text
    assert " bytes" in text
    assert content(shop.storage()) == before, "nothing was written"
    (shop.saved / "receipts.json").unlink()
    ran = in_process(shop, monkeypatch, "rebuild", lambda command: Rebuild(**dates(command)))
    with shop.process():
        assert main(["rebuild", "--from", "2026-10", "--to", "2026-10"]) == 0
    text = capsys.readouterr().out
    assert ran == ["Rebuild"]
    assert "is different" not in text
    assert text.count("as before") == text.count("\n") >= 5
    after = content(shop.storage())
    assert data(after) == data(before), "nothing is different"
    check(shop.storage(), final, quiet=True)
    assert [
        m.fingerprint == INVALIDATED
        for m in Lake(shop.storage()).manifests_of(MONTH_DATASET, "2026-10")
    ][-2:] == [
        True,
        False,
    ]


def test_the_commands_of_the_docs(luigi: Runner) -> None:
    """As a person types them: each in a process of its own."""
    receipts = save_shop(luigi.folder / "saved", NOW)
    customer = receipts[0]["customer_id"] = receipts[3]["customer_id"] = str(uuid4())
    (luigi.folder / "saved/receipts.json").write_text(json.dumps({"receipts": receipts}))
    luigi.configure(
        "pos",
        source="files",
        folder=luigi.folder / "saved",
        history_starts=FIRST,
        allowed_lateness_days=1,
        now=NOW.isoformat(),
    )
    luigi.environment["CUSTOMER_HASH_KEY"] = secrets.token_hex(16)
    luigi("MonthlySummary", "--month", "2026-10")
    code, text = luigi.pos("erase", "--customer", customer)
    assert code == 0 and re.search(r"raw: [12] windows rewritten without", text), text
    luigi("Verify", "--deep", "--first", "2026-10")


def data(result: dict[str, str]) -> dict[str, str]:
    return {
        key: digest
        for key, digest in result.items()
        if not parse_manifest(key) and not key.startswith("_commits/")
    }


def dates(words: tuple[str, ...]) -> dict[str, object]:
    from pipeline import settings

    options = dict(zip(words[1::2], words[2::2], strict=False))
    return {
        name: settings.MonthParameter(default=None).parse(options[f"--{name}"])
        for name in ("first", "last", "month")
        if f"--{name}" in options
    }


def in_process(
    shop: InProcessRun,
    monkeypatch: pytest.MonkeyPatch,
    command_name: str,
    make: Callable[[tuple[str, ...]], object],
) -> list[str]:
    """What the command would start as processes runs here; returns the families that ran."""
    ran: list[str] = []

    def run_luigi(*words: str) -> int:
        ran.append(words[0])
        return 0 if work(make(words)) else 30

    monkeypatch.setattr(f"pipeline.cli.{command_name}.run_luigi", run_luigi)
    return ran


def receipts_of(folder: Path) -> list[dict]:
    return json.loads((folder / "receipts.json").read_text())["receipts"]


def test_the_lifecycle_of_the_docs_deletes_nothing_that_counts() -> None:
    """An expiry of current objects would damage raw; a class that must be thawed would stop the
    run.
    """
    rules = json.loads((ROOT / "docs/aws/lifecycle.json").read_text(encoding="utf-8"))["Rules"]
    assert {rule["Filter"]["Prefix"] for rule in rules if "Expiration" in rule} <= {
        "PREFIX/_probe/"
    }
    assert {step["StorageClass"] for rule in rules for step in rule.get("Transitions", ())} <= {
        "GLACIER_IR",
        "STANDARD_IA",
        "INTELLIGENT_TIERING",
    }
    assert any(rule.get("NoncurrentVersionExpiration") for rule in rules)
