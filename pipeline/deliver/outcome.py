"""Errors of a delivery, by what is known about the message."""

from pipeline.errors import DeliveryError


class RefusedDelivery(DeliveryError):
    """It was certainly not sent: the server refused it, or was not reached."""


class UnansweredDelivery(DeliveryError):
    """It was handed over and no answer came; it may have been sent."""


class Abandoned(DeliveryError):
    """It was handed over several times without an answer; it is not tried again."""
