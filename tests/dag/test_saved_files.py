"""A shop's saved JSON, in a folder or in a bucket, makes the lake that its API makes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from tests.load.seaweed import Server
from tests.support.buckets import BUCKET, new_url
from tests.support.fake_pos import FakePos, served


@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_saved_files_make_the_same_receipts(
    quiet_pos: FakePos, seaweed: Server, place: str
) -> None:
    fake_pos = quiet_pos
    fake_pos.luigi("MonthlySales", "--month", "2026-10")
    body = json.dumps(
        {
            "receipts": served(
                fake_pos.server,
                datetime(2026, 10, 1, tzinfo=UTC),
                datetime(2026, 11, 3, tzinfo=UTC),
            )
        }
    ).encode()
    folder = fake_pos.luigi.folder / "saved"
    if place == "bucket":
        folder = new_url()
        seaweed.client().put_object(
            Bucket=BUCKET, Key=folder.removeprefix(f"s3://{BUCKET}/") + "/page-1.json", Body=body
        )
    else:
        folder.mkdir()
        (folder / "page-1.json").write_bytes(body)
    fake_pos.luigi.configure("pos", source="files", folder=folder).configure(
        "lake", url=fake_pos.luigi.folder / "other", endpoint=seaweed.endpoint
    )
    del fake_pos.luigi.environment["LOYVERSE_TOKEN"]
    fake_pos.luigi("MonthlySales", "--month", "2026-10")
    kept = "receipts/year=2026/month=10/receipts.parquet"
    assert (fake_pos.luigi.folder / "other" / kept).read_bytes() == (
        fake_pos.luigi.folder / "lake" / kept
    ).read_bytes()


def test_saved_history_first_and_the_api_from_then_on(quiet_pos: FakePos) -> None:
    """As docs/migrating.md says: the windows after the day of saving are left to the API, and
    nothing is counted twice.
    """
    fake_pos = quiet_pos
    saved = datetime(2026, 10, 30, 12, tzinfo=UTC)
    fake_pos.set_clock(datetime(2026, 11, 1, 15, tzinfo=UTC))
    folder = fake_pos.luigi.folder / "saved"
    folder.mkdir()
    everything = served(
        fake_pos.server, datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
    )
    early = [one for one in everything if datetime.fromisoformat(one["updated_at"]) < saved]
    assert 0 < len(early) < len(everything)
    (folder / "all.ndjson").write_text("".join(json.dumps(one) + "\n" for one in early))
    shop = fake_pos.luigi.options["pos"]["url"]
    fake_pos.luigi.configure("pos", source="files", folder=folder)
    fake_pos.luigi("Nightly", "--pos-now", saved.isoformat())
    fake_pos.luigi.configure("pos", source="loyverse", folder="", url=shop)
    fake_pos.luigi("Nightly")
    receipts = pq.read_table(
        fake_pos.luigi.folder / "lake/receipts/year=2026/month=10/receipts.parquet"
    )
    october = {
        one["receipt_number"]
        for one in everything
        if datetime.fromisoformat(one["receipt_date"]) < datetime(2026, 11, 1, 11, tzinfo=UTC)
    }
    assert sorted(receipts.column("receipt_number").to_pylist()) == sorted(october)
