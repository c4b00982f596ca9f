"""Why a partition was made again: what is not as the manifest before says. Pure.

In: the facts of that manifest, and what the partition is made of now: content digests of its inputs
by name, the version of its code, the settings that shape it. Out: a sentence for the log. A
manifest that was written before settings stood in manifests says less.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

SHOWN = 5
_FIELD = re.compile(
    r"(\w+)=((?:\([^()]*\)|[^,()])+)"
)  # of Store(timezone='...', day_starts_at=datetime.time(5, 0), ...)


def plain(shape: Mapping[str, object]) -> dict[str, object]:
    """Settings as a manifest keeps them."""
    return json.loads(json.dumps(shape, default=str))


def rebuild_reason(
    before: Mapping[str, object],
    inputs: Mapping[str, str],
    version: int | str,
    shape: Mapping[str, object],
) -> str:
    """Inputs by name, the code by its version, settings by name and value."""
    if "why" in before:
        return f"it was declared broken ({before['why']})"
    was, shaped = before.get("inputs", {}), before.get("settings")
    changed = sorted(
        name for name in inputs.keys() | was.keys() if inputs.get(name) != was.get(name)
    )
    said = (
        [
            ", ".join(changed[:SHOWN])
            + (f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else "")
        ]
        if changed
        else []
    )
    if before.get("version", version) != version:
        said.append(f"its code changed (version {before['version']} to {version})")
    if shaped is not None:
        now = plain(shape)
        said += [
            f"{name} changed ({told})"
            for name in sorted(now.keys() | shaped.keys())
            if (told := _differ(shaped.get(name), now.get(name)))
        ]
    elif not said:
        said.append("its settings changed; the manifest before does not say which they were")
    return "; ".join(said) or "another edition was published before it"


def _differ(was: object, now: object) -> str:
    """One setting before and now; of a setting by store, and of a store's clock and money, only
    what differs. Empty where nothing does.
    """
    if was == now:
        return ""
    if isinstance(was, dict) and isinstance(now, dict):
        return ", ".join(
            f"{key or 'every store'}: {_differ(was.get(key), now.get(key))}"
            for key in sorted(was.keys() | now.keys())
            if was.get(key) != now.get(key)
        )
    fields = [dict(_FIELD.findall(said)) if isinstance(said, str) else {} for said in (was, now)]
    if fields[0] and fields[0].keys() == fields[1].keys():
        return ", ".join(
            f"{name} {fields[0][name]} to {told}"
            for name, told in fields[1].items()
            if fields[0][name] != told
        )
    return f"{'none' if was is None else was} to {'none' if now is None else now}"
