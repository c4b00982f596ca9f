"""Cancellation of receipts in the back office: whether and when."""

from __future__ import annotations

from pipeline.simulator.chance import Random

_POSITION, _SHARE = 7, 0.055  # of eight sales the position whose share is cancelled
_REFUND_SHARE = 0.02
LONGEST_CANCELLATION = 20  # days; the look-up of updates relies on it


def cancellation(rng: Random, created: int, position: int) -> int:
    """Second at which the back office cancels the receipt; 0 if it never does."""
    chance = _REFUND_SHARE if position < 0 else _SHARE if position % 8 == _POSITION else 0.0
    if not chance or rng.random() >= chance:
        return 0
    draw = rng.random()
    hours = 6 if draw < 0.4 else 5 * 24 if draw < 0.8 else (LONGEST_CANCELLATION - 1) * 24
    return created + 120 + int(rng.random() * (hours * 3600))
