"""Fields that this version does not know, each noted once in a lake."""

from __future__ import annotations

import json
import logging
from datetime import date

from pipeline.extract.fetch import FetchedPages
from pipeline.load import Lake

log = logging.getLogger(__name__)

FIELDS = "fields.json"
MOST_NOTED = 100  # a map whose keys are data does not fill the state


def read_fields(lake: Lake) -> dict[str, dict[str, str]]:
    """Unknown fields noted so far: since which window, and in which receipt."""
    noted = lake.read_state(FIELDS)
    is_ours = all(
        isinstance(entry, dict) and {"since", "receipt"} <= entry.keys() for entry in noted.values()
    )
    return noted if is_ours else {}


def note_fields(fetched: FetchedPages, day: date, lake: Lake) -> None:
    """Log the fields that this version does not know, each once in a lake."""
    noted = read_fields(lake) if fetched.fields else {}
    new = {
        path: {"since": str(day), "receipt": number}
        for path, number in sorted(fetched.fields.items())
        if path not in noted
    }
    if new and len(noted) < MOST_NOTED:
        log.warning(
            "receipts have fields that this version does not know: %s. They are kept in raw and"
            " not counted; see whether a newer version reads them",
            ", ".join(f"{path} (receipt {entry['receipt']})" for path, entry in new.items()),
        )
        lake.put_state(FIELDS, json.dumps({**noted, **new}, indent=1, sort_keys=True).encode())
