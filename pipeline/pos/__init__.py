"""Points of sale: a folder for each vendor, and saved files (`files.py`).

A point of sale implements the contract of `source.py` and has one line each in SOURCES and READERS;
`files` is read with the reader of the point of sale that the files come from. A module is imported
when it is opened, so that a lake can be read without it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from pipeline.errors import ConfigError
from pipeline.pos.source import ExportForm, Reader, Source

SOURCES = {
    "loyverse": "pipeline.pos.loyverse.client:open_loyverse",
    "square": "pipeline.pos.square.client:open_square",
    "files": "pipeline.pos.files:open_files",
}
READERS = {"loyverse": "pipeline.pos.loyverse.reader", "square": "pipeline.pos.square.reader"}


def open_source(name: str, **options: Any) -> Source:
    """Open the source of that name in SOURCES. Raises ConfigError for an unknown name."""
    if name not in SOURCES:
        raise ConfigError(
            f"[pos] source = {name!r} is unknown; known are {', '.join(sorted(SOURCES))}"
        )
    module, _, function = SOURCES[name].partition(":")
    return getattr(import_module(module), function)(**options)


def open_reader(name: str, option: str = "source") -> Reader:
    """The reader of a name. Raises ConfigError, which names `option` of [pos]."""
    if name not in READERS:
        raise ConfigError(
            f"[pos] {option} = {name!r} is unknown; known are {', '.join(sorted(READERS))}"
        )
    return cast(Reader, import_module(READERS[name]))


def export_forms() -> tuple[ExportForm, ...]:
    """How the points of sale of READERS write their CSV exports."""
    forms = (open_reader(name).EXPORT_FORM for name in READERS)
    return tuple(form for form in forms if form)
