"""Prove once, before a lake begins, that its storage obeys conditional writes.

Seven requests on one small object under `_probe/`; none deletes. Raises StorageRefused
(ConfigError) with the missing permission, the missing bucket, or the condition that the storage
accepts and ignores.
"""

from __future__ import annotations

from pipeline.errors import Conflict, StorageRefused
from pipeline.load.storage import Storage

KEY = "_probe/conditional-writes"
_TEXT = b"Written to prove that this store obeys If-None-Match and If-Match.\n"
_TRIES = 4


def probe(storage: Storage) -> None:
    """Write one object under conditions that must hold and that must not."""
    next(iter(storage.list("_probe/")), None)
    _refused(storage, if_absent=True)  # the first time it may hold: then the object is new
    if not _refused(storage, if_absent=True):
        raise _ignores(storage, "If-None-Match")
    if not _refused(storage, if_match='"00000000000000000000000000000000"'):
        raise _ignores(storage, "If-Match")
    if storage.get(KEY) != _TEXT:
        raise StorageRefused(
            f"{storage.uri(KEY)} does not hold what was written there; check what else writes"
            " to this prefix"
        )
    for _ in range(_TRIES):  # another run may probe at the same time
        seen = storage.head(KEY)
        if seen and not _refused(storage, if_match=seen.etag):
            return
    raise StorageRefused(
        f"{storage.uri(KEY)}: the storage refuses If-Match with the object's own ETag; {_USE}"
    )


_USE = "use Amazon S3, SeaweedFS or another storage that has conditional writes"


def _refused(storage: Storage, *, if_absent: bool = False, if_match: str | None = None) -> bool:
    try:
        storage._write(KEY, _TEXT, if_absent, if_match)
    except Conflict:
        return True
    return False


def _ignores(storage: Storage, header: str) -> StorageRefused:
    return StorageRefused(
        f"{storage.uri()}: the storage ignores {header}, so two runs at once could overwrite each"
        f" other; {_USE}"
    )
