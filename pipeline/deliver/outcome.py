"""Errors of a delivery, by what is known about the message; its retries."""

from __future__ import annotations

from collections.abc import Callable

import tenacity

from pipeline.errors import DeliveryError

LONGEST_WAIT = 60.0


class RefusedDelivery(DeliveryError):
    """It was certainly not sent: the server refused it, or was not reached."""


class TransientDelivery(RefusedDelivery):
    """It was not sent because of a temporary fault; retry after `wait` seconds."""

    def __init__(self, message: str, wait: float = 0.0):
        super().__init__(message)
        self.wait = wait


class UnansweredDelivery(DeliveryError):
    """It was handed over and no answer came; it may have been sent."""


class Abandoned(DeliveryError):
    """It was handed over several times without an answer; it is not tried again."""


def retry(server: str, send: Callable[[], None], sleep: Callable[[float], None]) -> None:
    """Send, again after a TransientDelivery, for about a minute; errors name `server`."""
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TransientDelivery),
        wait=_wait,
        stop=tenacity.stop_after_attempt(4) | tenacity.stop_after_delay(60),
        sleep=sleep,
        reraise=True,
    )
    try:
        retrying(send)
    except (RefusedDelivery, UnansweredDelivery) as error:
        kind = UnansweredDelivery if isinstance(error, UnansweredDelivery) else RefusedDelivery
        failure = kind(f"{server}: {error}")
    else:
        return
    raise failure  # outside of except: its context may hold the address, or what was sent


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds before the next attempt."""
    error = state.outcome.exception() if state.outcome else None
    required = error.wait if isinstance(error, TransientDelivery) else 0.0
    return min(LONGEST_WAIT, max(required, 2.0**state.attempt_number))
