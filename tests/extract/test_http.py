"""One GET: what is retried and how long, what is refused, which answers count, and where the token
goes.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import tracemalloc
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Thread

import pytest

from pipeline.errors import DeadlineExceeded, SourceFatal, SourceRetriable
from pipeline.extract.deadline import Deadline, TimeUpError
from pipeline.extract.http import Http
from pipeline.extract.http_faults import RefusedRequest
from pipeline.extract.http_values import read_retry_after
from pipeline.extract.outage import is_out, record_answer
from pipeline.extract.waits import on_wait
from tests.extract.small_shop import NOW, START, FakeClock, shop
from tests.support.faults import Fault, on_page


def read_all(source: object) -> list[str]:
    return [record.number for page in source.receipts(START, None) for record in page.records]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("times", [1, 3])
def test_a_transient_status_is_retried_and_no_page_is_skipped(
    start, fake_clock: FakeClock, status: int, times: int
) -> None:
    server, source = start(
        shop(30),
        limit=10,
        faults=[Fault("status", status=status, times=times, on=on_page(2))],
    )
    assert len(set(read_all(source))) == 30
    assert [request.page for request in server.requests if request.status == 200] == [1, 2, 3]
    assert len(fake_clock.slept) == times and fake_clock.slept == sorted(fake_clock.slept), (
        "backoff grows"
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_lasting_status_ends_the_run(start, fake_clock: FakeClock, status: int) -> None:
    server, source = start(
        shop(30),
        limit=10,
        faults=[Fault("status", status=status, times=None, on=on_page(2))],
    )
    with pytest.raises(SourceRetriable, match=f"HTTP {status}"):
        read_all(source)
    assert len(server.requests) <= 1 + 8 and sum(fake_clock.slept) <= 300


@pytest.mark.parametrize(
    "header, least, most",
    [
        ("7", 7, 7),
        ("120", 120, 120),
        (format_datetime(NOW + timedelta(seconds=40), usegmt=True), 40, 40),
        (None, 5, 5),
        ("-3", 5, 5),
        ("soon", 5, 5),
        ("1e9", 5, 5),
        ("1000000000", 300, 300),
        ("9" * 400, 300, 300),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 5, 5),
        ("Fri, 99 Foo 2026 00:00:00 GMT", 5, 5),
    ],
)
def test_retry_after_is_read_in_all_its_forms_and_capped(
    start, fake_clock: FakeClock, header: str | None, least: float, most: float
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    _, source = start(shop(3), faults=[Fault("status", status=429, headers=headers)])
    assert len(read_all(source)) == 3
    assert len(fake_clock.slept) == 1 and least <= fake_clock.slept[0] <= most


def test_waiting_is_jittered_upwards_only(start, fake_clock: FakeClock) -> None:
    _, source = start(
        shop(3),
        faults=[Fault("status", status=429, headers={"Retry-After": "8"})],
        client={"random": lambda: 1.0},
    )
    read_all(source)
    assert fake_clock.slept == [10.0]


def test_waiting_beyond_the_limit_is_not_begun(start, fake_clock: FakeClock) -> None:
    _, source = start(
        shop(3),
        faults=[Fault("status", status=503, headers={"Retry-After": "290"}, times=None)],
    )
    with pytest.raises(SourceRetriable):
        read_all(source)
    assert fake_clock.slept == [290], "a second would pass 300 s"


@pytest.mark.parametrize("status", [429, 503])
def test_a_long_retry_after_is_logged_when_the_waiting_begins(
    start, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    fault = Fault("status", status=status, headers={"Retry-After": "3600"})
    _, source = start(shop(3), faults=[fault])
    heard_waits: list[tuple[str, int]] = []
    with (
        caplog.at_level("INFO"),
        on_wait(lambda text: heard_waits.append((text, len(fake_clock.slept)))),
    ):
        assert len(read_all(source)) == 3
    assert "asking to wait 3,600 s; trying again in 300 s" in caplog.text
    assert "will be given up after 8 attempts or 300 s of waiting" in caplog.text
    [(text, slept)] = heard_waits
    assert text.startswith("waiting 300 s for ") and "asking to wait 3,600 s" in text
    assert slept == 0, "before the wait, not after it"


def test_a_retry_after_beyond_the_limit_is_named_at_the_end(start) -> None:
    fault = Fault("status", status=429, headers={"Retry-After": "3600"}, times=None)
    server, _ = start(shop(3), faults=[fault])
    http = Http(server.url, server.token, max_retry_wait=200.0)
    with pytest.raises(
        SourceRetriable, match=r"asking to wait 3,600 s, 1 times; run again in 3,600 s"
    ):
        http.get("/receipts", {}, bytes)


def test_an_address_that_does_not_answer_is_waited_for_once_in_a_run(
    token: str, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """However many tasks ask it, also in children of a fork; an answer ends the shortcut."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1.0"
    options = {"sleep": fake_clock.sleep, "clock": fake_clock.clock, "random": lambda: 0.0}
    with pytest.raises(SourceRetriable, match="8 times; run again later, and look at the address"):
        Http(url, token, **options).get("/receipts", {}, bytes)
    assert (
        sum(fake_clock.slept) == 127
        and "will be given up after 8 attempts or 300 s of waiting" in caplog.text
    )
    for _ in range(40):  # each of a backfill's fetches opens a connection of its own
        with pytest.raises(SourceRetriable, match="1 times"):
            Http(url, token, **options).get("/receipts", {}, bytes)
    assert sum(fake_clock.slept) == 127
    if not (child := os.fork()):
        os._exit(not is_out(url))
    assert os.waitpid(child, 0)[1] == 0
    record_answer(url)
    assert not is_out(url)


def test_an_outage_is_over_with_the_first_answer(start, fake_clock: FakeClock) -> None:
    fault = Fault("status", status=503, times=8)
    _, source = start(shop(3), faults=[fault])
    with pytest.raises(SourceRetriable):
        read_all(source)
    assert len(read_all(source)) == 3
    fault.left = 2
    assert len(read_all(source)) == 3, "retried again"


def test_retry_after_reads_a_date_against_the_servers_clock() -> None:
    assert read_retry_after("Sat, 31 Oct 2026 12:00:30 GMT", NOW) == 30


@pytest.mark.parametrize(
    "fault",
    [
        Fault("drop"),
        Fault("drop", after=300),
        Fault("truncate"),
        Fault("truncate", keep=0.0),
        Fault("short"),
        Fault("unsized", keep=0.7),
        Fault("chunked", keep=0.6),
        Fault("compress", defect="cut"),
        Fault("compress", defect="trailer"),
        Fault("compress", defect="crc"),
        Fault("utf8"),
        Fault("html"),
        Fault("body", body=b""),
        Fault("body", body=b"null"),
        Fault("body", body=b"[]"),
        Fault("body", body=b"{}"),
        Fault("body", body=b'{"receipts":null}'),
        Fault("body", body=b'{"receipts":{}}'),
        Fault("body", body=b'{"receipts":[],"cursor":7}'),
        Fault("body", body=b'{"receipts":[]} tail'),
        Fault("raw", data=b"HTTP/1.1 banana\r\n\r\n"),
        Fault("raw", data=b""),
    ],
    ids=lambda f: f"{f.kind} {list(f.options.values())}"[:40],
)
def test_a_damaged_answer_is_asked_for_again(start, fault: Fault) -> None:
    fault.on, fault.left, fault.struck = on_page(2), 1, 0
    server, source = start(shop(30), limit=10, faults=[fault])
    assert len(set(read_all(source))) == 30
    assert fault.struck == 1 and len(server.requests) == 4


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"receipts":null}',
        b'{"receipts":[],"cursor":7}',
        b"<html>",
        b'{"receipts":[\xe9]}',
        b'{"receipts":[{"a":1}',
        b'{"receipts":[{"a":1]}',
        b'{"receipts":"[1]"}',
    ],
)
def test_what_is_never_a_page_is_never_no_data(start, body: bytes) -> None:
    _, source = start(shop(30), faults=[Fault("body", body=body, times=None)])
    with pytest.raises(SourceRetriable):
        read_all(source)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("compress", times=None),
        Fault("chunked", times=None),
        Fault("unsized", times=None),
    ],
    ids=lambda f: f.kind,
)
def test_whole_answers_count_however_they_are_sent(start, fault: Fault) -> None:
    fault.struck = 0
    server, source = start(shop(30), limit=10, faults=[fault])
    assert len(set(read_all(source))) == 30 and len(server.requests) == 3


@pytest.mark.parametrize(
    "fault",
    [Fault("drip", size=1, every=0.05, times=None), Fault("stall", times=None)],
    ids=lambda f: f.kind,
)
def test_a_request_has_a_total_time(start, fault: Fault) -> None:
    _, source = start(shop(30), faults=[fault], client={"deadline": 0.4, "attempts": 2})
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"within 0\.4 s"):
        read_all(source)
    assert time.monotonic() - began < 12


def test_the_total_time_holds_for_headers_too(scripted, token: str, fake_clock: FakeClock) -> None:
    def dribble(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    http = Http(scripted(dribble), token, deadline=0.4, attempts=2, sleep=fake_clock.sleep)
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        http.get("/receipts", {}, bytes)
    assert time.monotonic() - began < 12


def test_the_total_time_counts_the_time_of_connecting(
    scripted, token: str, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from urllib3.util import connection

    quick = connection.create_connection
    monkeypatch.setattr(
        connection,
        "create_connection",
        lambda *args, **options: (time.sleep(0.6), quick(*args, **options))[1],
    )
    http = Http(
        scripted(lambda connected: time.sleep(8)),
        token,
        deadline=0.3,
        attempts=1,
        sleep=fake_clock.sleep,
    )
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        http.get("/receipts", {}, bytes)
    assert time.monotonic() - began < 20


def test_a_connection_is_used_again_and_survives_a_deadline(start) -> None:
    server, source = start(
        shop(30),
        limit=10,
        faults=[Fault("stall", on=on_page(2))],
        client={"deadline": 0.4},
    )
    assert len(set(read_all(source))) == 30
    assert len(server.requests) == 4


@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "bomb"])
def test_an_answer_has_a_largest_size(start, gzip: bool) -> None:
    _, source = start(
        shop(3),
        faults=[Fault("pad", megabytes=40, gzip=gzip, times=None)],
        client={"byte_cap": 1 << 20},
    )
    tracemalloc.start()
    with pytest.raises(SourceFatal, match="more than 1,048,576 bytes"):
        read_all(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert source.requests == 1, "no retry would make it smaller"
    assert gzip or peak < 400 << 20


def test_a_declared_size_is_refused_before_the_body_is_read(scripted, token: str) -> None:
    sent = []

    def act(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n")
        sent.append(len(connection.recv(1)))  # returns when the client has hung up

    with pytest.raises(SourceFatal, match="more than 67,108,864 bytes"):
        Http(scripted(act), token).get("/receipts", {}, bytes)


def test_a_compressed_bomb_is_not_unpacked_in_memory(scripted, token: str) -> None:
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(300)) + packer.flush()
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    http = Http(
        scripted(lambda connection: connection.sendall(head + bomb)), token, byte_cap=1 << 20
    )
    tracemalloc.start()
    with pytest.raises(SourceFatal, match="more than"):
        http.get("/receipts", {}, bytes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


def test_an_encoding_that_was_not_asked_for_is_not_guessed(
    scripted, token: str, fake_clock: FakeClock
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}"
    http = Http(
        scripted(lambda connection: connection.sendall(answer)),
        token,
        sleep=fake_clock.sleep,
        attempts=2,
    )
    with pytest.raises(SourceRetriable, match="'br'"):
        http.get("/receipts", {}, bytes)


def test_the_total_time_holds_for_the_tls_handshake(token: str, fake_clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never shakes hands
        http = Http(
            f"https://127.0.0.1:{silent.getsockname()[1]}",
            token,
            deadline=0.4,
            attempts=1,
            sleep=fake_clock.sleep,
        )
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            http.get("/receipts", {}, bytes)
        assert time.monotonic() - began < 12


def test_an_unreachable_shop_is_one_sentence(token: str, fake_clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(
        SourceRetriable,
        match=r"GET http://127\.0\.0\.1:\d+/receipts: .*refused.* 8 times; run again later",
    ):
        Http(f"http://127.0.0.1:{port}", token, sleep=fake_clock.sleep).get("/receipts", {}, bytes)


def test_an_odd_success_is_refused(scripted, token: str) -> None:
    http = Http(
        scripted(lambda connection: connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")), token
    )
    with pytest.raises(RefusedRequest, match="204"):
        http.get("/receipts", {}, bytes)


def test_a_fork_opens_connections_of_its_own(start) -> None:
    server, source = start(shop(3))
    assert len(read_all(source)) == 3
    own = source._http._connections()
    child = os.fork()
    if child == 0:
        os._exit(0 if source._http._connections() is not own and len(read_all(source)) == 3 else 1)
    assert len(read_all(source)) == 3
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(server.requests) == 3


def test_threads_share_a_client(start) -> None:
    server, source = start(shop(200), limit=20)
    result: list[int] = []
    threads = [Thread(target=lambda: result.append(len(set(read_all(source))))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert result == [200] * 4 and source.requests == len(server.requests) == 40


def test_a_hung_request_does_not_keep_the_process(scripted, token: str) -> None:
    url = scripted(lambda connection: time.sleep(5))
    code = (
        "import sys; from pipeline.extract.http import Http\n"
        "from pipeline.errors import DeadlineExceeded\n"
        "try: Http(sys.argv[1], sys.argv[2], deadline=0.3, attempts=1).get('/x', {}, bytes)\n"
        "except DeadlineExceeded: sys.exit(7)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, url, token],
        timeout=80,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 7


def test_an_exchange_that_ends_after_its_time_is_too_late() -> None:
    """Also where its last read has brought all that was missing."""
    deadline = Deadline()
    with pytest.raises(TimeUpError), deadline.limit(0.01):
        time.sleep(0.2)
    with deadline.limit(60):
        pass
