"""Status lines: missing numbers of each device's series, store names, new fields."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.missing_numbers import find_missing_numbers
from pipeline.load.day_object import pack_tables
from pipeline.status.before_history import format_before_history
from pipeline.status.problems import find_silent_stores, name_missing
from pipeline.status.read import Status
from pipeline.status.text import format_status


def test_a_missing_number_is_named_with_its_device_and_a_run_as_one() -> None:
    assert name_missing(
        find_missing_numbers(["3-7", "3-9", "3-13", "1-1", "1-2", "x", "", "-"])
    ) == {"3": ["3-8", "3-10 to 3-12"]}


def test_the_setting_to_include_receipts_before_the_history_counts_them() -> None:
    row = {
        "receipt_number": "1-7",
        "business_day": date(2025, 9, 12),
        "currency": "MXN",
        "total": "0.00",
        "is_cancelled": True,
    }
    single, several = (format_before_history([row] * n, "2025-09-15")[0] for n in (1, 2))
    assert single.endswith("history_starts = 2025-09-12 to include it")
    assert several.endswith("history_starts = 2025-09-12 to include them")


@given(st.sets(st.integers(1, 60), min_size=1), st.data())
def test_known_and_missing_numbers_make_up_the_series(
    numbers: set[int], data: st.DataObject
) -> None:
    given_in = data.draw(st.permutations(sorted(f"2-{n}" for n in numbers)))
    holes = set()
    for hole in name_missing(find_missing_numbers(given_in)).get("2", []):
        first, _, last = hole.replace("2-", "").partition(" to ")
        holes |= set(range(int(first), int(last or first) + 1))
    assert not holes & numbers and holes | numbers == set(range(min(numbers), max(numbers) + 1))


def test_stores_are_called_by_their_names() -> None:
    status = Status(
        "2026-10-31",
        1.0,
        is_stale=False,
        receipts={"2026-10-31": {"s-1": 1200, "s-2": 3}},
        stores={"s-1": "La Brasa Del Valle"},
        missing_numbers={"3": ["3-8"]},
    )
    text = format_status(status)
    assert (
        "La Brasa Del Valle" in text
        and "1,200" in text
        and "s-2" in text
        and "missing numbers  3-8 (an offline device sends them" in text
    )
    assert len({len(line) for line in text.splitlines()[-2:]}) == 1


def test_numbers_that_the_pos_does_not_know_and_new_fields_are_reported() -> None:
    status = Status(
        "2026-10-31",
        1.0,
        is_stale=False,
        missing_numbers={"3": ["3-8"]},
        unknown=["3-8"],
        new_fields={"line_items.loyalty": "2026-10-30"},
    )
    text = format_status(status)
    assert "requested 3-8, but the POS does not know them" in text
    assert "new fields       line_items.loyalty since 2026-10-30 (kept in raw, in no table)" in text


class _Summaries:
    """A lake with the days of stores, by month, and what was read of it."""

    def __init__(self, days: dict[str, dict[str, list[int]]]):
        self.days, self.read_months = days, []

    def partitions(self, _: str) -> list[str]:
        return sorted(self.days)

    def current(self, _: str, month: str) -> bool:
        return True

    def read(self, _: str, month: str, names: list[str]) -> dict[str, bytes]:
        self.read_months.append(month)
        rows = [
            {"store_id": store, "business_day": date.fromisoformat(f"{month}-{day:02d}")}
            for store, days in self.days[month].items()
            for day in days
        ]
        days = pa.Table.from_pylist(
            rows, pa.schema([("store_id", pa.string()), ("business_day", pa.date32())])
        )
        return {names[0]: pack_tables({"days": days})}


def test_a_store_that_was_silent_for_months_is_still_named() -> None:
    every = list(range(1, 29))
    names = ["2025-10", "2025-11", "2025-12", *(f"2026-{n:02d}" for n in range(1, 11))]
    months = {name: {"open": [*every]} for name in names}
    months["2025-10"]["old"] = every
    months["2026-05"]["gone"] = [1, 2, 3, 9]
    last, recent, lake = date(2026, 10, 31), {"2026-10-31": {"open": 4}}, _Summaries(months)
    silent = find_silent_stores(lake, last, recent, ["open", "gone", "never", "old"])
    assert silent == {"gone": "2026-05-09"}, "after a year a store has closed"
    lake = _Summaries(months)
    assert find_silent_stores(lake, last, recent, ["open"]) == {}
    assert lake.read_months == ["2026-08", "2026-09", "2026-10"], "no more than needed"
