"""The same DAG of plain `luigi.contrib.s3.S3Target` tasks, all of them done: what they ask of S3 to
find that out.

`python -m benchmarks.plain_targets s3://bucket/prefix endpoint first-day last-day night|monthly`,
by benchmarks.requests, which also reads the last line, `COUNTED {json}`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import date, timedelta

import luigi
from luigi.contrib.s3 import S3Client, S3Target

COMMANDS = {"PutObject": "PUT", "GetObject": "GET", "HeadObject": "HEAD", "ListObjectsV2": "LIST"}


class Plain(luigi.Task):
    """A partition that is there when its object is."""

    root, days, client = "", (), None
    name = luigi.Parameter()

    def requires(self) -> list[luigi.Task]:
        kind, _, day = self.name.partition("/")
        below = {
            "days": [f"windows/{day}"],
            "monthly": [f"months/{day}"],
            "months": [f"days/{d}" for d in self.days if d.startswith(day)],
        }
        return [Plain(name=name) for name in below.get(kind, ())]

    def output(self) -> S3Target:
        return S3Target(f"{self.root}/{self.name}", client=self.client)


class Night(luigi.WrapperTask):
    """All of them."""

    names = luigi.ListParameter()

    def requires(self) -> list[luigi.Task]:
        return [Plain(name=name) for name in self.names]


def main() -> None:
    root, endpoint, first, last, wanted = sys.argv[1:]
    client, counted = S3Client(endpoint_url=endpoint), Counter()
    since = date.fromisoformat(first)
    days = [str(since + timedelta(n)) for n in range((date.fromisoformat(last) - since).days + 1)]
    months = sorted({day[:7] for day in days})
    names = [f"{kind}/{day}" for kind in ("windows", "days") for day in days] + [
        f"{kind}/{m}" for kind in ("months", "monthly") for m in months
    ]
    Plain.root, Plain.days, Plain.client = root, days, client
    for name in names:
        client.put_string("", f"{root}/{name}")
    client.s3.meta.client.meta.events.register(
        "before-send.s3",
        lambda event_name, **_: counted.update(
            [f"{COMMANDS[event_name.rpartition('.')[2]]} plain object"]
        ),
    )
    luigi.build(
        [Night(names=names) if wanted == "night" else Plain(name=f"monthly/{months[-2]}")],
        local_scheduler=True,
        log_level="ERROR",
    )
    print("COUNTED", json.dumps({"requests": counted}))


if __name__ == "__main__":
    main()
