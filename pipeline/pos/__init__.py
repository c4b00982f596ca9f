"""Points of sale: one folder each, and one line each in SOURCES.

A point of sale keeps the contract of `source.py`: pages of verbatim records, and a catalog. Its
module is imported when it is opened, so that a lake can be read without it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pipeline.errors import ConfigError
from pipeline.pos.source import Source

SOURCES = {
    "loyverse": "pipeline.pos.loyverse.client:open_loyverse",
    "files": "pipeline.pos.files:open_files",
}


def open_source(name: str, **options: Any) -> Source:
    """Open the source of that name in SOURCES. Raises ConfigError for an unknown name."""
    if name not in SOURCES:
        raise ConfigError(
            f"[pos] source = {name!r} is unknown; known are {', '.join(sorted(SOURCES))}"
        )
    module, _, function = SOURCES[name].partition(":")
    source: Source = getattr(import_module(module), function)(**options)
    return source
