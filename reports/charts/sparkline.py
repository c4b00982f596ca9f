"""A line without axes for the index page, drawn without importing matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

WIDE, HIGH = 320, 48
FAINT, BLUE = "#d9dde3", "#0072b2"
"""As in `style`, which imports matplotlib."""


def sparkline(values: Sequence[int]) -> bytes:
    """`values` from zero up, a dot on the last one."""
    high = max([*values, 1])
    step = Decimal(WIDE - 8) / max(len(values) - 1, 1)
    points = [
        (4 + step * i, HIGH - 5 - Decimal(max(value, 0)) / high * (HIGH - 10))
        for i, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}"><path d="M0'
        f' {HIGH - 5}H{WIDE}" stroke="{FAINT}"/><polyline points="{line}" fill="none"'
        f' stroke="{BLUE}" stroke-width="2"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"'
        f' fill="{BLUE}"/></svg>'
    ).encode()
