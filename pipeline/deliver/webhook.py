"""One message to a webhook in Slack's format: {"text": ..., "blocks": [...]}.

The URL is a secret and in no error. https only, http to loopback alone; no redirect, proxy or netrc
is followed. 429, 5xx and unreachable servers are retried, no sooner than Retry-After says; the time
limit of an attempt is total, even when the server answers slowly. Raises RefusedDelivery if
nothing was posted, UnansweredDelivery if it is unknown whether it was.
"""

from __future__ import annotations

import ipaddress
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

import requests

from pipeline.deliver.outcome import RefusedDelivery, TransientDelivery, UnansweredDelivery, retry
from pipeline.errors import ConfigError

_Answer = tuple[int, float]
"""The status of an HTTP answer, and its Retry-After in seconds."""


def check_url(url: str, name: str = "WEBHOOK_URL") -> str:
    """Return an encrypted or loopback URL. Raises ConfigError that does not show it."""
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
            f"{name} is not an https address, or contains a user; copy it again from the page that"
            " gave it to you"
        )
    return url


@dataclass(frozen=True)
class Webhook:
    """An address that takes messages; `seconds` is the time limit of an attempt."""

    url: str = field(repr=False)
    ca_file: str = ""
    seconds: float = 30.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def send(self, payload: Mapping[str, object]) -> None:
        """Post `payload`. Raises RefusedDelivery, UnansweredDelivery."""
        server = f"webhook at {urlsplit(self.url).hostname}"
        retry(server, partial(self._attempt, payload), self.sleep)

    def _attempt(self, payload: Mapping[str, object]) -> None:
        outcome: list[_Answer | Exception] = []
        worker = threading.Thread(target=self._post, args=(payload, outcome), daemon=True)
        worker.start()
        worker.join(self.seconds)
        answer = outcome[0] if outcome else requests.exceptions.ReadTimeout()
        if isinstance(answer, requests.exceptions.SSLError):
            raise RefusedDelivery("its certificate is not accepted; nothing was posted")
        if isinstance(answer, ValueError):
            raise RefusedDelivery("its address is not valid; nothing was posted")
        if isinstance(answer, requests.exceptions.ConnectTimeout) or (
            type(answer) is requests.exceptions.ConnectionError and _is_unconnected(answer)
        ):
            raise TransientDelivery("not reachable")
        if isinstance(answer, Exception):
            raise UnansweredDelivery(
                f"gave no complete answer ({type(answer).__name__}); the message may be there"
            )
        status, wait = answer
        if status == 429 or status >= 500:
            raise TransientDelivery(f"answered HTTP {status}", wait)
        if not 200 <= status < 300:
            redirected = " (a redirect is not followed)" * (300 <= status < 400)
            raise RefusedDelivery(f"answered HTTP {status}; check its address{redirected}")

    def _post(self, payload: Mapping[str, object], outcome: list[_Answer | Exception]) -> None:
        try:
            with requests.Session() as session:
                session.trust_env = False
                with session.post(
                    self.url,
                    data=json.dumps(payload),
                    headers={"Content-Type": "application/json"},
                    allow_redirects=False,
                    stream=True,
                    timeout=(10, self.seconds),
                    verify=self.ca_file or True,
                ) as answer:
                    wait = answer.headers.get("Retry-After", "")
                    seconds = float(wait) if wait.isascii() and wait.isdigit() else 0.0
                    outcome.append((answer.status_code, seconds))
        except (requests.exceptions.RequestException, OSError, ValueError) as error:
            outcome.append(error)


def _is_unconnected(error: requests.exceptions.ConnectionError) -> bool:
    """Whether no connection was made, so that nothing can have been posted."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in {
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeoutError",
    }
