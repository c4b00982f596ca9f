"""What a run builds first, as a real run executes it: windows, then the newest month and its report
before old months.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from tests.support.fake_pos import FakePos
from tests.support.receivers import Post
from tests.support.runner import Runner


def test_a_backfill_is_built_in_batches_and_delivered_last(fake_pos: FakePos, post: Post) -> None:
    runner: Runner = fake_pos.luigi
    runner.configure("pos", history_starts=date(2026, 9, 20))
    runner.configure(
        "mail",
        host="localhost",
        port=post.port,
        user="reports",
        sender="reports@example.com",
        ca_file=post.ca_file,
        to="owner@example.com",
    )
    runner.environment["SMTP_PASSWORD"] = post.password
    log = fake_pos.set_clock(datetime(2026, 11, 3, 12, tzinfo=UTC)).run_nightly()
    done = re.findall(r"done     (\w+)\((?:date|month)=([\d,-]+)", log)

    def order(*families: str) -> list[str]:
        return [name for family, name in done if family in families]

    assert order("MonthlyReport") == ["2026-09,2026-10,2026-11"], "one batch"
    first = [family for family, _ in done].index("MonthlyReport")
    assert done.index(("CumulativeReport", "2026-11")) > first, (
        "it lists the versions of all monthly reports"
    )
    (windows,) = order("RawReceipts")
    assert windows.startswith("2026-09-20,"), "one batch, oldest first"
    assert {family for family, _ in done[first:]} <= {
        "MonthlyReport",
        "CumulativeReport",
        "Reports",
        "Delivery",
        "Nightly",
    }, "nothing is made after a report"
    assert [family for family, _ in done][-2:] == ["Delivery", "Nightly"]
