"""What an erasure must not leave is looked for in every form in which the lake keeps it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pyarrow as pa
import pytest

from pipeline.load import compress, open_storage
from pipeline.load.parquet import to_bytes
from pipeline.maintenance.erase import traces

CUSTOMER = "c-17-customer"


def zipped(name: str, data: bytes) -> bytes:
    sink = BytesIO()
    with ZipFile(sink, "w") as archive:
        archive.writestr(name, data)
    return sink.getvalue()


PARQUET = to_bytes(pa.table({"customer_id": [CUSTOMER, None]}))
FORMS = {
    "plain.json": CUSTOMER.encode(),
    "raw/one.ndjson.zst": compress(CUSTOMER.encode()),
    "raw/two.ndjson.zst": compress(b"{}\n") + compress(CUSTOMER.encode()),
    "sales.parquet": PARQUET,
    "state/customers.zip": zipped("2026-10/customers.parquet", PARQUET),
    "state/lines.zip": zipped("2026-10.ndjson.zst", compress(CUSTOMER.encode())),
}


@pytest.mark.parametrize("key", FORMS)
def test_a_customer_is_seen_in_every_form(tmp_path: Path, key: str) -> None:
    storage = open_storage(str(tmp_path))
    storage.put(key, FORMS[key])
    storage.put("broken.zip", b"PK not a zip")
    assert list(traces(storage, [CUSTOMER])) == [storage.uri(key)]
    assert list(traces(storage, ["c-18-customer"])) == []
