"""Three years of history: what it costs to find that there is nothing to do, counted in requests,
and how the cost grows.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline.load import (
    CATALOG,
    CUMULATIVE,
    CUSTOMERS,
    MONTH_DATASET,
    MONTHLY,
    NIGHTLY,
    RAW_FINGERPRINT,
    RAW_RECEIPTS,
    STAGING,
    SUMMARY,
    Lake,
    Storage,
    fingerprint_of,
    open_storage,
)
from pipeline.load.layout import digest_of, manifest_of
from pipeline.load.raw_keys import raw_key
from pipeline.load.raw_objects import partition_digest

DAYS = [date(2023, 10, 1) + timedelta(days=number) for number in range(1096)]
MONTHS = sorted({f"{day:%Y-%m}" for day in DAYS})
FINGERPRINT = fingerprint_of(1, {}, [])


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The names of three years in a folder: every window touches its day, the next, and every fifth
    an earlier one.
    """
    root = tmp_path_factory.mktemp("years")
    keys = []
    for number, day in enumerate(DAYS):
        sold = [day, day + timedelta(days=1)] + (
            [day - timedelta(days=number)] if number and number % 5 == 0 else []
        )
        parts = [(item, digest_of(str(item), number)) for item in sold]
        batch = partition_digest(1, [(str(day), *part) for part in parts])
        keys += [raw_key(item, str(day), batch, digest) for item, digest in parts]
        keys += [
            manifest_of(RAW_RECEIPTS, str(day), 1, RAW_FINGERPRINT, batch).key,
            manifest_of(CATALOG, str(day), 1, RAW_FINGERPRINT, digest_of(number)).key,
        ]
        keys += [manifest_of(STAGING, str(day), 1, FINGERPRINT, digest_of(number)).key]
    for dataset in (MONTH_DATASET, SUMMARY, MONTHLY, CUMULATIVE):
        keys += [
            manifest_of(dataset, month, 1, FINGERPRINT, digest_of(month)).key for month in MONTHS
        ]
    for key in keys:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).touch()
    return root


def test_three_years_are_known_after_seven_listings(years: Path) -> None:
    storage = open_storage(str(years))
    lake = Lake(storage)
    lake.preflight()
    for dataset in (RAW_RECEIPTS, CATALOG, STAGING):
        assert all(lake.newest(dataset, str(day)) for day in DAYS)
    for dataset in (MONTH_DATASET, SUMMARY, MONTHLY, CUMULATIVE):
        assert lake.partitions(dataset) == MONTHS
    assert sum(len(lake.raw_objects(day, day, str(day))) for day in DAYS) == 1096 + 1095 + 219, (
        "one is sold after the last day"
    )
    assert storage.requests == {"LIST": 4 + 3}


def test_three_years_that_grew_run_by_run_are_known_after_fifteen_requests(
    tmp_path: Path,
) -> None:
    """Manifests pile up: each run adds one of the open month to each of its datasets, and a day's
    second version on every other run.
    """
    keys = []
    for number, day in enumerate(DAYS):
        parts = [(item, digest_of(str(item), number)) for item in (day, day + timedelta(days=1))]
        batch = partition_digest(1, [(str(day), *part) for part in parts])
        keys += [raw_key(item, str(day), batch, digest) for item, digest in parts]
        keys += [
            manifest_of(dataset, str(day), 1, RAW_FINGERPRINT, digest_of(number)).key
            for dataset in (CATALOG, NIGHTLY)
        ]
        keys += [manifest_of(RAW_RECEIPTS, str(day), 1, RAW_FINGERPRINT, batch).key]
        keys += [
            manifest_of(STAGING, str(day), fingerprint, FINGERPRINT, digest_of(number)).key
            for fingerprint in range(1, 2 + number % 2)
        ]
        for dataset in (MONTH_DATASET, SUMMARY, CUSTOMERS, MONTHLY, CUMULATIVE):
            keys.append(
                manifest_of(dataset, f"{day:%Y-%m}", day.day, FINGERPRINT, digest_of(number)).key
            )
    for key in keys:
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).touch()
    storage = open_storage(str(tmp_path))
    lake = Lake(storage)
    lake.preflight()
    assert all(
        lake.newest(dataset, month).number >= 28
        for dataset in (MONTH_DATASET, CUMULATIVE)
        for month in MONTHS
        if month != MONTHS[-1]
    )
    assert len(lake.raw_objects(DAYS[0], DAYS[-1])) == 2 * 1096 - 1
    assert sum(storage.requests.values()) <= 15 - 1, "and one listing of the POS's exports"


def test_committing_goes_on_with_the_index_and_does_not_build_it_anew(
    folder: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(folder)
    assert lake.raw_objects(DAYS[0], DAYS[-1]) == []
    monkeypatch.setattr("pipeline.load.raw.partition_digest", counted := Counted())
    for number, day in enumerate(DAYS[:20]):
        lake.commit_window(str(day), {day: b"%d\n" % number, None: b"x\n"}, {})
        texts = [lake.read_raw(item) for item in lake.raw_objects(DAYS[0], day, str(day))]
        assert texts == [b"%d\n" % earlier for earlier in range(number + 1)] + [b"x\n"]
    assert counted.calls == 0, "the index is extended, and no partition is checked again"
    assert [item.key for item in lake.raw_objects(DAYS[0], DAYS[19])] == [
        item.key for item in Lake(folder).raw_objects(DAYS[0], DAYS[19])
    ]


class Counted:
    """The digest of a batch, counting how often it is asked for."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, number: int, parts: object) -> str:
        self.calls += 1
        return partition_digest(number, parts)
