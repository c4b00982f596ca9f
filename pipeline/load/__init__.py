"""The lake: objects in a storage, the log of what is published, Parquet bytes.

    storage.py      the contract: list, head, get, conditional put
    local.py, s3.py its two implementations
    layout.py       dataset, partition and file to key, and back; raw_keys.py for raw receipts
    manifests.py    the log of a partition: all its manifests, by number. Each is added together
                    with a commit record (commit_records.py), which takes the number
    manifest_listing.py  reading it: which manifests there are, and their bodies
    publish.py      the protocol of a publication, of one partition or many (publication.py)
    raw.py          verbatim receipts by partition: their objects (raw_objects.py), which windows
                    are committed (raw_windows.py), windows committed together (commit_queue.py)
    lake.py         Lake: all of this for a run; contents.py reads the files of a partition
    parquet.py      table to deterministic bytes
    summary_digests.py  digests of the files of summaries, so that no manifest is read for them
    day_object.py   the tables of a day as one object
    archive.py      a version of a report as one zip file
    month_packs.py  a file of many months in one object
    preflight.py    the checks of a new bucket; glue.py registers tables in the Glue catalog

A commit record first gives a manifest its number. A partition is *published* when its manifest is
written. To *commit* is to publish a partition of raw, which is final. Readers get only what a
manifest names. No module here knows the content of a receipt. Raises StorageRefused,
StorageUnavailable, Conflict, Corrupt.
"""

from pipeline.load.lake import Lake
from pipeline.load.layout import (
    BACKOFFICE,
    BEFORE_HISTORY,
    CATALOG,
    CUMULATIVE,
    CUSTOMERS,
    DATASETS,
    IDENTITY,
    INVALIDATED,
    MONTH_DATASET,
    MONTHLY,
    NIGHTLY,
    RAW_FINGERPRINT,
    RAW_RECEIPTS,
    RAW_SHIFTS,
    SHIFTS,
    STAGING,
    SUMMARY,
    Manifest,
    RawPartition,
)
from pipeline.load.manifests import fingerprint_of
from pipeline.load.raw_keys import RawObject
from pipeline.load.raw_objects import compress, decompress
from pipeline.load.storage import Stat, Storage, open_storage
