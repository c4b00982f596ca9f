"""Fields that this version does not know, each recorded once in a lake."""

from __future__ import annotations

import json
import logging
from datetime import date

from pipeline.extract.fetch import FetchedPages
from pipeline.load import Lake

log = logging.getLogger(__name__)

FIELDS = "fields.json"
MAX_RECORDED = 100  # a map whose keys are data does not fill the state


def read_fields(lake: Lake) -> dict[str, dict[str, str]]:
    """Unknown fields recorded so far: since which window, and in which receipt."""
    recorded = lake.read_state(FIELDS)
    is_ours = all(
        isinstance(entry, dict) and {"since", "receipt"} <= entry.keys()
        for entry in recorded.values()
    )
    return recorded if is_ours else {}


def record_new_fields(fetched: FetchedPages, day: date, lake: Lake) -> None:
    """Log the fields that this version does not know, each once in a lake."""
    recorded = read_fields(lake) if fetched.fields else {}
    new = {
        path: {"since": str(day), "receipt": number}
        for path, number in sorted(fetched.fields.items())
        if path not in recorded
    }
    if new and len(recorded) < MAX_RECORDED:
        log.warning(
            "receipts have fields that this version does not know: %s. They are kept in raw and"
            " not counted; see whether a newer version reads them",
            ", ".join(f"{path} (receipt {entry['receipt']})" for path, entry in new.items()),
        )
        lake.put_state(FIELDS, json.dumps({**recorded, **new}, indent=1, sort_keys=True).encode())
