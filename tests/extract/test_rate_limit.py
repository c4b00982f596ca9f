"""The account's limit of requests holds for threads, processes and runs alike; a damaged record of
requests only forgets.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread, local

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.rate_limit import LATENCY, RateLimiter
from pipeline.extract.waits import on_wait
from tests.extract.small_shop import START, FakeClock, connect, shop
from tests.support.faults import Fault, busiest

ROOT = Path(__file__).parents[2]


def most_in(times: list[float], seconds: float) -> int:
    """The most of `times` in any half-open span of so many seconds."""
    return max(sum(start <= t < start + seconds for t in times) for start in times)


@given(
    requests=st.integers(1, 8),
    seconds=st.floats(1, 50),
    pauses=st.lists(st.floats(0, 30), min_size=1, max_size=40),
)
def test_never_more_than_the_limit_in_any_window(
    requests: int, seconds: float, pauses: list[float]
) -> None:
    fake_clock, sent = FakeClock(), []
    rate_limiter = RateLimiter(requests, seconds, None, fake_clock.clock, fake_clock.sleep)
    for pause in pauses:
        fake_clock.now += pause
        rate_limiter.take()
        sent.append(fake_clock.now)
    assert most_in(sent, seconds) <= requests
    assert all(wait <= seconds + LATENCY + 0.001 for wait in fake_clock.slept)


def test_the_limit_is_used_up_at_once_and_then_waited_for(fake_clock: FakeClock) -> None:
    rate_limiter = RateLimiter(300, 300, None, fake_clock.clock, fake_clock.sleep)
    for _ in range(300):
        rate_limiter.take()
    assert fake_clock.slept == []
    rate_limiter.take()
    assert sum(fake_clock.slept) == pytest.approx(300 + LATENCY)


def test_a_run_remembers_what_the_last_one_spent(tmp_path: Path, fake_clock: FakeClock) -> None:
    for run in range(3):
        rate_limiter = RateLimiter(
            10, 300, tmp_path / "state" / "request_log", fake_clock.clock, fake_clock.sleep
        )
        for _ in range(5):
            rate_limiter.take()
        assert bool(fake_clock.slept) == (run == 2)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"x",
        b"xxxxxxxxxxxx",
        struct.pack("5d", float("nan"), float("inf"), -1.0, 1e300, 9e18),
        struct.pack("9d", *[9e9] * 9),
    ],
)
def test_a_damaged_record_of_requests_only_forgets(
    tmp_path: Path, fake_clock: FakeClock, damage: bytes
) -> None:
    (tmp_path / "request_log").write_bytes(damage)
    rate_limiter = RateLimiter(3, 300, tmp_path / "request_log", fake_clock.clock, fake_clock.sleep)
    for _ in range(4):
        rate_limiter.take()
    assert 0 < sum(fake_clock.slept) < 4 * 310
    assert (tmp_path / "request_log").stat().st_size % 8 == 0


def test_a_clock_that_is_set_back_does_not_stop_the_requests(
    tmp_path: Path, fake_clock: FakeClock
) -> None:
    rate_limiter = RateLimiter(2, 300, tmp_path / "request_log", fake_clock.clock, fake_clock.sleep)
    rate_limiter.take()
    fake_clock.now -= 86_400
    rate_limiter.take()
    rate_limiter.take()
    assert sum(fake_clock.slept) <= 301 + LATENCY


def test_a_request_waits_for_the_record_of_requests(tmp_path: Path, fake_clock: FakeClock) -> None:
    """Whoever holds the record of requests has it alone, be it a thread or a process."""
    for request_log in (None, tmp_path / "request_log"):
        rate_limiter = RateLimiter(5, 300, request_log, fake_clock.clock, fake_clock.sleep)
        rate_limiter.take()
        waiting = Thread(target=rate_limiter.take)
        with rate_limiter._lock if request_log is None else request_log.open("rb") as held:
            if request_log is not None:
                fcntl.flock(held, fcntl.LOCK_EX)
            waiting.start()
            waiting.join(0.2)
            assert waiting.is_alive()
        waiting.join(10)
        assert not waiting.is_alive()


def test_threads_share_one_limit(tmp_path: Path) -> None:
    for request_log in (None, tmp_path / "request_log"):
        sent: list[float] = []
        own = local()

        def clock(own: local = own) -> float:
            own.time = time.time()  # of this thread: however late it goes on
            return own.time

        rate_limiter = RateLimiter(8, 0.2, request_log, clock, time.sleep)
        rate_limiter.seconds = 0.4

        def work(
            rate_limiter: RateLimiter = rate_limiter, sent: list[float] = sent, own: local = own
        ) -> None:
            for _ in range(6):
                rate_limiter.take()
                sent.append(own.time)

        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(sent) == 24 and most_in(sent, 0.35) <= 8


def test_processes_share_one_limit(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from pipeline.extract.rate_limit import RateLimiter\n"
        "read = []\n"
        "clock = lambda: (read.append(time.time()), read[-1])[1]\n"
        "rate_limiter = RateLimiter(8, 0, Path(sys.argv[1]), clock, time.sleep)\n"
        "for _ in range(8): rate_limiter.take(); print(read[-1], flush=True)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "request_log")]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)
    ]
    sent = [
        float(line) for process in running for line in process.communicate(timeout=240)[0].split()
    ]
    assert len(sent) == 24 and most_in(sent, LATENCY - 0.15) <= 8


def test_a_fork_shares_the_limit(tmp_path: Path, fake_clock: FakeClock) -> None:
    rate_limiter = RateLimiter(2, 300, tmp_path / "request_log", fake_clock.clock, fake_clock.sleep)
    rate_limiter.take()
    child = os.fork()
    if child == 0:
        rate_limiter.take()
        os._exit(len(fake_clock.slept))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    rate_limiter.take()
    assert fake_clock.slept, "the child spent the second request"


def test_a_client_keeps_its_servers_limit(start, fake_clock: FakeClock) -> None:
    """The server refuses what passes its limit; the client paces itself and is never refused. Each
    request takes a second.
    """

    def tick() -> float:
        fake_clock.now += 0.5
        return fake_clock.now

    server, _ = start(shop(100), rate_limit=(10, 60.0), clock=tick)
    source = connect(
        server,
        fake_clock,
        limit=5,
        rate_limiter=RateLimiter(10, 60.0, None, fake_clock.clock, fake_clock.sleep),
    )
    assert len([r for page in source.receipts(START, None) for r in page.records]) == 100
    assert {request.status for request in server.requests} == {200} and busiest(server, 60.0) == 10
    assert fake_clock.slept


def test_a_long_wait_is_shown_once_and_a_short_one_not(
    start, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    server, _ = start(shop(40))
    source = connect(
        server,
        fake_clock,
        limit=5,
        rate_limiter=RateLimiter(3, 60.0, None, fake_clock.clock, fake_clock.sleep),
    )
    shown: list[str] = []
    with caplog.at_level(logging.INFO), on_wait(shown.append):
        assert sum(len(page.records) for page in source.receipts(START, None)) == 40
    assert shown == ["waiting 61 s for the API's rate"] * 2, "8 pages, 3 in a minute"
    assert [line for line in caplog.messages if "waiting" in line] == shown
    RateLimiter(1, 1.0, None, fake_clock.clock, fake_clock.sleep).take()
    assert len(shown) == 2


@pytest.mark.parametrize(
    ("status", "reason"), [(429, "the API's rate"), (503, "the API to recover")]
)
def test_a_wait_that_the_server_asks_for_is_shown_and_logged_once(
    start, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture, status: int, reason: str
) -> None:
    server, source = start(shop(4))
    server.faults.append(Fault("status", status=status, headers={"Retry-After": "42"}))
    shown: list[str] = []
    with caplog.at_level(logging.INFO), on_wait(shown.append):
        assert sum(len(page.records) for page in source.receipts(START, None)) == 4
    assert shown == [f"waiting 42 s for {reason}"]
    assert [line for line in caplog.messages if "42 s" in line] == [
        f"GET /receipts: answered HTTP {status}; trying again in 42 s"
    ]
