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
from urllib.parse import urlsplit

import requests
import tenacity

from pipeline.deliver.outcome import RefusedDelivery, UnansweredDelivery
from pipeline.errors import ConfigError

LONGEST_WAIT = 60.0


class _TransientError(RefusedDelivery):
    """Not posted because of a temporary fault; retry after `wait` seconds."""

    def __init__(self, message: str, wait: float = 0.0):
        super().__init__(message)
        self.wait = wait


def check_url(url: str, name: str = "WEBHOOK_URL") -> str:
    """Return `url` if it is encrypted or loopback.

    Raises ConfigError, whose message names the setting and does not show the URL.
    """
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


def escape_slack(text: str) -> str:
    """Return `text` without effect in Slack's markup: no link, mention, bold or code."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("*", "∗").replace("`", "ˋ")


@dataclass(frozen=True)
class _Answer:
    """The status of an HTTP answer, and its Retry-After in seconds."""

    status: int
    wait: float


@dataclass(frozen=True)
class Webhook:
    """An address that takes messages; `seconds` is the time limit of an attempt."""

    url: str = field(repr=False)
    ca_file: str = ""
    seconds: float = 30.0
    attempts: int = 4
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def send(self, payload: Mapping[str, object]) -> None:
        """Post `payload`. Raises RefusedDelivery, UnansweredDelivery."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TransientError),
            sleep=self.sleep,
            reraise=True,
            stop=tenacity.stop_after_attempt(self.attempts) | tenacity.stop_after_delay(60),
            wait=_wait,
        )
        try:
            retrying(self._attempt, payload)
        except (RefusedDelivery, UnansweredDelivery) as error:
            kind = UnansweredDelivery if isinstance(error, UnansweredDelivery) else RefusedDelivery
            failure = kind(f"webhook at {urlsplit(self.url).hostname}: {error}")
        else:
            return
        raise failure  # outside of except: the exceptions of requests hold the address

    def _attempt(self, payload: Mapping[str, object]) -> None:
        outcome: list[_Answer | Exception] = []
        worker = threading.Thread(target=self._post, args=(payload, outcome), daemon=True)
        worker.start()
        worker.join(self.seconds)
        answer = outcome[0] if outcome else requests.exceptions.ReadTimeout()
        if isinstance(answer, requests.exceptions.SSLError):
            raise RefusedDelivery("its certificate is not accepted; nothing was posted")
        if isinstance(answer, requests.exceptions.ConnectTimeout) or (
            type(answer) is requests.exceptions.ConnectionError and _is_unconnected(answer)
        ):
            raise _TransientError("not reachable")
        if isinstance(answer, Exception):
            raise UnansweredDelivery(
                f"gave no complete answer ({type(answer).__name__}); the message may be there"
            )
        if answer.status == 429 or answer.status >= 500:
            raise _TransientError(f"answered HTTP {answer.status}", answer.wait)
        if not 200 <= answer.status < 300:
            redirected = " (a redirect is not followed)" * (300 <= answer.status < 400)
            raise RefusedDelivery(f"answered HTTP {answer.status}; check its address{redirected}")

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
                    outcome.append(_Answer(answer.status_code, seconds))
        except (requests.exceptions.RequestException, OSError) as error:
            outcome.append(error)


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds before the next attempt."""
    error = state.outcome.exception() if state.outcome else None
    required = error.wait if isinstance(error, _TransientError) else 0.0
    return min(LONGEST_WAIT, max(required, 2.0**state.attempt_number))


def _is_unconnected(error: requests.exceptions.ConnectionError) -> bool:
    """Whether no connection was made, so that nothing can have been posted."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in {
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeoutError",
    }
