"""Notes of this machine about the lake of the settings, in lake.json.

It notes that the lake exists, so that a run does not start a new one if it has vanished (an
unmounted disk, another bucket of the same name), and which sources belong to it, so that the
account is requested once. Losing the file costs one request.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipeline import settings
from pipeline.errors import OtherLake
from pipeline.extract.private_folder import check_private, make_private
from pipeline.load import Lake

FILE = "lake.json"


def _read() -> dict[str, Any]:
    folder = settings.lake_state_folder()
    if not (folder / FILE).is_file():
        return {}
    check_private(folder)
    try:
        notes = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except ValueError:
        return {}  # cut off by a full disk: it is written again
    return notes if isinstance(notes, dict) else {}


def remember(lake: str, sources: Mapping[str, str] = MappingProxyType({})) -> None:
    """Note that the lake is there, and the digest of a source by its connection."""
    before = _read()
    notes = {"lake": lake, "sources": {**before.get("sources", {}), **sources}}
    if notes == before:
        return
    folder = make_private(settings.lake_state_folder())
    draft = folder / f"{FILE}.{os.getpid()}"
    draft.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8") as file:
        json.dump(notes, file, indent=1, sort_keys=True)
    draft.replace(folder / FILE)


def known_source(connection_id: str) -> str | None:
    """The digest of the source with that connection; None where it is not noted."""
    return _read().get("sources", {}).get(connection_id)


def check_still_there(lake: Lake) -> None:
    """Raise OtherLake for an empty lake that this machine has filled before."""
    if _read() and not lake.has_manifests():
        raise OtherLake(
            f"{lake.storage.uri()} was filled by runs of this machine and is empty or gone; nothing"
            " was written. Check that its disk is mounted and that [lake] url is right; if you"
            f" removed it on purpose: {_command()} lake --forget, then run again"
        )


def _command() -> str:
    """How the user starts `pos`: with its folder, unless the shell finds it."""
    return "pos" if shutil.which("pos") else str(Path(sys.executable).with_name("pos"))


def forget() -> Path | None:
    """Remove the notes; returns their file, None where there were none."""
    file = settings.lake_state_folder() / FILE
    if not file.is_file():
        return None
    file.unlink()
    return file
