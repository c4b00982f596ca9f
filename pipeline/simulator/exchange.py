"""One request and its answer, for the server and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import responses
from typing import Any


@dataclass
class Exchange:
    """One request and its answer."""

    method: str
    path: str  # below /v1.0, e.g. "/receipts"
    params: dict[str, str]
    now: int
    arrival: float  # seconds of the server's `clock`
    rules: Any  # of the API that is served
    request_headers: Mapping[str, str]  # names in lower case
    request_body: bytes
    status: int = 200
    headers: dict[str, str] = field(
        default_factory=lambda: {"Content-Type": "application/json; charset=utf-8"}
    )
    listing: Any = None  # one page of a list, of the API that is served
    content: bytes | None = None  # the body, if it is not a listing's

    def body(self) -> bytes:
        if self.content is None and self.listing is not None:
            return bytes(self.listing.body())
        return self.content or b""

    def head(self, *header_lines: str) -> bytes:
        """Status line and headers."""
        headers = [f"{name}: {value}" for name, value in self.headers.items()]
        reason = responses.get(self.status, "STATUS")
        lines = [f"HTTP/1.1 {self.status} {reason}", *headers, *header_lines, "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def message(self) -> bytes:
        """The answer as it is sent."""
        body = self.body()
        return self.head(f"Content-Length: {len(body)}") + body
