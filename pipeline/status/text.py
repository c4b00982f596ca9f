"""A Status in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from pipeline.status.before_history import format_before_history, format_quarantined
from pipeline.status.read import Status

_MAX_NAMED = 8


def format_status(status: Status) -> str:
    """The status in lines for a terminal."""
    if status.last_window is None:
        return "\n".join(status.warnings)
    truncated = ", ".join(
        f"{day}: nothing created before {instant}" for day, instant in status.truncated.items()
    )
    quarantined = ", ".join(f"{day}: {count}" for day, count in status.quarantined.items())
    age = f"{status.age_hours:,.1f}" if status.age_hours is not None else "unknown"
    lines = [
        f"last window      {status.last_window}, closed {age} hours ago"
        f"{'   STALE' if status.is_stale else ''}",
        *(_format_source(name, source) for name, source in status.sources.items()),
        f"missing windows  {', '.join(status.gaps) or 'none'}",
        f"truncated        {truncated or 'none'}",
        f"in quarantine    {quarantined or 'none'} (last 14 days)",
        *_format_missing(status),
    ]
    if status.new_fields:
        fields = ", ".join(f"{path} since {day}" for path, day in status.new_fields.items())
        lines.append(f"new fields       {fields} (kept in raw, in no table)")
    lines += [
        f"no receipts      {format_silent_store(status, store, day)}"
        for store, day in status.silent.items()
    ]
    lines += [
        f"cash drawers     no shifts{f' of {name}' if name else ''}: {why}"
        for name, why in status.no_shifts.items()
    ]
    lines += format_quarantined(status.quarantined_records)
    lines += format_before_history(status.outside, status.history_starts)
    lines += _format_receipts(status)
    return "\n".join([*lines, *status.warnings])


def _format_source(name: str, source: Mapping[str, Any]) -> str:
    """One line about a source, of a lake with several sources."""
    if source["last_window"] is None:
        return f"  {name:<15}nothing has been extracted yet   STALE"
    gaps = f", missing windows: {', '.join(source['gaps'])}" if source["gaps"] else ""
    stale = "   STALE" if source["is_stale"] else ""
    return f"  {name:<15}{source['last_window']}, {source['age_hours']:,.1f} hours ago{gaps}{stale}"


def _format_missing(status: Status) -> Iterator[str]:
    numbers = [number for of_device in status.missing_numbers.values() for number in of_device]
    if not numbers:
        return
    more = f" and {len(numbers) - _MAX_NAMED} more" if len(numbers) > _MAX_NAMED else ""
    line = (
        f"missing numbers  {', '.join(numbers[:_MAX_NAMED])}{more} (an offline device sends them"
        " when it is online again; otherwise run: pos rescan)"
    )
    if status.unknown:
        others = " and others" if len(status.unknown) > _MAX_NAMED else ""
        line += (
            f"; requested {', '.join(status.unknown[:_MAX_NAMED])}{others}, but the POS does not"
            " know them"
        )
    yield line


def _format_receipts(status: Status) -> Iterator[str]:
    stores = sorted({store for counts in status.receipts.values() for store in counts})
    if not stores:
        return
    names = [status.stores.get(store, store) for store in stores]
    widths = [max(7, len(name)) for name in names]
    yield "receipts         " + "  ".join(
        f"{name:>{width}}" for name, width in zip(names, widths, strict=True)
    )
    for day, counts in status.receipts.items():
        yield f"  {day}     " + "  ".join(
            f"{counts.get(store, 0):>{width},}" for store, width in zip(stores, widths, strict=True)
        )


def format_silent_store(status: Status, store: str, day: str) -> str:
    """A sentence about a store that stopped sending."""
    if not store:
        return "from any store in the last days of the lake; was the shop closed?"
    name, last = status.stores.get(store, store), date.fromisoformat(status.last_window or day)
    days = (last - date.fromisoformat(day)).days
    return f"{name}: since {day}, {days} days; was it closed, or did it stop sending data?"
