"""One customer erased: no trace in any object or version, unpacked; erased again when fetched
again; no amount changes.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from pipeline import schema
from pipeline.cli import main
from pipeline.load import CUSTOMERS, MONTH_DATASET, STAGING, SUMMARY, Lake, Storage, open_storage
from pipeline.load.layout import file_key
from pipeline.load.parquet import from_bytes
from pipeline.maintenance.erase import (
    erased_entry,
    find_traces,
    pseudonym,
    remove_old_derived,
    unpack,
)
from pipeline.pos.loyverse.personal_data import remove_customers
from pipeline.tasks import Rebuild
from pipeline.tasks.monthly_summary import MonthlyCustomers
from tests.dag.in_process import NOW, InProcessRun, local, save_shop
from tests.dag.test_verify import dates, in_process, receipts_of
from tests.load.faults import FaultyStorage, Killed
from tests.load.invariants import check
from tests.load.seaweed import Server
from tests.load.test_policies import denied, policy
from tests.support.buckets import BUCKET, enter

LATER = NOW + timedelta(days=1)
KEY, CUSTOMER, OTHER = secrets.token_hex(16), str(uuid4()), str(uuid4())


class Erasing:
    """A lake of two runs in which a customer bought, was refused a record, and an owner who wants
    them gone.
    """

    def __init__(self, shop: InProcessRun, monkeypatch: pytest.MonkeyPatch):
        self.shop, self._patch, self.key = shop, monkeypatch, KEY
        monkeypatch.setenv("CUSTOMER_HASH_KEY", self.key)
        self.customer, self.other = CUSTOMER, OTHER
        if shop.storage().uri().startswith("s3://"):
            self.run_days()
        else:
            shop.prepare("named", self.run_days)
        self.sell_until(LATER)

    def run_days(self) -> None:
        for instant in (NOW, LATER):
            self.sell_until(instant)
            assert self.shop.run_nightly() and self.shop.run_nightly(make=self.customers)

    def sell_until(self, instant: datetime) -> None:
        save_shop(self.shop.saved, instant)
        self.name_in(self.shop.saved)
        self.shop.at(instant)

    def customers(self) -> MonthlyCustomers:
        """The table that the reports of later months read."""
        return MonthlyCustomers(month=NOW.date().replace(day=1))

    def name_in(self, folder: Path) -> None:
        """The customer on every second receipt, one of which cannot be read; somebody else on the
        others.
        """
        receipts = sorted(receipts_of(folder), key=lambda receipt: receipt["created_at"])
        for number, receipt in enumerate(receipts):
            receipt["customer_id"] = self.other if number % 2 else self.customer
        receipts[2]["total_money"] = "many"
        (folder / "receipts.json").write_text(json.dumps({"receipts": receipts}))

    @property
    def words(self) -> list[str]:
        return [self.customer, pseudonym(self.customer, self.key.encode())]

    def erase(self, *options: str, storage: Storage | None = None) -> int:
        in_process(self.shop, self._patch, "erase", lambda command: Rebuild(**dates(command)))
        with self.shop.process(storage):
            return main(["erase", "--customer", self.customer, *options])


@pytest.fixture
def erasing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Erasing:
    return Erasing(InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch), monkeypatch)


def versioned(server: Server) -> Callable[[], Storage]:
    """A new place in a bucket that keeps every version."""
    bucket = f"{BUCKET}-{secrets.token_hex(4)}"
    server.client().create_bucket(Bucket=bucket)
    server.client().put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    return lambda: open_storage(f"s3://{bucket}/lake", endpoint=server.endpoint)


def become(role: str, server: Server, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Server:
    """From now on the requests of this process are those of somebody with that role of docs/aws,
    and no other right.
    """
    url = storage.uri().rstrip("/")
    bucket = url.split("/")[2]
    return enter(
        server.user(f"{role}-{bucket}", json.dumps(policy(role, url, bucket))), monkeypatch
    )


def totals(storage: Storage) -> dict[str, object]:
    """What the lake says of every receipt but who bought."""
    lake = Lake(storage, publish_wait=0)
    return {
        name: from_bytes(lake.read("sales", "2026-10", [name])[name]).drop_columns(drop).to_pylist()
        for name, drop in (
            ("receipts", ["customer_id", "raw_partition"]),
            ("sales", []),
            ("payments", []),
        )
    }


def leave_uncommitted(storage: Storage) -> str:
    """What a run that was killed before its manifest leaves: an object of raw that names the
    customer and never counts; its key.
    """
    lake = Lake(storage)
    result = next(
        item
        for item in lake.raw_objects(NOW.date() - timedelta(days=3), NOW.date(), None)
        if CUSTOMER.encode() in lake.read_raw(item)
    )
    left = result.key.replace(result.partition_digest, "0" * 16)
    storage.put(left, storage.get(result.key))
    return left


def committed(storage: Storage) -> set[str]:
    """The raw objects that count."""
    lake = Lake(storage)
    return {
        text["key"]
        for name in lake.partitions("raw/receipts")
        for text in lake.body(lake.newest("raw/receipts", name))["files"].values()
    }


def everywhere(storage: Storage, words: list[str]) -> list[str]:
    """Where the words stand; every object and every version is unpacked here by the test itself."""
    result = [stat.key for stat in storage.list() if holds(stat.key, storage.get(stat.key), words)]
    return result + [
        f"{item.key}@{item.id}"
        for item in storage.old_versions()
        if not item.is_marker and holds(item.key, storage.get_version(item), words)
    ]


def holds(key: str, data: bytes, words: list[str]) -> bool:
    return any(word.encode() in text for text in unpack(key, data) for word in words)


def test_erased_for_good(erasing: Erasing, capsys: pytest.CaptureFixture[str]) -> None:
    storage, words = erasing.shop.storage(), erasing.words
    leave_uncommitted(storage)
    before, held = totals(storage), everywhere(storage, words)
    assert {key.split("/")[0] for key in held} >= {
        "raw",
        "staging",
        "receipts",
        "quarantine",
        "summary",
        "customers",
    }
    keys = {stat.key: stat.etag for stat in storage.list()}
    assert erasing.erase("--dry-run") == 0
    assert "receipts in" in capsys.readouterr().out and keys == {
        stat.key: stat.etag for stat in storage.list()
    }, "nothing was written"

    assert erasing.erase() == 0
    assert everywhere(storage, words) == [] == list(find_traces(storage, words))
    assert {stat.key for stat in storage.list("raw/receipts/")} == committed(storage), (
        "the object that was left over is gone too"
    )
    assert totals(storage) == before
    check(storage, quiet=True)
    assert erasing.shop.verify(deep=True) == []
    named = from_bytes(Lake(storage).read("sales", "2026-10", ["receipts"])["receipts"])[
        "customer_id"
    ].to_pylist()
    assert set(named) == {
        None,
        pseudonym(erasing.other, erasing.key.encode()),
    }, "nobody else is touched"
    assert erasing.shop.run_nightly()
    assert everywhere(storage, words) == []


def test_it_stays_erased_when_raw_is_lost_and_fetched_again(erasing: Erasing) -> None:
    storage, words = erasing.shop.storage(), erasing.words
    assert erasing.erase() == 0
    before = totals(storage)
    for window in ("2026-10-29", "2026-10-30", "2026-10-31"):  # the shop still names the customer
        with erasing.shop.process():
            assert main(["verify", "--refetch", window]) == 0
    assert erasing.shop.run_nightly() and everywhere(storage, words) == []
    assert totals(storage) == before
    assert erasing.erase() == 0
    assert everywhere(storage, words) == []


def tables_that_may_name_a_customer() -> list[str]:
    """Keys of every table with a customer's pseudonym or a verbatim record, and of an export."""
    places = [(STAGING, "2026-10-30"), (MONTH_DATASET, "2026-10")]
    tables = [(*place, dataset) for place in places for dataset in schema.MONTH_TABLES]
    tables += [(SUMMARY, "2026-10", dataset) for dataset in schema.SUMMARY]
    tables += [(CUSTOMERS, "2026-10", schema.CUSTOMERS)]
    naming = {"customer_id", "verbatim"}
    return [
        file_key(dataset, partition, table.name)
        for dataset, partition, table in tables
        if naming & set(table.names())
    ] + ["backoffice/receipts.csv"]


def test_no_older_version_of_a_table_that_may_name_a_customer_stays(seaweed: Server) -> None:
    storage = versioned(seaweed)()
    keys = tables_that_may_name_a_customer()
    assert {key.split("/")[0] for key in keys} >= {
        "staging",
        "receipts",
        "quarantine",
        "summary",
        "customers",
        "backoffice",
    }
    for key in [*keys, "reports/monthly/2026-10/report.md"]:
        storage.put(key, b"names the customer")
        storage.put(key, b"names nobody")
    assert {version.key for version in storage.old_versions()} >= set(keys)
    assert remove_old_derived(storage) == len(keys)
    left = [version.key for version in storage.old_versions() if not version.is_marker]
    assert left == ["reports/monthly/2026-10/report.md"], "counts and sums, no identifiers"
    assert all(storage.get(key) == b"names nobody" for key in keys)


def test_an_erasure_that_is_killed_is_started_again(erasing: Erasing) -> None:
    storage, words, position = erasing.shop.storage(), erasing.words, 1
    before, deaths = totals(storage), 0
    while True:
        faulty = FaultyStorage(storage, position, after=False, commands=("PUT", "DELETE"))
        try:
            code = erasing.erase(storage=faulty)
            break
        except Killed:
            deaths += 1
            position = 3 if position > 12 else position + 1
            assert deaths < 120
            check(storage)
            assert (
                len(Lake(storage).raw_objects(NOW.date() - timedelta(days=3), NOW.date(), None)) > 1
            ), "raw is whole at every instant"
    assert code == 0
    assert deaths > 8
    assert everywhere(storage, words) == []
    assert totals(storage) == before
    check(storage, quiet=True)


def test_the_role_of_maintenance_can_erase_and_that_of_a_run_cannot(
    tmp_path: Path,
    seaweed: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the policies of docs/aws, on a server that checks them, in a bucket that keeps every
    version.
    """
    erasing = Erasing(InProcessRun(tmp_path, versioned(seaweed), monkeypatch), monkeypatch)
    admin = erasing.shop.storage()
    before = totals(admin)
    list(admin.list())  # its client is opened, and stays the administrator's
    bucket = admin.uri().split("/")[2]
    seaweed.client().put_object(Bucket=bucket, Key="somebody/else", Body=CUSTOMER.encode())
    orphan = leave_uncommitted(admin)
    seaweed.client().delete_object(
        Bucket=bucket, Key=f"lake/{orphan}"
    )  # as a person does: the version stays
    assert orphan in {
        version.key for version in admin.old_versions("raw/") if not version.is_marker
    }
    become("run", seaweed, admin, monkeypatch)
    assert erasing.erase() == 2
    assert "grant s3:" in capsys.readouterr().err
    assert everywhere(admin, erasing.words), "old objects and versions still name the customer"
    check(admin)
    carer = become("maintenance", seaweed, admin, monkeypatch).client()
    assert erasing.erase() == 0
    assert everywhere(admin, erasing.words) == []
    assert totals(admin) == before
    check(admin, quiet=True)
    for ask in (
        lambda: carer.delete_object(Bucket=bucket, Key="somebody/else"),
        lambda: carer.get_object(Bucket=bucket, Key="somebody/else"),
        lambda: carer.list_object_versions(Bucket=bucket),
        lambda: carer.delete_bucket(Bucket=bucket),
    ):
        assert denied(ask)


def test_without_the_key_nothing_is_erased_and_nothing_fetched(
    erasing: Erasing,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("CUSTOMER_HASH_KEY")
    assert erasing.erase() == 2
    assert "set CUSTOMER_HASH_KEY" in capsys.readouterr().err
    monkeypatch.setenv("CUSTOMER_HASH_KEY", erasing.key)
    assert erasing.erase() == 0
    for key in (None, secrets.token_hex(16)):
        (
            monkeypatch.setenv("CUSTOMER_HASH_KEY", key)
            if key
            else monkeypatch.delenv("CUSTOMER_HASH_KEY")
        )
        save_shop(erasing.shop.saved, LATER + timedelta(days=1))
        assert not erasing.shop.at(LATER + timedelta(days=1)).run_nightly()
        assert "holds customers hashed with the key" in caplog.text
        assert everywhere(erasing.shop.storage(), erasing.words) == []


@pytest.mark.parametrize(
    ("line", "cleaned"),
    [
        (b'{"a":1,"customer_id":"c1","b":2}', b'{"a":1,"customer_id":null,"b":2}'),
        (b'{"customer_id" :  "c\\u0031","x":NaN', b'{"customer_id" :  null,"x":NaN'),
        (b'{"customer_id":"c10"}', b'{"customer_id":"c10"}'),
        (b'{"customer_id":null,"note":"c1"}', b'{"customer_id":null,"note":"c1"}'),
        (b'{"note":"\\"customer_id\\":\\"c1\\""}', b'{"note":"\\"customer_id\\":\\"c1\\""}'),
    ],
)
def test_a_record_is_verbatim_but_for_the_name(line: bytes, cleaned: bytes) -> None:
    assert remove_customers(line, lambda named: named == "c1") == cleaned


def test_the_list_of_the_erased_names_no_customer() -> None:
    key = secrets.token_bytes(16)
    assert erased_entry("c1", key) != pseudonym("c1", key)
    assert erased_entry("c1", key) != erased_entry("c2", key)
