"""Write the lake: objects in a folder or a bucket, the log that says what is published, and Parquet
bytes.

    storage.py    the contract: list, head, get, conditional put      local.py, s3.py    the two
    that keep it layout.py     dataset + partition + member -> key, and back       editions.py
    manifests, claims, the snapshot publish.py    the protocol of one publication
    raw.py, commits.py batches of verbatim receipts lake.py       Lake: all of this for a run
    parquet.py         table -> deterministic bytes

In: bytes and tables whose money is DECIMAL, instants UTC. Out: keys, editions, digests. Conserved:
what was committed is never changed, what is read is what was published. Raised: StorageRefused,
StorageUnavailable, Conflict, Corrupt. Nothing here knows what a receipt is.
"""

from pipeline.load.commits import MAX_PENDING
from pipeline.load.lake import Lake
from pipeline.load.layout import (
    BACKOFFICE,
    CATALOG,
    CUMULATIVE,
    CUSTOMERS,
    DATASETS,
    IDENTITY,
    MONTHLY,
    NIGHTLY,
    OUTSIDE,
    RAW,
    RECEIPTS,
    SALES,
    STAGING,
    SUMMARY,
    VOID,
    Manifest,
    RawObject,
)
from pipeline.load.manifests import fingerprint_of
from pipeline.load.raw import compress, decompress
from pipeline.load.storage import Stat, Storage, open_storage

__all__ = [
    "BACKOFFICE",
    "CATALOG",
    "CUMULATIVE",
    "CUSTOMERS",
    "DATASETS",
    "IDENTITY",
    "MAX_PENDING",
    "MONTHLY",
    "NIGHTLY",
    "OUTSIDE",
    "RAW",
    "RECEIPTS",
    "SALES",
    "STAGING",
    "SUMMARY",
    "VOID",
    "Lake",
    "Manifest",
    "RawObject",
    "Stat",
    "Storage",
    "compress",
    "decompress",
    "fingerprint_of",
    "open_storage",
]
