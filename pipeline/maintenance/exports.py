"""The till's own exports, which the owner puts into backoffice/, looked through for the receipts of
one customer.

In: a Lake and the numbers of receipts. Out: the files that say who bought, each with why and what
to do. An export names persons, not identifiers, so the rows of the customer's receipts are what can
be found; the files are the owner's, and only the owner changes them. A file that cannot be read as
CSV may name anybody and is listed too, and so is a column whose heading is not known to be about
something else. Headings: summarize/exports.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.errors import DataError
from pipeline.load import BACKOFFICE, Lake, Stat
from pipeline.summarize.read_exports import IMPERSONAL, decode, plain, read_rows


def dropped_files(lake: Lake) -> list[Stat]:
    """What lies in backoffice/ itself."""
    prefix = f"{BACKOFFICE}/"
    return [stat for stat in lake.storage.list(prefix) if "/" not in stat.key.removeprefix(prefix)]


def find_exports_with(lake: Lake, numbers: frozenset[str]) -> Iterator[str]:
    """A sentence for each export that says who bought on one of these receipts, or may say it."""
    for stat in dropped_files(lake):
        uri, data = lake.storage.uri(stat.key), lake.storage.get(stat.key)
        try:
            count = _count(decode(data), numbers)
        except DataError:
            yield f"{uri}: cannot be read as CSV, so nobody can say whom it names; move it away"
            continue
        if count:
            yield (
                f"{uri}: {count} rows of the customer's receipts say who bought; delete the columns"
                " of customers and comments from it and put it back, or move it away (its older"
                " versions go with the erasure)"
            )


def _count(text: str, numbers: frozenset[str]) -> int:
    """Rows that hold one of the numbers and something in a column that may be about a person."""
    rows = [cells for _, cells in read_rows(text)]
    personal = (
        [i for i, head in enumerate(rows[0]) if plain(head) not in IMPERSONAL] if rows else []
    )
    return sum(
        any(cell.strip() in numbers for cell in cells)
        and any(cells[i].strip() for i in personal if i < len(cells))
        for cells in rows[1:]
    )
