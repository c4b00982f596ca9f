"""What needs attention, and the traffic light.

At most five findings of the other sections, the largest amounts first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from reports.page import Finding, Section
from reports.values import Money, text

MOST = 5


def attention(
    findings: Iterable[Finding], light: Literal["green", "amber", "red"], currency: str
) -> Section:
    """Urgent findings (money that does not add up) first, then by amount.

    One position is kept for a minor finding.
    """
    ordered = sorted(findings, key=lambda f: (not f.urgent, -f.size, f.section))
    minor = [f for f in ordered if f.minor][:1]
    ranked = [f for f in ordered if not f.minor][: MOST - len(minor)] + minor
    sentences = () if ranked else (text("attention.none"),)
    return Section(
        "attention",
        sentences,
        attention=tuple(ranked),
        light=light,
        figures={
            "light": light,
            "findings": [
                {
                    "key": f.sentence.key,
                    "section": f.section,
                    "size": Money(f.size, currency),
                    "urgent": f.urgent,
                }
                for f in ranked
            ],
        },
    )
