"""The traffic light, and the five findings of other sections that weigh most."""

from __future__ import annotations

from collections.abc import Sequence

from reports.figures import Figures
from reports.issue import Issue
from reports.page import Section
from reports.sections.data_state import light_of
from reports.values import Money, text

MOST = 5


def attention(figures: Figures, issue: Issue, sections: Sequence[Section]) -> Section:
    """Urgent findings first, then by amount; the last place is for a minor one."""
    light = light_of(figures.total, issue.state)
    findings = [finding for section in sections for finding in section.findings]
    ordered = sorted(findings, key=lambda f: (not f.urgent, -f.size, f.section))
    minor = [f for f in ordered if f.minor][:1]
    ranked = [f for f in ordered if not f.minor][: MOST - len(minor)] + minor
    sentences = () if ranked else (text("attention.none"),)
    stated = {
        "light": light,
        "findings": [
            {
                "key": f.sentence.key,
                "section": f.section,
                "size": Money(f.size, figures.currency),
                "urgent": f.urgent,
            }
            for f in ranked
        ],
    }
    return Section("attention", sentences, attention=ranked, light=light, figures=stated)
