"""Where the tests of the examples find their lakes."""

from __future__ import annotations

PLACES = 3


REPORTED = "2026-10"
