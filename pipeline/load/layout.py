"""Keys of the lake: dataset, partition and file to key, and back.

A dataset is here what is published together: one manifest for one partition of it. Most have files
of several tables (schema.Dataset). MONTH_DATASET, SUMMARY, ... are names of such datasets; their
tables are schema.MONTH_TABLES, schema.SUMMARY, ..., always written with `schema.`.

    raw/receipts/sold=2026-10-05/<...>.ndjson.zst    see raw_keys.py
    raw/catalog/2026-10-05/catalog.json.zst
    raw/shifts/2026-10-05/shifts.ndjson.zst
    staging/day=2026-10-05/day.arrow.zst
    <receipts|sales|payments|quarantine>/year=2026/month=10/<file>.parquet   dataset "sales"
    summary/<table>/year=2026/month=10/<table>.parquet
    summary/_tables/year=2026/month=10/tables.arrow.zst    all of them again, for one request
    <customers|outside|shifts>/year=2026/month=10/<file>.parquet
    backoffice/2026-10/<file>.parquet    next to the owner's exports, backoffice/*.csv
    reports/<monthly|cumulative>/2026-10/<file>    the newest version
    reports/<monthly|cumulative>/2026-10/versions/000002.<digest>.zip    each version as issued
    _manifests/<dataset>/<partition>/000002.<fingerprint>.<digest>.json
    _commits/<dataset>/<partition>/000002.json    same bytes: the run that took the number
    state/<file>    derived, to be read by people or to save requests
    _probe/conditional-writes    written by a preflight

The functions read nothing. A key that does not parse is foreign. Names are checked, so that neither
an identifier of the shop nor a parameter can lead outside of its folder (ConfigError).
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from hashlib import sha256
from typing import NamedTuple

from pipeline.errors import ConfigError
from pipeline.load.storage import check_key

RAW_RECEIPTS, CATALOG, STAGING = "raw/receipts", "raw/catalog", "staging"
MONTH_DATASET = "sales"
"""Receipts, sales, payments and quarantine of a month (schema.MONTH_TABLES), published together."""
SUMMARY, CUSTOMERS = "summary", "customers"
BACKOFFICE, BEFORE_HISTORY = "backoffice", "outside"
RAW_SHIFTS, SHIFTS = "raw/shifts", "shifts"
MONTHLY, CUMULATIVE, NIGHTLY = "reports/monthly", "reports/cumulative", "nightly"
IDENTITY = "identity"
TABLES = "tables"
"""The file of a summary that holds all its tables. Query tools skip names that begin with _."""
_BY_MONTH = (
    MONTH_DATASET,
    SUMMARY,
    CUSTOMERS,
    BACKOFFICE,
    BEFORE_HISTORY,
    SHIFTS,
    MONTHLY,
    CUMULATIVE,
)
DATASETS = (RAW_RECEIPTS, CATALOG, RAW_SHIFTS, STAGING, *_BY_MONTH, NIGHTLY, IDENTITY)

INVALIDATED, RAW_FINGERPRINT = "invalidated", "raw"
"""Instead of a fingerprint, of a partition that is invalidated, and of a raw one."""
UNKNOWN = "unknown"

_PARTITION = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,59}")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_RAW_PARTITION = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:-rescan-([0-9A-Za-z_-]{1,40})|-windows-([2-9]|[12]\d|3[01]))?"
)
_MANIFEST = re.compile(
    rf"_manifests/({'|'.join(DATASETS)})/([0-9A-Za-z][0-9A-Za-z_-]*)/"
    rf"(\d{{6,}})\.([0-9a-f]{{16}}|{INVALIDATED}|{RAW_FINGERPRINT})\.([0-9a-f]{{16}})\.json"
)
_DAY = timedelta(days=1)


class RawPartition(NamedTuple):
    """The name of a raw partition.

    2026-10-05, 2026-10-05-windows-5 or 2026-10-05-rescan-35: `day` is the day of the last window,
    or the last day of a rescan; `rescan` tells rescans of one day apart (their number of days, and
    a label); `window_count` is the number of windows.
    """

    day: date
    rescan: str = ""
    window_count: int = 1

    @classmethod
    def parse(cls, name: str) -> RawPartition:
        """Parse the name of a partition of raw receipts. Raises ConfigError."""
        match = _RAW_PARTITION.fullmatch(name)
        try:
            day = date.fromisoformat(match[1] if match else name)
        except ValueError:
            match = None
        if match is None:
            raise ConfigError(
                f"{name!r} is not the name of a raw partition: write YYYY-MM-DD,"
                " YYYY-MM-DD-windows-COUNT or YYYY-MM-DD-rescan-DAYS"
            )
        return cls(day, match[2] or "", int(match[3] or 1))

    def __str__(self) -> str:
        return f"{self.day}-{self.label}" if self.rescan or self.window_count > 1 else str(self.day)

    @property
    def is_window(self) -> bool:
        return not self.rescan

    @property
    def windows(self) -> list[str]:
        """The names of its windows, which are consecutive days; a rescan has none."""
        if self.rescan:
            return []
        return [str(self.day - n * _DAY) for n in reversed(range(self.window_count))]

    @property
    def label(self) -> str:
        """What distinguishes the partition among those of its day, for people."""
        if self.rescan:
            return f"rescan-{self.rescan}"
        return f"windows-{self.window_count}" if self.window_count > 1 else "window"

    @property
    def month(self) -> str:
        """The month of the day, YYYY-MM."""
        return f"{self.day:%Y-%m}"


class Manifest(NamedTuple):
    """One publication of a partition, as its key states it.

    `fingerprint` is the digest of the inputs, INVALIDATED for an invalidated partition and
    RAW_FINGERPRINT for a raw one; `digest` is that of the content.
    """

    number: int
    fingerprint: str
    digest: str
    dataset: str
    partition: str
    key: str


def check_partition(dataset: str, partition: str) -> str:
    """Return `partition` if the dataset exists and may have a partition of that name."""
    if dataset not in DATASETS:
        raise ConfigError(f"{dataset!r} is not a dataset of the lake: {', '.join(DATASETS)}")
    if dataset == RAW_RECEIPTS:
        RawPartition.parse(partition)
    if not (_MONTH if dataset in _BY_MONTH else _PARTITION).fullmatch(partition):
        form = "a month is written YYYY-MM" if dataset in _BY_MONTH else "letters, digits, - and _"
        raise ConfigError(f"{partition!r} cannot be a partition of {dataset}: {form}")
    return partition


def file_key(dataset: str, partition: str, file_name: str) -> str:
    """Return the stable key under which readers find the newest content of a file."""
    check_partition(dataset, partition)
    if dataset in (MONTH_DATASET, SUMMARY, CUSTOMERS, BEFORE_HISTORY, SHIFTS):
        year, month = partition.split("-")
        if (dataset, file_name) == (SUMMARY, TABLES):
            return f"{SUMMARY}/_tables/year={year}/month={month}/{TABLES}.arrow.zst"
        folder = f"{SUMMARY}/{file_name}" if dataset == SUMMARY else file_name
        return check_key(f"{folder}/year={year}/month={month}/{file_name}.parquet")
    if dataset == STAGING:
        return check_key(f"{STAGING}/day={partition}/{file_name}.arrow.zst")
    suffix = _SUFFIXES.get(dataset, "")
    return check_key(f"{dataset}/{partition}/{file_name}{suffix}")


ONLY_FILE = {
    CATALOG: "catalog",
    RAW_SHIFTS: "shifts",
    STAGING: "day",
    CUSTOMERS: "customers",
    BEFORE_HISTORY: "outside",
    SHIFTS: "shifts",
}
"""The file of datasets whose partitions have one, or none: its sha256 gives their digest."""
_SUFFIXES = {BACKOFFICE: ".parquet", CATALOG: ".json.zst", RAW_SHIFTS: ".ndjson.zst"}
_MM = "(?:0[1-9]|1[0-2])"
_YEAR_MONTH = rf"(year=\d{{4}}/month={_MM})"
_FOLDERS = (
    (STAGING, rf"{STAGING}/day=(\d{{4}}-\d\d-\d\d)/\w+\.[\w.]+"),
    (MONTH_DATASET, rf"(?:receipts|sales|payments|quarantine)/{_YEAR_MONTH}/.+"),
    (SUMMARY, rf"{SUMMARY}/\w+/{_YEAR_MONTH}/.+"),
    *((dataset, rf"{dataset}/{_YEAR_MONTH}/.+") for dataset in (CUSTOMERS, BEFORE_HISTORY, SHIFTS)),
    *((dataset, rf"{dataset}/(\d{{4}}-\d\d-\d\d)/.+") for dataset in (CATALOG, RAW_SHIFTS)),
    *((dataset, rf"{dataset}/(\d{{4}}-{_MM})/.+") for dataset in (BACKOFFICE, MONTHLY, CUMULATIVE)),
)
LABOUR = "inputs/labour.csv"
"""The owner's file with hours and wages."""
_KNOWN = re.compile(
    rf"_commits/.+\.json|(?:_probe|_erased|state|deliveries)/.+|(?:reports|{BACKOFFICE})/[^/]+"
    rf"|{re.escape(LABOUR)}"
)


def partition_of_key(key: str) -> tuple[str, str] | None:
    """Return the (dataset, partition) in whose folder an object is, or None."""
    for dataset, pattern in _FOLDERS:
        if match := re.fullmatch(pattern, key):
            return dataset, match[1].removeprefix("year=").replace("/month=", "-")
    return None


def needs_no_manifest(key: str) -> bool:
    """Whether no manifest names such objects: commit records, pages, states, exports."""
    return _KNOWN.fullmatch(key) is not None


def archive_key(dataset: str, partition: str, number: int, digest: str) -> str | None:
    """Return the key of the archive of a report's version; None for other datasets."""
    if dataset not in (MONTHLY, CUMULATIVE):
        return None
    folder = f"{dataset}/{check_partition(dataset, partition)}/versions"
    return check_key(f"{folder}/{number:06d}.{digest}.zip")


def manifest_of(
    dataset: str, partition: str, number: int, fingerprint: str, digest: str
) -> Manifest:
    """Make a manifest. Raises ConfigError if its key would not parse back."""
    folder = log_prefix(dataset, check_partition(dataset, partition))
    key = f"{folder}/{number:06d}.{fingerprint}.{digest}.json"
    manifest = parse_manifest(key)
    if manifest is None:
        raise ConfigError(
            f"{key!r} is not a manifest's name: a fingerprint and a digest are 16 hex digits each"
        )
    return manifest


def parse_manifest(key: str) -> Manifest | None:
    """Return the manifest of that key; None for a foreign or malformed key."""
    match = _MANIFEST.fullmatch(key)
    if not match or match[3] != f"{int(match[3]):06d}":
        return None
    dataset, partition, number, fingerprint, digest = match.groups()
    if dataset == RAW_RECEIPTS and not is_raw_partition(partition):
        return None
    return Manifest(int(number), fingerprint, digest, dataset, partition, key)


def log_prefix(dataset: str = "", prefix: str = "") -> str:
    """Return the prefix of manifest keys: of partitions, or of every dataset."""
    return f"_manifests/{dataset}/{prefix}" if dataset else "_manifests/"


def commit_key(dataset: str, partition: str, number: int) -> str:
    """Return the key that exactly one publication can take for `number`."""
    return check_key(
        f"{commit_prefix(dataset)}{check_partition(dataset, partition)}/{number:06d}.json"
    )


def commit_prefix(dataset: str) -> str:
    """Return the prefix of the keys of a dataset's commit records."""
    return f"_commits/{dataset}/"


def is_raw_partition(partition: str) -> bool:
    """Whether it is the name of a raw partition."""
    try:
        return bool(RawPartition.parse(partition))
    except ConfigError:
        return False


def state_key(name: str) -> str:
    """Return the key of a file under state/."""
    return check_key(f"state/{name}")


def digest_of(*words: str | int) -> str:
    """Return 16 hex digits that depend on the words, their order and number."""
    return sha256("\n".join(f"{len(str(word))}:{word}" for word in words).encode()).hexdigest()[:16]
