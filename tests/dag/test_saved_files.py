"""A shop's saved JSON, in a folder or in a bucket, makes the lake that its API makes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from tests.load.seaweed import Server
from tests.support.buckets import BUCKET, new_url
from tests.support.till import Till, served


@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_saved_files_make_the_same_receipts(quiet_till: Till, seaweed: Server, place: str) -> None:
    till = quiet_till
    till.luigi("MonthlySales", "--month", "2026-10")
    body = json.dumps(
        {
            "receipts": served(
                till.server, datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
            )
        }
    ).encode()
    folder = till.luigi.folder / "saved"
    if place == "bucket":
        folder = new_url()
        seaweed.client().put_object(
            Bucket=BUCKET, Key=folder.removeprefix(f"s3://{BUCKET}/") + "/page-1.json", Body=body
        )
    else:
        folder.mkdir()
        (folder / "page-1.json").write_bytes(body)
    till.luigi.configure("pos", source="files", folder=folder).configure(
        "lake", url=till.luigi.folder / "other", endpoint=seaweed.endpoint
    )
    del till.luigi.environment["LOYVERSE_TOKEN"]
    till.luigi("MonthlySales", "--month", "2026-10")
    kept = "receipts/year=2026/month=10/receipts.parquet"
    assert (till.luigi.folder / "other" / kept).read_bytes() == (
        till.luigi.folder / "lake" / kept
    ).read_bytes()


def test_saved_history_first_and_the_api_from_then_on(quiet_till: Till) -> None:
    """As docs/migrating.md says: the windows after the day of saving are left to the API, and
    nothing is counted twice.
    """
    till = quiet_till
    saved = datetime(2026, 10, 30, 12, tzinfo=UTC)
    till.set_clock(datetime(2026, 11, 1, 15, tzinfo=UTC))
    folder = till.luigi.folder / "saved"
    folder.mkdir()
    everything = served(
        till.server, datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
    )
    early = [one for one in everything if datetime.fromisoformat(one["updated_at"]) < saved]
    assert 0 < len(early) < len(everything)
    (folder / "all.ndjson").write_text("".join(json.dumps(one) + "\n" for one in early))
    shop = till.luigi.options["pos"]["url"]
    till.luigi.configure("pos", source="files", folder=folder)
    till.luigi("Nightly", "--pos-now", saved.isoformat())
    till.luigi.configure("pos", source="loyverse", folder="", url=shop)
    till.luigi("Nightly")
    receipts = pq.read_table(
        till.luigi.folder / "lake/receipts/year=2026/month=10/receipts.parquet"
    )
    october = {
        one["receipt_number"]
        for one in everything
        if datetime.fromisoformat(one["receipt_date"]) < datetime(2026, 11, 1, 11, tzinfo=UTC)
    }
    assert sorted(receipts.column("receipt_number").to_pylist()) == sorted(october)
