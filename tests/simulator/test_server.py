"""The server on the wire: scripted faults do what they say, threads and processes end cleanly,
pages survive concurrency.
"""

from __future__ import annotations

import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pipeline.simulator import Exchange, Server, Shop
from tests.support.book import Book
from tests.support.faults import Fault, on_page, on_path, on_request
from tests.support.other_order import OtherOrder
from tests.support.server import serve

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(stall: Shop, now: datetime):
    with serve(stall, now=lambda: now) as running:
        yield running


def say(server: Server, path: str = "/receipts?limit=3") -> bytes:
    """Everything that the server sends for one GET, until it closes or is silent for a while."""
    parts, heard = urlsplit(server.url), b""
    with socket.create_connection((parts.hostname, parts.port)) as line:
        line.settimeout(0.6)
        line.sendall(
            f"GET {parts.path}{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer"
            f" {server.token}\r\n\r\n".encode()
        )
        try:
            while part := line.recv(65536):
                heard += part
        except TimeoutError:
            pass
    return heard


def test_faults_of_the_answer(server: Server, get: Callable) -> None:
    good = get(server, "/receipts", limit=5).json()
    server.faults += [
        Fault("status", status=503, headers={"Retry-After": "7"}, on=on_request(2)),
        Fault("html", on=on_request(3)),
        Fault("body", body=b"null", on=on_request(4)),
        Fault("utf8", on=on_request(5)),
        Fault("duplicate", on=on_request(6)),
        Fault("reorder", on=on_request(7)),
        Fault("date", skew=None, on=on_request(8)),
        Fault("date", skew=timedelta(minutes=10), on=on_request(9)),
        Fault("ignore", names=("updated_at_min",), on=on_request(10)),
        Fault("overfill", rows=400, on=on_request(11)),
        Fault("pad", megabytes=2, gzip=True, on=on_request(12)),
        Fault(
            "shrink", since=datetime.fromisoformat("2026-11-01T00:00:00+00:00"), on=on_request(13)
        ),
    ]
    answer = get(server, "/receipts")
    assert (answer.status, answer.headers["Retry-After"], answer.json()["errors"][0]["code"]) == (
        503,
        "7",
        "SERVICE_UNAVAILABLE",
    )
    answer = get(server, "/receipts")
    assert (
        answer.status == 200
        and answer.headers["Content-Type"].startswith("text/html")
        and answer.content.startswith(b"<!doctype")
    )
    assert get(server, "/receipts").content == b"null"
    with pytest.raises(UnicodeDecodeError):
        get(server, "/receipts").json()
    doubled = get(server, "/receipts", limit=5).json()["receipts"]
    assert len(doubled) > 5 and {row["receipt_number"] for row in doubled} == {
        row["receipt_number"] for row in good["receipts"]
    }
    shuffled = get(server, "/receipts", limit=5).json()["receipts"]
    assert shuffled != good["receipts"] and all(row in good["receipts"] for row in shuffled)
    assert "Date" not in get(server, "/receipts", limit=1).headers
    assert get(server, "/receipts", limit=1).headers["Date"] == "Mon, 02 Nov 2026 15:10:00 GMT"
    assert (
        get(server, "/receipts", limit=5, updated_at_min="2030-01-01T00:00:00Z").json()["receipts"]
        == good["receipts"]
    )
    assert len(get(server, "/receipts", limit=5).json()["receipts"]) == 400
    bomb = get(server, "/receipts", limit=5)
    assert (
        bomb.headers["Content-Encoding"] == "gzip"
        and len(bomb.content) < 50_000
        and len(gzip.decompress(bomb.content)) > 2 << 20
    )
    assert 0 < len(get(server, "/receipts", limit=250).json()["receipts"]) < 40
    assert get(server, "/receipts", limit=5).json() == good and all(
        fault.struck == 1 for fault in server.faults
    )


def test_faults_of_paging(server: Server, get: Callable, read_pages: Callable) -> None:
    total = read_pages(server, limit=60)
    server.faults = [Fault("loop", on=on_page(3), times=None)]
    cursors, cursor = [], {}
    for _ in range(5):
        cursor = {"cursor": get(server, "/receipts", limit=60, **cursor).json()["cursor"]}
        cursors.append(cursor["cursor"])
    assert len(set(cursors[:2])) == 2 and len(set(cursors[1:])) == 1
    server.faults = [Fault("loop", back=2, on=lambda exchange: exchange.page >= 3, times=None)]
    cursors, cursor = [], {}
    for _ in range(6):
        cursor = {"cursor": get(server, "/receipts", limit=60, **cursor).json()["cursor"]}
        cursors.append(cursor["cursor"])
    assert cursors[2] == cursors[0] and len(set(cursors)) < 5
    server.faults = [Fault("endless", times=None)]
    cursor, seen = total and {}, set()
    for _ in range(len(total) + 4):
        cursor = {"cursor": get(server, "/receipts", limit=60, **cursor).json()["cursor"]}
        seen.add(cursor["cursor"])
    assert len(seen) == len(total) + 4
    server.faults = [Fault("empty", on=on_page(2)), Fault("empty", on=on_page(4))]
    pages = read_pages(server, limit=60)
    assert pages[1] == pages[3] == [] and [row for page in pages for row in page] == [
        row for page in total for row in page
    ]
    server.faults = [Fault("status", status=400, code="INVALID_CURSOR", on=on_page(2))]
    first = get(server, "/receipts", limit=60).json()
    assert (
        get(server, "/receipts", cursor=first["cursor"]).json()["errors"][0]["code"]
        == "INVALID_CURSOR"
    )
    assert get(server, "/receipts", cursor=first["cursor"]).json()["receipts"] == total[1]
    server.faults = [
        Fault("cursor", cursor=None, on=on_page(1)),
        Fault("rows", act=lambda rows: rows[1:], on=on_page(1)),
    ]
    assert read_pages(server, limit=60) == [total[0][1:]]


def test_the_shop_changes_between_two_pages(
    stall: Shop, now: datetime, read_pages: Callable
) -> None:
    book = Book(stall)

    def sell(exchange: Exchange) -> None:
        book.add({"receipt_number": f"5-{exchange.page}"}, instant=now)

    with serve(
        book,
        now=lambda: now,
        faults=[Fault("call", act=sell, times=None, on=lambda exchange: exchange.page > 1)],
    ) as server:
        keyed = [row["receipt_number"] for page in read_pages(server, limit=50) for row in page]
        assert len(keyed) == len(set(keyed)) and not any(
            number.startswith("5-") for number in keyed
        )
    with serve(
        OtherOrder(book, offsets=True),
        now=lambda: now,
        faults=[
            Fault(
                "call",
                act=lambda exchange: book.add(
                    {"receipt_number": f"6-{exchange.number}"}, instant=now
                ),
                times=None,
                on=lambda exchange: exchange.page > 1,
            )
        ],
    ) as server:
        shifted = [row["receipt_number"] for page in read_pages(server, limit=50) for row in page]
        assert len(shifted) > len(set(shifted)), (
            "offsets show rows twice when others come in before them"
        )


def test_a_replica_that_lags(stall: Shop, now: datetime, get: Callable) -> None:
    with serve(stall, now=lambda: now, faults=[Fault("lag", lag=timedelta(days=3))]) as server:
        assert (
            get(server, "/receipts", limit=1).json()["receipts"][0]["created_at"]
            < "2026-10-30T15:00"
        )
        assert get(server, "/receipts", limit=1).json()["receipts"][0]["created_at"] > "2026-11-02"


def test_faults_on_the_wire(server: Server, get: Callable) -> None:
    total = say(server)
    head, _, body = total.partition(b"\r\n\r\n")
    server.faults = [
        Fault("drop", on=on_path("/stores")),
        Fault("drop", after=100, on=on_path("/stores")),
    ]
    for _ in range(2):
        with pytest.raises(
            (ConnectionResetError, http.client.RemoteDisconnected, http.client.HTTPException)
        ):
            get(server, "/stores")
    server.faults = [Fault("truncate")]
    assert say(server) == head + b"\r\n\r\n" + body[: len(body) // 2]
    server.faults = [Fault("short")]
    assert b"Content-Length: %d\r\n" % (len(body) // 2) in (cut := say(server)) and cut.endswith(
        body[: len(body) // 2]
    )
    server.faults = [Fault("unsized", keep=0.9)]
    assert b"Content-Length" not in (cut := say(server)) and cut.endswith(
        b"\r\n\r\n" + body[: int(len(body) * 0.9)]
    )
    server.faults = [Fault("chunked"), Fault("chunked", keep=0.5)]
    assert get(server, "/receipts", limit=3).content == body
    with pytest.raises(http.client.IncompleteRead):
        get(server, "/receipts", limit=3)
    server.faults = [Fault("raw", data=b"SSH-2.0-nonsense\r\n")]
    assert say(server) == b"SSH-2.0-nonsense\r\n"
    server.faults = [Fault("stall")]
    assert say(server) == b""
    server.faults = [Fault("drip", size=len(body) // 3 + 1, every=0.1)]
    began = time.monotonic()
    assert say(server) == total and time.monotonic() - began > 0.3
    for defect in ("cut", "trailer", "crc"):
        server.faults = [Fault("compress", defect=defect)]
        with pytest.raises((EOFError, gzip.BadGzipFile)):
            gzip.decompress(get(server, "/receipts", limit=3).content)
    server.faults = [Fault("status", status=302, headers={"Location": "http://127.0.0.1:1/"})]
    assert get(server, "/receipts").headers["Location"] == "http://127.0.0.1:1/"


def test_a_fault_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="no fault of kind 'explode'"):
        Fault("explode")
    with pytest.raises(TypeError, match="keep_it"):
        Fault("truncate", keep_it=1)


def test_an_error_inside_the_server_fails_the_test(stall: Shop, get: Callable) -> None:
    faults = [Fault("call", act=lambda exchange: 1 / 0)]
    with (
        pytest.raises(ZeroDivisionError),
        serve(stall, faults=faults) as server,
        pytest.raises(http.client.HTTPException),
    ):
        get(server, "/receipts")


def test_many_at_once_and_nothing_left_behind(
    stall: Shop, now: datetime, read_pages: Callable
) -> None:
    threads = threading.active_count()
    with serve(stall, now=lambda: now) as server:
        with ThreadPoolExecutor(8) as pool:
            limits = (250, 90, 120, 70, 250, 111, 60, 99)
            lists = list(
                pool.map(
                    lambda limit: [row for page in read_pages(server, limit=limit) for row in page],
                    limits,
                )
            )
        assert all(entry == lists[0] for entry in lists)
        idle = http.client.HTTPConnection(*urlsplit(server.url).netloc.split(":"))
        for _ in range(2):
            idle.request("GET", "/v1.0/stores", headers={"Authorization": f"Bearer {server.token}"})
            idle.getresponse().read()
        assert len(server.live) == 1, "a connection is kept alive"
    idle.close()
    assert threading.active_count() == threads


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_person_starts_it_and_ends_it(number: signal.Signals, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pipeline.simulator",
        "--now",
        "2026-11-02T15:00Z",
        "--seed",
        "3",
        "--history-days",
        "31",
        "--rate-limit",
        "2/300",
    ]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        url, token = process.stdout.readline().strip(), process.stdout.readline().split()[1]
        answers = []
        for path in (
            "/receipts?limit=1",
            "/receipts?created_at_min=2025-01-01T00:00:00Z",
            "/stores",
        ):
            request = urllib.request.Request(
                url + path, headers={"Authorization": f"Bearer {token}"}
            )
            try:
                with urllib.request.urlopen(request, timeout=80) as response:
                    answers.append(
                        (response.status, json.load(response)["receipts"][0]["created_at"][:10])
                    )
            except urllib.error.HTTPError as error:
                with error:
                    answers.append(error.code)
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait(40) == 0
    assert answers == [(200, "2026-11-02"), 402, 429] and "curl" in rest
