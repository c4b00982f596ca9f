"""Reason why a partition was rebuilt: what differs from its manifest before.

Compares the metadata of that manifest with what the partition is built from now: content digests of
its inputs by name, the version of its code, its settings. Returns a phrase for the log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MAX_INPUTS = 5
# a field of Store(timezone='...', day_starts_at=datetime.time(5, 0), ...)
_FIELD = re.compile(r"(\w+)=((?:\([^()]*\)|[^,()])+)")


def settings_as_json(settings: Mapping[str, object]) -> dict[str, Any]:
    """Settings as a manifest stores them."""
    return json.loads(json.dumps(settings, default=str))


def rebuild_reason(
    before: Mapping[str, Any],
    inputs: Mapping[str, str],
    version: int | str,
    settings: Mapping[str, object],
) -> str:
    """Changed inputs by name, the code by its version, settings by name and value."""
    if "why" in before:
        return f"it was invalidated ({before['why']})"
    reasons = [
        *_changed_inputs(before.get("inputs", {}), inputs),
        *_changed_code(before.get("version", version), version),
        *_changed_settings(before.get("settings"), settings_as_json(settings)),
    ]
    return "; ".join(reasons) or "another version was published before it"


def _changed_inputs(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    names = sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
    if names:
        more = f" and {len(names) - MAX_INPUTS} more" if len(names) > MAX_INPUTS else ""
        yield ", ".join(names[:MAX_INPUTS]) + more


def _changed_code(before: int | str, now: int | str) -> Iterator[str]:
    if before != now:
        yield f"its code changed (version {before} to {now})"


def _changed_settings(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> Iterator[str]:
    if before is None:
        return
    for name in sorted(now.keys() | before.keys()):
        if difference := _difference(before.get(name), now.get(name)):
            yield f"{name} changed ({difference})"


def _difference(before: object, now: object) -> str:
    """One setting before and now, reduced to what differs; empty where nothing does."""
    if before == now:
        return ""
    if isinstance(before, dict) and isinstance(now, dict):
        return ", ".join(
            f"{key or 'every store'}: {_difference(before.get(key), now.get(key))}"
            for key in sorted(before.keys() | now.keys())
            if before.get(key) != now.get(key)
        )
    old, new = (
        dict(_FIELD.findall(value)) if isinstance(value, str) else {} for value in (before, now)
    )
    if old and old.keys() == new.keys():
        return ", ".join(
            f"{name} {old[name]} to {value}" for name, value in new.items() if old[name] != value
        )
    return f"{'none' if before is None else before} to {'none' if now is None else now}"
