"""The same code on a folder and on a real S3 server: the same keys, the same bytes."""

from __future__ import annotations

from pathlib import Path

from tests.load.seaweed import Server
from tests.support.buckets import BUCKET, new_url
from tests.support.runner import Runner


def test_a_bucket_holds_what_a_folder_holds(luigi: Runner, seaweed: Server) -> None:
    luigi.configure("pos", history_starts="2026-10-30")
    luigi("MonthlyReport", "--month", "2026-10")
    url = new_url()
    luigi.configure("lake", url=url, endpoint=seaweed.endpoint)
    luigi("MonthlyReport", "--month", "2026-10")
    assert "Did not run any tasks" in luigi("MonthlyReport", "--month", "2026-10")
    lake, client, prefix = (
        luigi.folder / "lake",
        seaweed.client(),
        url.removeprefix(f"s3://{BUCKET}/") + "/",
    )
    found = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix):
        found |= {entry["Key"].removeprefix(prefix): entry["Key"] for entry in page["Contents"]}
    kept = {
        str(path.relative_to(lake)): path
        for path in lake.rglob("*")
        if path.is_file() and ".writing" not in path.parts
    }
    assert {name for name in found if not name.startswith("_probe")} == {
        name for name in kept if not name.startswith("_probe")
    }
    data = [name for name in kept if name.endswith((".parquet", ".zst", ".html", ".md"))]
    assert len(data) > 20
    for name in data:
        assert (
            client.get_object(Bucket=BUCKET, Key=found[name])["Body"].read()
            == Path(kept[name]).read_bytes()
        ), name
