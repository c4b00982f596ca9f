"""Digests of the files of summaries, so that a month is read without its manifest.

`state/run.json` has, under `summaries`, the sha256 of each file by month. A manifest's name has
the digest of all of them, so an entry is used only if it equals that of the newest manifest: a
state file that is lost, old or altered costs a request a month, never a figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.load.commit_records import Body
from pipeline.load.layout import SUMMARY, Manifest, file_key
from pipeline.load.publication import digest_files

FILE = "run.json"
KEY = "summaries"
Digests = dict[str, dict[str, str]]
"""The sha256 of each file, by month."""


def parse_digests(state: Mapping[str, Any]) -> Digests:
    """The digests in a state file; without what is not one."""
    noted = state.get(KEY)
    months = noted.items() if isinstance(noted, dict) else ()
    return {
        month: files
        for month, files in months
        if isinstance(files, dict) and all(isinstance(digest, str) for digest in files.values())
    }


def body_from(digests: Digests, manifest: Manifest) -> Body | None:
    """The files of a summary as its manifest states them; None where `digests` differ."""
    files = digests.get(manifest.partition, {})
    if not files or digest_files(files) != manifest.digest:
        return None
    entries = {
        name: {"key": file_key(SUMMARY, manifest.partition, name), "sha256": digest}
        for name, digest in files.items()
    }
    return {"files": entries}
