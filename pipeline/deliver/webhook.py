"""One message to a webhook in Slack's format: {"text": ..., "blocks": [...]}.

The URL is a secret and in no error. https only, http to loopback alone; no redirect, proxy or netrc
is followed. 429, 5xx and servers that cannot be reached are tried again, no sooner than Retry-After
asks; the time of one try is total, however slowly the server answers. Raises Refused where
certainly nothing was posted, Unanswered where nobody knows.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
import tenacity

from pipeline.deliver.outcome import Refused, Unanswered
from pipeline.errors import ConfigError

LONGEST_WAIT = 60.0


class _TransientError(Refused):
    """Not posted, in a way that may pass; `wait` seconds were asked for."""

    def __init__(self, message: str, wait: float = 0.0):
        super().__init__(message)
        self.wait = wait


def check_url(url: str) -> str:
    """`url`, if a message can go there unread by others. Raises ConfigError, without showing it."""
    parts = urlsplit(url)
    try:
        is_loopback = (
            parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
        )
    except ValueError:
        is_loopback = False
    if (
        not parts.hostname
        or parts.username
        or (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback))
    ):
        raise ConfigError(
            "WEBHOOK_URL is not an https address, or holds a user; copy it again from Slack's"
            " Incoming Webhooks"
        )
    return url


@dataclass(frozen=True)
class Webhook:
    """An address that takes messages; `seconds` is the total time of one try."""

    url: str = field(repr=False)
    ca_file: str = ""
    seconds: float = 30.0
    attempts: int = 4
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def send(self, payload: Mapping[str, object]) -> None:
        """Post `payload`. Raises Refused, Unanswered."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TransientError),
            sleep=self.sleep,
            reraise=True,
            stop=tenacity.stop_after_attempt(self.attempts) | tenacity.stop_after_delay(60),
            wait=lambda state: min(
                LONGEST_WAIT, max(state.outcome.exception().wait, 2.0**state.attempt_number)
            ),
        )
        try:
            retrying(self._attempt, payload)
        except (Refused, Unanswered) as error:
            kind = Unanswered if isinstance(error, Unanswered) else Refused
            failure = kind(f"webhook at {urlsplit(self.url).hostname}: {error}")
        else:
            return
        # here, where nothing hangs on it: the exceptions of requests hold the address
        raise failure

    def _attempt(self, payload: Mapping[str, object]) -> None:
        outcome: list[int | str | Exception] = []
        worker = threading.Thread(target=self._post, args=(payload, outcome), daemon=True)
        worker.start()
        worker.join(self.seconds)
        said = outcome[0] if outcome else requests.exceptions.ReadTimeout()
        if isinstance(said, requests.exceptions.SSLError):
            raise Refused("its certificate is not accepted; nothing was posted")
        if isinstance(said, requests.exceptions.ConnectTimeout) or (
            type(said) is requests.exceptions.ConnectionError and _is_unheard(said)
        ):
            raise _TransientError("could not be reached")
        if isinstance(said, Exception):
            raise Unanswered(
                f"gave no complete answer ({type(said).__name__}); the message may be there"
            )
        status, wait = said
        if status == 429 or status >= 500:
            raise _TransientError(f"answered HTTP {status}", wait)
        if not 200 <= status < 300:
            raise Refused(
                f"answered HTTP {status}; see WEBHOOK_URL"
                + (" (a redirect is not followed)" if 300 <= status < 400 else "")
            )

    def _post(self, payload: Mapping[str, object], outcome: list) -> None:
        try:
            with requests.Session() as session:
                session.trust_env = False
                with session.post(
                    self.url,
                    json=payload,
                    allow_redirects=False,
                    stream=True,
                    timeout=(10, self.seconds),
                    verify=self.ca_file or True,
                ) as answer:
                    asked = answer.headers.get("Retry-After", "")
                    outcome.append(
                        (
                            answer.status_code,
                            float(asked) if asked.isascii() and asked.isdigit() else 0.0,
                        )
                    )
        except (requests.exceptions.RequestException, OSError) as error:
            outcome.append(error)


def _is_unheard(error: requests.exceptions.ConnectionError) -> bool:
    """Whether the connection never came about, so that nothing can have been posted."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in {
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeoutError",
    }
