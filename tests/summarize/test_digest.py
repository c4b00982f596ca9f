"""Digests of rows: equal for equal rows, another for any other value, the same everywhere."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from pipeline.summarize.digest import digest_rows

CHOICES = pa.list_(pa.struct([("name", pa.string()), ("amount", pa.decimal128(18, 2))]))
SALSA, CREMA = ({"name": name, "amount": Decimal("1.50")} for name in ("Salsa", "Crema"))
COLUMNS = {
    "label": (pa.dictionary(pa.int32(), pa.string()), ["Taco", "Torta", "", None]),
    "text": (pa.string(), ["a", "b", "", None]),
    "money": (pa.decimal128(18, 2), [Decimal("1.00"), Decimal("-1.00"), Decimal(0), None]),
    "sum": (pa.decimal128(38, 2), [Decimal(10) ** 30, Decimal(10) ** 31, Decimal(1), None]),
    "day": (pa.date32(), [date(2026, 2, 1), date(2026, 2, 2), date(1970, 1, 1), None]),
    "flag": (pa.bool_(), [True, False, None]),
    "count": (pa.int64(), [1, -1, 0, None]),
    "choices": (CHOICES, [[SALSA], [SALSA, CREMA], [SALSA, SALSA], [], None]),
}


def digests(*columns: pa.Array) -> list[int]:
    return digest_rows(columns, len(columns[0])).to_pylist()


@pytest.mark.parametrize("name", COLUMNS)
def test_each_value_of_a_column_has_another_digest(name: str) -> None:
    kind, values = COLUMNS[name]
    assert len(set(digests(pa.array(values, kind)))) == len(values)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_digest_depends_on_the_row_alone(name: str) -> None:
    kind, values = COLUMNS[name]
    column = pa.array(values, kind)
    backwards = pa.array(values[::-1], kind)
    assert digests(backwards) == digests(column)[::-1]
    assert digests(column.slice(1)) == digests(column)[1:]


def test_a_label_and_a_text_have_the_same_digest() -> None:
    values = COLUMNS["label"][1]
    assert digests(pa.array(values)) == digests(pa.array(values, COLUMNS["label"][0]))


def test_the_order_of_columns_counts_and_that_of_choices_does_not() -> None:
    one, two = pa.array(["a"]), pa.array(["b"])
    assert digests(one, two) != digests(two, one)
    assert digests(pa.array([[SALSA, CREMA]], CHOICES)) == digests(
        pa.array([[CREMA, SALSA]], CHOICES)
    )


def test_digests_are_those_of_earlier_versions() -> None:
    rows = [
        pa.array(["Taco"]),
        pa.array([Decimal("12.50")], pa.decimal128(18, 2)),
        pa.array([date(2026, 2, 1)]),
        pa.array([None], pa.int64()),
        pa.array([[SALSA]], CHOICES),
    ]
    assert digests(*rows) == [11_115_859_059_197_735_241]


def test_without_columns_rows_add_nothing() -> None:
    assert digest_rows([], 3).to_pylist() == [0, 0, 0]


def test_columns_digested_in_two_steps_are_those_digested_in_one() -> None:
    columns = [pa.array(values[:3], kind) for kind, values in COLUMNS.values()]
    for count in range(len(columns) + 1):
        before = digest_rows(columns[:count], 3)
        assert digest_rows(columns[count:], 3, before).to_pylist() == digests(*columns)
