"""How many random inputs a test tries."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import settings

T = TypeVar("T")


def tries(few: T, many: T) -> T:
    """`few`, or `many` in the scheduled job, which draws new inputs daily."""
    return few if settings.default.derandomize else many
