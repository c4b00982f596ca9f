"""Opaque cursors: a checksum and JSON values, in letters that URLs allow."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any
from zlib import crc32


def seal(parts: Sequence[Any]) -> str:
    """Cursor that holds `parts`."""
    text = json.dumps(parts, separators=(",", ":")).encode()
    return urlsafe_b64encode(crc32(text).to_bytes(4, "big") + text).decode()


def unseal(cursor: str) -> list[Any]:
    """Parts that a cursor holds; raises ValueError for a damaged one."""
    raw = urlsafe_b64decode(cursor.encode("ascii"))
    if crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:
        raise ValueError("checksum")
    return json.loads(raw[4:])
