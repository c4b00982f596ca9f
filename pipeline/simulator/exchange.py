"""One request and its answer, for the server, the API and the scripted faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.simulator.loyverse.protocol import ApiError, Page

CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    402: "PAYMENT_REQUIRED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    429: "RATE_LIMITED",
    500: "INTERNAL_SERVER_ERROR",
    503: "SERVICE_UNAVAILABLE",
}


@dataclass
class Exchange:
    """One request and its answer; `page` is the page's number in its list, from 1."""

    number: int  # of this server's requests, from 1
    method: str
    path: str  # below /v1.0, e.g. "/receipts"
    params: dict[str, str]
    page: int
    now: int
    rules: Any  # of the API that is served
    # Cursors of the requests on this path so far; the last one is this request's.
    cursors: Callable[[], list[str | None]]
    status: int = 200
    headers: dict[str, str] = field(
        default_factory=lambda: {"Content-Type": "application/json; charset=utf-8"}
    )
    listing: Page | Any = None  # one page of a list, of the API that is served
    content: bytes | None = None  # the body, if it is not a listing's
    request_headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    request_body: bytes = b""
    failure: type[ApiError] = ApiError  # error class of the API that is served

    def body(self) -> bytes:
        if self.content is None and self.listing is not None:
            return bytes(self.listing.body())
        return self.content or b""

    def head(self, length: int | None, *header_lines: str) -> bytes:
        """Status line and headers; `length` is the Content-Length, None omits it."""
        code = CODES.get(self.status, "OK" if self.status < 300 else "STATUS")
        headers = [f"{name}: {value}" for name, value in self.headers.items()]
        size = [] if length is None else [f"Content-Length: {length}"]
        lines = [f"HTTP/1.1 {self.status} {code}", *headers, *header_lines, *size, "", ""]
        return "\r\n".join(lines).encode("latin-1")
