"""Status lines: missing numbers of each device's series, store names, new fields."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.missing_numbers import find_missing_numbers
from pipeline.status.problems import name_missing
from pipeline.status.read import Status
from pipeline.status.text import format_status


def test_a_missing_number_is_named_with_its_device_and_a_run_as_one() -> None:
    assert name_missing(
        find_missing_numbers(["3-7", "3-9", "3-13", "1-1", "1-2", "x", "", "-"])
    ) == {"3": ["3-8", "3-10 to 3-12"]}


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
        and "number gaps    3-8 (an offline device sends them" in text
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
    assert "new fields     line_items.loyalty since 2026-10-30 (kept in raw, not counted)" in text
