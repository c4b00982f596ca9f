"""A process that forks sees what its children have published, without being told."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.load import STAGING, Lake, open_storage


def test_a_parent_sees_what_a_child_has_published(tmp_path: Path) -> None:
    lake = Lake(open_storage(str(tmp_path)), run="parent")
    assert lake.newest(STAGING, "2026-10-05") is None
    before = lake.generation_of([STAGING])
    child = os.fork()
    if not child:
        lake.publish(STAGING, "2026-10-05", "a" * 16, {"sales": b"1"}, {}, expected_manifest=None)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert lake.generation_of([STAGING]) != before
    assert lake.newest(STAGING, "2026-10-05").fingerprint == "a" * 16


def test_what_a_process_publishes_itself_is_not_listed_again(tmp_path: Path, monkeypatch) -> None:
    storage = open_storage(str(tmp_path))
    lake, listed = Lake(storage, run="one"), []
    assert lake.partitions(STAGING) == []
    list_names = storage.list
    monkeypatch.setattr(
        storage, "list", lambda *source: listed.append(source) or list_names(*source)
    )
    lake.publish(STAGING, "2026-10-05", "a" * 16, {"sales": b"1"}, {}, expected_manifest=None)
    assert lake.partitions(STAGING) == ["2026-10-05"]
    assert listed == []
