"""A real SMTP server that demands STARTTLS, and a real webhook, both on loopback; each does what a
test wants.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex

import pytest

from tests.support.receivers import Channel


@pytest.fixture
def channel() -> Iterator[Channel]:
    found, ended = Channel(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, headers, seconds = found.answers.pop(0) if found.answers else (200, {}, 0)
            ended.wait(seconds)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/services/{token_hex(12)}"
    yield found
    ended.set()
    server.shutdown()
    server.server_close()
    thread.join()
