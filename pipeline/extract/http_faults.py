"""Why an HTTP request failed: refused, or worth another attempt."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import urllib3

from pipeline.errors import DeadlineExceeded, SourceFatal, SourceRetriable
from pipeline.extract.deadline import TimeUpError


class RefusedRequest(SourceFatal):
    """An answer that is neither a success nor retried: status and start of the body."""

    def __init__(self, message: str, status: int, body: bytes):
        super().__init__(message)
        self.status, self.body = status, body


class TransientError(SourceRetriable):
    """A failed attempt that is worth a retry.

    `wait` is the number of seconds that the server asked for, `first` that of the first backoff;
    `reason` says what the wait is for.
    """

    def __init__(
        self,
        message: str,
        wait: float = 0.0,
        first: float = 1.0,
        reason: str = "the API to recover",
    ):
        super().__init__(message)
        self.wait, self.first, self.reason = wait, first, reason


class TransientDeadlineError(TransientError, DeadlineExceeded):
    """An attempt that did not end in its time."""


@contextmanager
def named_faults(seconds: float) -> Iterator[None]:
    """Connection errors as ours, without a reference to the request and its headers."""
    try:
        yield
    except TimeUpError:
        raise TransientDeadlineError(f"no complete answer within {seconds:g} s") from None
    except (urllib3.exceptions.HTTPError, zlib.error, OSError) as error:  # requests' are OSErrors
        reason = getattr(error.args[0] if error.args else None, "reason", None) or error
        description = f"{type(reason).__name__}: {reason}"[:300]
        if "CERTIFICATE_VERIFY_FAILED" in description:
            raise SourceFatal(
                f"the server's certificate is not accepted ({description}); check the address and"
                " this machine's clock"
            ) from None
        raise TransientError(description) from None
