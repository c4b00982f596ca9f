"""An HTTP proxy that loses or tears responses of an S3 server by a rule."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PASS, LOSE, TEAR = "pass", "lose", "tear"
Rule = Callable[[str, str], str | tuple[int, str]]
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}


@contextmanager
def proxied(endpoint: str, rule: Rule, *, strip: tuple[str, ...] = ()) -> Iterator[str]:
    """Start a proxy before `endpoint` and return its endpoint.

    `rule(command_name, path)` decides about a request: PASS; LOSE (carried out, the
    response is lost); TEAR (the body of the response breaks off); or (status, S3 error code)
    without asking the server.
    """
    target = urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fate = rule(self.command, self.path)
            if isinstance(fate, tuple):
                text = f"<Error><Code>{fate[1]}</Code><Message>by rule</Message></Error>".encode()
                return self.answer(fate[0], {"Content-Type": "application/xml"}, text)
            connection = http.client.HTTPConnection(target, timeout=120)
            try:
                headers = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower() not in (*_HOP, *strip)
                }
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                text = answer.read()
            finally:
                connection.close()
            if fate == LOSE and answer.status < 300:
                self.close_connection = True
                return self.connection.close()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            if self.command == "HEAD":
                kept["Content-Length"] = answer.getheader("Content-Length", "0")
            return self.answer(answer.status, kept, text, torn=fate == TEAR)

        def answer(
            self, status: int, headers: dict[str, str], body: bytes, torn: bool = False
        ) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[: len(body) // 2] if torn else body)
            self.close_connection = torn

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # a client that hangs up is what these tests are about

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def first(command_name: str, fate: str | tuple[int, str], times: int = 1, within: str = "") -> Rule:
    """A rule: `fate` for the first `times` requests with `within` in their path."""
    met: list[str] = []
    turn = threading.Lock()

    def rule(request: str, path: str) -> str | tuple[int, str]:
        with turn:
            if request == command_name and within in path and len(met) < times:
                met.append(path)
                return fate
        return PASS

    return rule
