"""What `pos status` makes of numbers: the holes in each till's series, and nothing that is none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.missing_numbers import find_missing_numbers
from pipeline.status import Status, format_status, name_holes


def test_a_hole_is_named_with_its_till_and_a_run_as_one() -> None:
    assert name_holes(find_missing_numbers(["3-7", "3-9", "3-13", "1-1", "1-2", "x", "", "-"])) == {
        "3": ["3-8", "3-10 to 3-12"]
    }


@given(st.sets(st.integers(1, 60), min_size=1), st.data())
def test_holes_and_numbers_make_up_the_series(numbers: set[int], data: st.DataObject) -> None:
    given_in = data.draw(st.permutations(sorted(f"2-{n}" for n in numbers)))
    holes = set()
    for hole in name_holes(find_missing_numbers(given_in)).get("2", []):
        first, _, last = hole.replace("2-", "").partition(" to ")
        holes |= set(range(int(first), int(last or first) + 1))
    assert not holes & numbers and holes | numbers == set(range(min(numbers), max(numbers) + 1))


def test_stores_are_called_by_their_names() -> None:
    status = Status(
        "2026-10-31",
        1.0,
        False,
        [],
        {},
        {},
        {"2026-10-31": {"s-1": 1200, "s-2": 3}},
        [],
        {"s-1": "La Brasa Del Valle"},
        {"3": ["3-8"]},
    )
    said = format_status(status)
    assert (
        "La Brasa Del Valle" in said
        and "1,200" in said
        and "s-2" in said
        and "not seen       3-8 (a till that was offline?" in said
    )
    assert len({len(line) for line in said.splitlines()[-2:]}) == 1


def test_what_the_shop_does_not_know_either_and_new_fields_are_told() -> None:
    status = Status(
        "2026-10-31",
        1.0,
        False,
        [],
        {},
        {},
        {},
        [],
        {},
        {"3": ["3-8"]},
        ["3-8"],
        {"line_items.loyalty": "2026-10-30"},
    )
    said = format_status(status)
    assert "asked for 3-8, the shop knows none of them" in said
    assert (
        "new fields     line_items.loyalty since 2026-10-30 (kept in raw, counted nowhere)" in said
    )
