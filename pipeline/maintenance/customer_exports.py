"""The owner's exports in backoffice/ that name the buyer of a customer's receipts.

An export has names, not identifiers, so it is searched by receipt number. The files belong to the
owner, and only the owner changes them. A file that is not readable as CSV is listed too, because it
may name the customer; a column counts as personal unless its heading is known to be impersonal.
Headings: pos/<name>/export_form.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.errors import DataError
from pipeline.load import BACKOFFICE, Lake
from pipeline.load.lake import files_in
from pipeline.pos import export_forms
from pipeline.summarize.export_text import decode, normalize_heading, read_rows
from pipeline.summarize.read_exports import impersonal


def find_exports_with(lake: Lake, numbers: frozenset[str]) -> Iterator[str]:
    """A sentence for each export that may name the buyer of these receipts."""
    for stat in files_in(lake.storage, f"{BACKOFFICE}/"):
        uri, data = lake.storage.uri(stat.key), lake.storage.get(stat.key)
        try:
            count = _count(decode(data), numbers)
        except DataError:
            yield f"{uri}: not readable as CSV, so it may name customers; move it away"
            continue
        if count:
            yield (
                f"{uri}: {count} rows of the customer's receipts name the buyer; delete the columns"
                " of customers and comments from it and put it back, or move it away (its older"
                " versions are removed by the erasure)"
            )


def _count(text: str, numbers: frozenset[str]) -> int:
    """Count rows with one of the numbers and a value in a column that may be personal."""
    headings = impersonal(export_forms())
    rows = [cells for _, cells in read_rows(text, headings)]
    if not rows:
        return 0
    personal = [
        i for i, heading in enumerate(rows[0]) if normalize_heading(heading) not in headings
    ]
    return sum(
        any(cell.strip() in numbers for cell in cells)
        and any(cells[i].strip() for i in personal if i < len(cells))
        for cells in rows[1:]
    )
