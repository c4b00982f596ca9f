"""How many random inputs a test tries."""

from __future__ import annotations

from hypothesis import settings


def tries(few: int, many: int) -> int:
    """`few` in each run of the tests; `many` in the scheduled job, which draws new inputs daily."""
    return few if settings.default.derandomize else many
