"""Square's arithmetic in minor units: halves to even, each tax rounded once.

Source: the API's guide to price adjustments, and results that integrators reported
(tests/fixtures/square/rounding_cases.json). Order of steps: gross, discounts, charges of the
subtotal phase, taxes, charges of the total phase. A tax is rounded once, on the sum of all that it
applies to; cumulative rounding then gives each line its share, so the shares add up to the tax.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

_SCALE = 100_000  # percentages have at most five decimals


def half_even(numerator: int, denominator: int) -> int:
    """Integer nearest to a quotient; a half goes to the even neighbour."""
    quotient, remainder = divmod(numerator, denominator)
    return quotient + (
        2 * remainder > denominator or (2 * remainder == denominator and quotient % 2 == 1)
    )


@lru_cache(maxsize=256)
def _scaled(percentage: Decimal) -> int:
    scaled = percentage * _SCALE
    if scaled != int(scaled):
        raise ValueError(f"{percentage} % has more than five decimals")
    return int(scaled)


def percent_of(base: int, percentage: Decimal) -> int:
    """`percentage` of `base`, rounded once."""
    return half_even(base * _scaled(percentage), 100 * _SCALE)


def tax_shares(bases: Sequence[int], percentage: Decimal, inclusive: bool) -> list[int]:
    """Tax on the sum of `bases`, split over them by cumulative rounding."""
    rate = _scaled(percentage)
    divisor = 100 * _SCALE + (rate if inclusive else 0)
    shares, base, given = [], 0, 0
    for part in bases:
        base += part
        total = half_even(base * rate, divisor)
        shares.append(total - given)
        given = total
    return shares
