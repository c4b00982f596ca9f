"""HTTP requests to one host: rate-limited, limited in time and size, and retried.

Sends a path with query values or a JSON body, and returns the result of `read` for the complete
body of an answer with status 200. A body is complete if its length, chunks, gzip trailer and
checksum are correct and `read` raises no ValueError; otherwise the request is repeated.

408, 425, 429, 5xx and connection errors are retried with exponential backoff and jitter, not before
the time in Retry-After (at most LONGEST_WAIT), and finally raise SourceRetriable. A redirect raises
SourceFatal; any other status raises RefusedRequest, which the caller explains. Proxies and ~/.netrc
are ignored. The token is sent only to the host of the base address, over TLS unless that is
loopback, and appears in no message. The time limit holds for the whole request: a timer shuts its
socket, even if the peer still sends.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

import requests
import requests.adapters
import tenacity

from pipeline.errors import DeadlineExceeded, SourceError, SourceFatal, SourceRetriable
from pipeline.extract.deadline import Deadline
from pipeline.extract.http_faults import RefusedRequest, TransientError, named_faults
from pipeline.extract.http_values import check_base, check_token, read_date, read_retry_after
from pipeline.extract.outage import is_out, record_answer, record_outage
from pipeline.extract.rate_limit import RATE_REASON, RateLimiter
from pipeline.extract.waits import log_wait

log = logging.getLogger(__name__)

T = TypeVar("T")

CONNECT_SECONDS = 10.0
LONGEST_WAIT = 300.0  # the period of Loyverse's rate limit; a longer wait cannot help
ERROR_BYTES = 64 << 10
RETRIED = frozenset({408, 425, 429})
_NO_HEADERS: Mapping[str, str] = {}


class _Bearer(requests.auth.AuthBase):
    """The Authorization header; without an auth object, requests would use ~/.netrc."""

    def __init__(self, token: str):
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def hide(self, body: bytes) -> bytes:
        """The body of an answer, without the token."""
        return body.replace(self._token.encode(), b"<token>")


class _Call(NamedTuple):
    """One request: a GET with query values, or a POST with a JSON body."""

    method: str
    path: str
    params: Mapping[str, str]
    body: bytes | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Http:
    """GET and POST requests below `base`, each with `headers`.

    Thread-safe; a forked process opens its own connections. One request may take `deadline`
    seconds, and its retries may wait `max_retry_wait` seconds in total. `requests` counts the
    requests sent, `server_time` is the time in the server's last answer, None if it had none.
    """

    def __init__(
        self,
        base: str,
        token: str,
        *,
        rate_limiter: RateLimiter | None = None,
        deadline: float = 60.0,
        byte_cap: int = 64 << 20,
        attempts: int = 8,
        max_retry_wait: float = 300.0,
        ca_bundle: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = lambda: int.from_bytes(os.urandom(4)) / 2**32,
    ):
        self.base, self._auth = check_base(base), _Bearer(check_token(token))
        self._rate_limiter, self._deadline, self._byte_cap = rate_limiter, deadline, byte_cap
        self._verify = ca_bundle or True
        self._clock, self._random, self._local = clock, random, threading.local()
        self._headers = headers
        self.requests = 0
        self.server_time: datetime | None = None
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            wait=self._wait,
            sleep=sleep,
            reraise=True,
            before_sleep=self._warn,
            stop=lambda state: (
                state.attempt_number >= attempts
                or state.idle_for + state.upcoming_sleep > max_retry_wait
                or is_out(self.base)
            ),
        )
        self._attempts, self._max_retry_wait = attempts, max_retry_wait

    def get(self, path: str, params: Mapping[str, str], read: Callable[[bytes], T]) -> T:
        """The result of `read` for the body of the answer.

        Raises SourceRetriable, DeadlineExceeded, RefusedRequest and SourceFatal.
        """
        return self._call(_Call("GET", path, params), read)

    def post(self, path: str, body: bytes, read: Callable[[bytes], T]) -> T:
        """As `get`, for a POST that only reads and so can be repeated."""
        return self._call(_Call("POST", path, {}, body), read)

    def _call(self, call: _Call, read: Callable[[bytes], T]) -> T:
        retrying = self._retrying.copy()
        failure: SourceError
        try:
            answer = retrying(self._attempt, call, read)
            record_answer(self.base)
            return answer
        except TransientError as error:
            record_outage(self.base)
            kind = DeadlineExceeded if isinstance(error, DeadlineExceeded) else SourceRetriable
            tries = retrying.statistics["attempt_number"]
            when = f"in {error.wait:,.0f} s" if error.wait > self._max_retry_wait else "later"
            failure = kind(
                f"{call.method} {self.base}{call.path}: {error}, {tries} times; run again {when},"
                " and look at the address, the network and the API's status page"
            )
        except SourceFatal as error:
            failure = error
            failure.__context__ = None
        # raised outside of the handlers, without context: an exception of the library requests
        # holds the request, and so the token in its headers
        raise failure

    def _warn(self, state: tenacity.RetryCallState) -> None:
        """Log a wait: how long, why, and when the request will be given up."""
        error = _error_of(state)
        call, wait = state.args[0], state.upcoming_sleep
        log.warning("%s: %s; trying again in %.0f s", call, error, wait)
        if state.attempt_number == 1:
            end = "%s: will be given up after %d attempts or %.0f s of waiting"
            log.warning(end, call, self._attempts, self._max_retry_wait)
        log_wait(wait, error.reason, is_logged=True)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds until the next attempt.

        Exponential backoff, or the server's Retry-After if that is longer, at most LONGEST_WAIT,
        plus jitter.
        """
        error = _error_of(state)
        wait = max(error.wait, error.first * 2.0 ** (state.attempt_number - 1))
        return min(LONGEST_WAIT, wait) * (1 + self._random() / 4)

    def _attempt(self, call: _Call, read: Callable[[bytes], T]) -> T:
        if self._rate_limiter:
            self._rate_limiter.take()
        self.requests += 1
        status, body = self._exchange(call)
        if status != 200:
            raise RefusedRequest(f"{call}: HTTP {status}", status, self._auth.hide(body))
        try:
            return read(body)
        except ValueError as error:
            raise TransientError(f"answered HTTP 200 with unexpected content ({error})") from None

    def _exchange(self, call: _Call) -> tuple[int, bytes]:
        session, timer = self._connections()
        with (
            named_faults(self._deadline),
            timer.limit(self._deadline),
            session.request(
                call.method,
                self.base + call.path,
                params=call.params,
                data=call.body,
                auth=self._auth,
                stream=True,
                allow_redirects=False,
                verify=self._verify,
                timeout=(CONNECT_SECONDS, self._deadline + CONNECT_SECONDS),
            ) as answer,
        ):
            self._check(answer, call)
            return answer.status_code, b"".join(self._read(answer, call))

    def _check(self, answer: requests.Response, call: _Call) -> None:
        """Note the server's clock, and raise for a status that needs no body."""
        self.server_time = read_date(answer.headers.get("Date"))
        status = answer.status_code
        if status in RETRIED or status >= 500:
            now = self.server_time or datetime.fromtimestamp(self._clock(), UTC)
            wait = read_retry_after(answer.headers.get("Retry-After"), now)
            asks = f", asking to wait {wait:,.0f} s" if wait > LONGEST_WAIT else ""
            message = f"answered HTTP {status}{asks}"
            if status == 429:  # Loyverse documents no Retry-After
                raise TransientError(message, wait, first=5.0, reason=RATE_REASON + asks)
            raise TransientError(message, wait, reason=f"the API to recover{asks}")
        if 300 <= status < 400:
            raise SourceFatal(
                f"{call}: HTTP {status}, a redirect, which is refused so that the token stays"
                f" with {self.base}; set the address of the API itself"
            )

    def _read(self, answer: requests.Response, call: _Call) -> Iterator[bytes]:
        """The body in pieces, decompressed, complete and within the size limit."""
        encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip"):
            raise TransientError(
                f"answered in the encoding {encoding[:40]!r}, which was not asked for"
            )
        inflate = zlib.decompressobj(31) if encoding == "gzip" else None
        cap = self._byte_cap if answer.status_code == 200 else ERROR_BYTES
        declared = answer.headers.get("Content-Length", "")
        if answer.status_code == 200 and declared.isdecimal() and int(declared[:20]) > cap:
            raise self._too_large(call, cap)
        size = packed = 0
        for piece in answer.raw.stream(1 << 16, decode_content=False):
            packed += len(piece)
            plain = inflate.decompress(piece, cap - size + 1) if inflate else piece
            size += len(plain)
            if max(size, packed) > cap:
                if answer.status_code != 200:
                    return  # the start of an error's body is enough
                raise self._too_large(call, cap)
            yield plain
        if inflate and (not inflate.eof or inflate.unused_data):
            raise TransientError(
                "answered with gzip that is cut off or has more data after its end"
            )

    def _too_large(self, call: _Call, cap: int) -> SourceFatal:
        return SourceFatal(
            f"{call}: more than {cap:,} bytes, larger than any page; check what answers at"
            f" {self.base}"
        )

    def _connections(self) -> tuple[requests.Session, Deadline]:
        """The connections of this thread and process."""
        if getattr(self._local, "pid", None) != os.getpid():
            session, timer = requests.Session(), Deadline()
            adapter = requests.adapters.HTTPAdapter()
            adapter.poolmanager.pool_classes_by_scheme = timer.pools
            session.trust_env = False  # no proxy, certificate store or netrc of the environment
            session.headers.clear()
            session.headers.update(
                {
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip",
                    "User-Agent": "sales-pipeline",
                    **self._headers,
                }
            )
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._local.pid, self._local.connections = os.getpid(), (session, timer)
        return self._local.connections


def _error_of(state: tenacity.RetryCallState) -> TransientError:
    """The error of the last attempt; no other kind is retried."""
    error = state.outcome and state.outcome.exception()
    assert isinstance(error, TransientError)
    return error
