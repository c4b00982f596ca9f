"""The traffic light, and the five most important findings of other sections."""

from __future__ import annotations

from collections.abc import Sequence

from reports.document import Section
from reports.figures import Figures
from reports.sections.data_state import traffic_light
from reports.values import Money, text
from reports.version_context import VersionContext

MAX_FINDINGS = 5


def attention(figures: Figures, context: VersionContext, sections: Sequence[Section]) -> Section:
    """Urgent findings first, then by amount; the last place is for a minor one."""
    light = traffic_light(figures.total, context.state)
    findings = [finding for section in sections for finding in section.findings]
    ordered = sorted(findings, key=lambda f: (not f.urgent, -f.size, f.section))
    minor = [f for f in ordered if f.minor][:1]
    ranked = [f for f in ordered if not f.minor][: MAX_FINDINGS - len(minor)] + minor
    sentences = () if ranked else (text("attention.none"),)
    figures_out = {
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
    return Section("attention", sentences, attention=ranked, light=light, figures=figures_out)
