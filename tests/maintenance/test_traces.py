"""What an erasure must not leave is looked for in every form in which the lake keeps it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pyarrow as pa
import pytest

from pipeline.load import compress, open_storage
from pipeline.load.parquet import to_bytes
from pipeline.maintenance.erase import find_traces

CUSTOMER = "c-17-customer"
LINES = "".join(f"{n * 7919 % 1009} {CUSTOMER} {n * 104729 % 997}\n" for n in range(300)).encode()


def zipped(name: str, data: bytes) -> bytes:
    sink = BytesIO()
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return sink.getvalue()


PARQUET = to_bytes(pa.table({"customer_id": LINES.decode().splitlines()}))
FORMS = {
    "plain.json": LINES,
    "raw/one.ndjson.zst": compress(LINES),
    "raw/two.ndjson.zst": compress(b"{}\n") + compress(LINES),
    "sales.parquet": PARQUET,
    "state/customers.zip": zipped("2026-10/customers.parquet", PARQUET),
    "state/lines.zip": zipped("2026-10.ndjson", LINES),
}


@pytest.mark.parametrize("key", FORMS)
def test_a_customer_is_seen_in_every_form(tmp_path: Path, key: str) -> None:
    is_plain = key.endswith((".json", ".parquet"))  # the statistics of Parquet hold values
    assert (CUSTOMER.encode() in FORMS[key]) == is_plain
    storage = open_storage(str(tmp_path))
    storage.put(key, FORMS[key])
    storage.put("broken.zip", b"PK not a zip")
    assert list(find_traces(storage, [CUSTOMER])) == [storage.uri(key)]
    assert list(find_traces(storage, ["c-18-customer"])) == []
