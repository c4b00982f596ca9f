"""A lake that one process built, to compare others with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.executors.lakes import RAW, differing, digest_of, keys, read
from tests.load.seaweed import Server
from tests.support.buckets import BUCKET, new_url
from tests.support.runner import Runner

FIRST, NOW, MONTHS = "2026-10-29", "2026-11-03T15:00:00Z", "2026-10,2026-11"


@dataclass
class History:
    """A lake that was made by one process without an engine, in a folder; and its raw, from which
    others are made.
    """

    folder: Path
    seaweed: Server
    log: str

    def files(self) -> dict[str, bytes]:
        paths = (
            path
            for path in self.folder.rglob("*")
            if path.is_file() and ".writing" not in path.parts
        )
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in paths
            if "_probe" not in path.parts
        }

    def put_raw(self) -> str:
        """A new lake in the bucket that holds nothing but raw."""
        url, client = new_url(), self.seaweed.client()
        for key, body in self.files().items():
            if key.startswith(RAW):
                client.put_object(
                    Bucket=BUCKET, Key=f"{url.removeprefix(f's3://{BUCKET}/')}/{key}", Body=body
                )
        return url

    def objects(self, url: str) -> dict[str, bytes]:
        client, prefix = self.seaweed.client(), url.removeprefix(f"s3://{BUCKET}/") + "/"
        return {
            name.removeprefix(prefix): body
            for name, body in read(
                client, BUCKET, keys(client, BUCKET, prefix), lambda _, body: body
            ).items()
        }

    def assert_same(self, url: str) -> None:
        here, there = (
            {name: digest_of(name, body) for name, body in lake.items()}
            for lake in (self.files(), self.objects(url))
        )
        assert differing(here, there) == []


def runner_in(folder: Path, customer_key: str) -> Runner:
    runner = Runner(folder)
    runner.configure("pos", now=NOW, history_starts=FIRST).configure(
        "core", lock_pid_dir=folder / "locks"
    )
    runner.environment["CUSTOMER_HASH_KEY"] = customer_key
    return runner
