"""Two lakes held against each other, object by object: what must be the same wherever and by
whomever it was made.

Takes the objects of a lake by key. The keys must be the same, and the bytes; in manifests and
commit records may differ who published (`run`) and the store's own mark of a member (`etag`), and
nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

RAW = (
    "raw/",
    "_manifests/raw/",
    "_commits/raw/",
    "_manifests/identity/",
    "_commits/identity/",
)


def digest_of(name: str, body: bytes) -> str:
    """What the object says, by any publisher."""
    if name.startswith(("_manifests/", "_commits/")):
        stated = json.loads(body)
        del stated["run"]
        for file_name in stated["files"].values():
            file_name.pop("etag", None)
        body = json.dumps(stated, sort_keys=True).encode()
    return sha256(body).hexdigest()


def differing(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Keys that one of them has not, or that say something else there; of digests by key."""
    return sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))


def keys(client: Any, bucket: str, prefix: str = "") -> list[str]:
    """Every key below `prefix` but those that prove a store's rights."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [
        entry["Key"]
        for page in pages
        for entry in page.get("Contents", ())
        if "_probe" not in entry["Key"].split("/")
    ]


def read(
    client: Any, bucket: str, names: Iterable[str], describe: Callable[[str, bytes], Any]
) -> dict[str, Any]:
    """What `describe(key, body)` gives for each object."""

    def one(name: str) -> tuple[str, Any]:
        return name, describe(name, client.get_object(Bucket=bucket, Key=name)["Body"].read())

    with ThreadPoolExecutor(8) as pool:
        return dict(pool.map(one, names))
