"""Where everything of the lake stands: dataset + partition + member -> key, and back. The one
naming authority.

    raw/receipts/sold=2026-10-05/<batch>.<digest of the batch>.<digest of the
    object>.1104-2359.ndjson.zst
                                       (the UTC minutes of the first and the last sale in it;
                                       sold=unknown beside the dates)
    raw/catalog/2026-10-05/catalog.json.zst
    staging/day=2026-10-05/<member>.parquet
    <receipts|sales|payments|quarantine>/year=2026/month=10/<member>.parquet        the lake proper:
    log name "sales"
    summary/<table>/year=2026/month=10/<table>.parquet
    customers/year=2026/month=10/customers.parquet                                   the summary's,
    on its own log
    outside/year=2026/month=10/outside.parquet      receipts before the history, by month of arrival
    backoffice/2026-10/<member>.parquet                                              beside what the
    owner puts there: backoffice/*.csv
    reports/<monthly|cumulative>/2026-10/<file>                                     newest;
    .../versions/000002.<digest>/<file> stays
    _manifests/<dataset>/<partition>/000002.<edition>.<digest>.json                  manifests: the
    log of a partition
    _claims/<dataset>/<partition>/000002.json                                       who took that
    number: the same bytes
    state/<file>                                                                    derived, for
    people
    _probe/conditional-writes                                                       what a preflight
    writes

Pure: nothing is read here. A key that does not parse is somebody else's and means nothing. Names
are checked, so neither an identifier of the shop nor a parameter can lead outside of its folder
(ConfigError).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import NamedTuple

from pipeline.errors import ConfigError
from pipeline.load.storage import Stat, check_key

RECEIPTS, CATALOG, STAGING, SALES, SUMMARY = (
    "raw/receipts",
    "raw/catalog",
    "staging",
    "sales",
    "summary",
)
CUSTOMERS, BACKOFFICE, OUTSIDE = "customers", "backoffice", "outside"
MONTHLY, CUMULATIVE, NIGHTLY = "reports/monthly", "reports/cumulative", "nightly"
IDENTITY = "identity"
DATASETS = (
    RECEIPTS,
    CATALOG,
    STAGING,
    SALES,
    SUMMARY,
    CUSTOMERS,
    BACKOFFICE,
    OUTSIDE,
    MONTHLY,
    CUMULATIVE,
    NIGHTLY,
    IDENTITY,
)

VOID, RAW = "void", "raw"
UNKNOWN = "unknown"

_BY_MONTH = (SALES, SUMMARY, CUSTOMERS, BACKOFFICE, OUTSIDE, MONTHLY, CUMULATIVE)
_PARTITION = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,59}")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_MANIFEST = re.compile(
    rf"_manifests/({'|'.join(DATASETS)})/([0-9A-Za-z][0-9A-Za-z_-]*)/"
    rf"(\d{{6,}})\.([0-9a-f]{{16}}|{VOID}|{RAW})\.([0-9a-f]{{16}})\.json"
)
_OBJECT = re.compile(
    r"raw/receipts/sold=(\d{4}-\d\d-\d\d|unknown)/([0-9A-Za-z][0-9A-Za-z_-]*)"
    r"\.([0-9a-f]{16})\.([0-9a-f]{16})\.((?:[01]\d|2[0-3])[0-5]\d-(?:[01]\d|2[0-3])[0-5]\d)\.ndjson\.zst"
)
ANY_TIME = "0000-2359"


class Manifest(NamedTuple):
    """One publication of a partition, as its name tells it; edition "void" says that the partition
    is broken.
    """

    number: int
    fingerprint: str
    digest: str
    dataset: str
    partition: str
    key: str


class RawObject(NamedTuple):
    """One object of raw receipts: `sold` is the UTC date of sale (None: unreadable), `digest` 16
    hex of the stored bytes' sha256.
    """

    key: str
    sold: date | None
    batch: str
    batch_digest: str
    digest: str
    size: int
    times: str = ANY_TIME

    def may_hold(self, start: datetime, end: datetime) -> bool:
        """Whether a sale in [start, end) may be in it, by its name alone; one that is unreadable
        may.
        """
        if self.sold is None:
            return True
        first, last = (
            datetime.combine(self.sold, time(int(at[:2]), int(at[2:])), UTC)
            for at in self.times.split("-")
        )
        return first < end and start < last + timedelta(minutes=1)


def check_partition(dataset: str, partition: str) -> str:
    """`partition`, if `dataset` exists and may have a partition of that name."""
    if dataset not in DATASETS:
        raise ConfigError(f"{dataset!r} is not a dataset of the lake: {', '.join(DATASETS)}")
    if not (_MONTH if dataset in _BY_MONTH else _PARTITION).fullmatch(partition):
        raise ConfigError(
            f"{partition!r} cannot be a partition of {dataset}: "
            f"{'a month is written YYYY-MM' if dataset in _BY_MONTH else 'letters, digits, - and _ only'}"
        )
    return partition


def file_key(dataset: str, partition: str, file_name: str) -> str:
    """Where `member` of a partition stands: the stable name under which a reader finds the newest
    content.
    """
    check_partition(dataset, partition)
    if dataset in (SALES, SUMMARY, CUSTOMERS, OUTSIDE):
        year, month = partition.split("-")
        folder = f"{SUMMARY}/{file_name}" if dataset == SUMMARY else file_name
        key = f"{folder}/year={year}/month={month}/{file_name}.parquet"
    elif dataset == BACKOFFICE:
        key = f"{BACKOFFICE}/{partition}/{file_name}.parquet"
    elif dataset == STAGING:
        key = f"{STAGING}/day={partition}/{file_name}.parquet"
    elif dataset == CATALOG:
        key = f"{CATALOG}/{partition}/{file_name}.json.zst"
    else:
        key = f"{dataset}/{partition}/{file_name}"
    return check_key(key)


_MM = "(?:0[1-9]|1[0-2])"
_MEMBERS = (
    (STAGING, re.compile(rf"{STAGING}/day=(\d{{4}}-\d\d-\d\d)/\w+\.parquet")),
    (SALES, re.compile(rf"(?:receipts|sales|payments|quarantine)/(year=\d{{4}}/month={_MM})/.+")),
    (SUMMARY, re.compile(rf"{SUMMARY}/\w+/(year=\d{{4}}/month={_MM})/.+")),
    (CUSTOMERS, re.compile(rf"{CUSTOMERS}/(year=\d{{4}}/month={_MM})/.+")),
    (OUTSIDE, re.compile(rf"{OUTSIDE}/(year=\d{{4}}/month={_MM})/.+")),
    (BACKOFFICE, re.compile(rf"{BACKOFFICE}/(\d{{4}}-{_MM})/.+")),
    (CATALOG, re.compile(rf"{CATALOG}/(\d{{4}}-\d\d-\d\d)/.+")),
    (MONTHLY, re.compile(rf"{MONTHLY}/(\d{{4}}-{_MM})/.+")),
    (CUMULATIVE, re.compile(rf"{CUMULATIVE}/(\d{{4}}-{_MM})/.+")),
)
_KNOWN = re.compile(
    rf"_claims/.+\.json|_probe/.+|_erased/.+|state/.+|deliveries/.+|reports/[^/]+|{BACKOFFICE}/[^/]+"
)


def home_of(key: str) -> tuple[str, str] | None:
    """(dataset, partition) in whose folder an object stands, whether or not a manifest names it;
    None where it is in none's.
    """
    for dataset, pattern in _MEMBERS:
        if match := pattern.fullmatch(key):
            return dataset, match[1].removeprefix("year=").replace("/month=", "-")
    return None


def is_known(key: str) -> bool:
    """Whether the object is one that no manifest needs to name: claims, probes, what is derived for
    people.
    """
    return _KNOWN.fullmatch(key) is not None


def archived_key(
    dataset: str, partition: str, number: int, digest: str, file_name: str
) -> str | None:
    """Where this edition's copy of `member` stays for good; None for a dataset that keeps only its
    newest content.
    """
    if dataset not in (MONTHLY, CUMULATIVE):
        return None
    return check_key(
        f"{dataset}/{check_partition(dataset, partition)}/versions/{number:06d}.{digest}/{file_name}"
    )


def manifest_of(
    dataset: str, partition: str, number: int, fingerprint: str, digest: str
) -> Manifest:
    """The manifest with its key. Raises ConfigError where its key would not be read back as itself."""
    key = f"_manifests/{dataset}/{check_partition(dataset, partition)}/{number:06d}.{fingerprint}.{digest}.json"
    manifest = parse_manifest(key)
    if manifest is None:
        raise ConfigError(
            f"{key!r} is not a manifest's name: an edition and a digest are 16 hex digits each"
        )
    return manifest


def parse_manifest(key: str) -> Manifest | None:
    """The manifest of that key; None for a foreign or malformed one."""
    match = _MANIFEST.fullmatch(key)
    if not match or match[3] != f"{int(match[3]):06d}":
        return None
    dataset, partition, number, fingerprint, digest = match.groups()
    return Manifest(int(number), fingerprint, digest, dataset, partition, key)


def log_prefix(dataset: str = "", prefix: str = "") -> str:
    """What the keys of those manifests begin with; of every dataset where none is named."""
    return f"_manifests/{dataset}/{prefix}" if dataset else "_manifests/"


def claim_key(dataset: str, partition: str, number: int) -> str:
    """The key that exactly one publication can take for `number`."""
    return check_key(
        f"{claim_prefix(dataset)}{check_partition(dataset, partition)}/{number:06d}.json"
    )


def claim_prefix(dataset: str) -> str:
    """What the keys of a dataset's claims begin with."""
    return f"_claims/{dataset}/"


def raw_key(
    sold: date | None, batch: str, batch_digest: str, digest: str, times: str = ANY_TIME
) -> str:
    """Where one object of raw receipts stands; `times` are the UTC minutes of its first and last
    sale, HHMM-HHMM.
    """
    return check_key(
        f"{RECEIPTS}/sold={sold.isoformat() if sold else UNKNOWN}/{check_partition(RECEIPTS, batch)}"
        f".{batch_digest}.{digest}.{times}.ndjson.zst"
    )


def parse_raw(stat: Stat) -> RawObject | None:
    """The raw object that a listing shows; None for a foreign one."""
    match = _OBJECT.fullmatch(stat.key)
    if not match:
        return None
    sold, batch, batch_digest, digest, times = match.groups()
    try:
        day = None if sold == UNKNOWN else date.fromisoformat(sold)
    except ValueError:
        return None
    return RawObject(stat.key, day, batch, batch_digest, digest, stat.size, times)


def raw_prefix(month: str = "") -> str:
    """What the keys of raw objects sold in `month` (YYYY-MM, or "unknown") begin with; of all of
    them where none is named.
    """
    return f"{RECEIPTS}/sold={month}" if month else f"{RECEIPTS}/"


def state_key(name: str) -> str:
    """Where a derived file for people stands."""
    return check_key(f"state/{name}")


def digest_of(*words: str | int) -> str:
    """16 hex digits that change when any of the words, their order or their number does."""
    return sha256("\n".join(f"{len(str(word))}:{word}" for word in words).encode()).hexdigest()[:16]
