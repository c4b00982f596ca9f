"""How a delivery can fail, by what is known of it afterwards."""

from pipeline.errors import DeliveryError


class Refused(DeliveryError):
    """It was certainly not sent: the server said no, or was never asked."""


class Unanswered(DeliveryError):
    """It was handed over, and no answer came: nobody knows whether it was sent."""


class Abandoned(DeliveryError):
    """It was handed over several times without an answer; it is not tried again."""
