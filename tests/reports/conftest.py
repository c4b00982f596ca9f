"""A shop for the reports: seeded receipts counted into the SUMMARY tables, so that every table ties
to the others.

`Shop` holds what may be strange about it; `summaries(shop, months)` gives {month: {table:
pa.Table}} as the lake would. Small on purpose (a few dozen receipts a day): figures are held to
hand-worked literals elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pyarrow as pa
import pytest

from tests.reports.shop import Shop, summaries


@pytest.fixture(scope="session")
def shop() -> type[Shop]:
    return Shop


@pytest.fixture(scope="session")
def make_summaries() -> Callable[[Shop, list[date]], dict[date, dict[str, pa.Table]]]:
    return summaries
