"""Section 3: what needs attention.

At most five findings of the other sections, the dearest first, and the light.
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
    """Urgent findings (money that does not tie) before all others, then by their size in money; one
    place for a minor one.
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
