"""Objects of an API, reduced to the fields that may be stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from pipeline.errors import SourceFatal


def names(text: str, separator: str | None = None) -> tuple[str, ...]:
    """The names in a text, separated by white space or by `separator`."""
    return tuple(text.split(separator))


def printable(name: str) -> str:
    """The beginning of a field's name, for messages."""
    return "".join(c if c.isprintable() else "?" for c in name[:60])


def pick(fields: tuple[str, ...], row: bytes) -> dict[str, msgspec.Raw]:
    """The listed fields of an object, their values verbatim. Raises ValueError."""
    values = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
    return {name: values[name] for name in fields if name in values}


def pick_rows(
    resource: str, rows: Iterable[bytes], redact: Callable[[bytes], dict[str, msgspec.Raw]]
) -> list[bytes]:
    """The distinct rows of a list with only the listed fields, sorted.

    `redact` returns the listed fields of a row. Raises SourceFatal.
    """
    distinct = set()
    for row in rows:
        try:
            distinct.add(msgspec.json.encode(redact(row)))
        except (ValueError, RecursionError) as error:
            raise SourceFatal(
                f"/{resource} holds a row that is no object ({error}); report it to the API's"
                " support"
            ) from error
    return sorted(distinct)
