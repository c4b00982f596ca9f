"""Every table equals a plain recount, for any month; order, threads and form of the input do not
matter.
"""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.errors import ConfigError, DataError, MoneyNotConserved, SchemaMismatch
from pipeline.load.day_object import pack_tables
from pipeline.summarize import MonthRows, baskets, summarize
from pipeline.summarize.month import QUERIES
from pipeline.summarize.relations import connect, register
from tests.summarize.lake_month import STORES, draw_month, summarize_month
from tests.summarize.recount import recount
from tests.support.inputs import tries

NAMES = [dataset.name for dataset in schema.SUMMARY]


def plain(table: pa.Table) -> list[dict]:
    """The rows with whole numbers of the smallest unit for decimals."""
    scales = {
        field.name: field.type.scale for field in table.schema if pa.types.is_decimal(field.type)
    }
    return [
        {
            name: int(value.scaleb(scales[name])) if name in scales and value is not None else value
            for name, value in row.items()
        }
        for row in table.to_pylist()
    ]


def expect(month) -> dict[str, list[dict]]:
    """The recount's rows in the order of their keys, nulls first."""
    return {
        name: [
            receipt_sums[key]
            for key in sorted(
                receipt_sums, key=lambda key: [(part is not None, part) for part in key]
            )
        ]
        for name, receipt_sums in recount(month).items()
    }


def check(month) -> dict[str, pa.Table]:
    tables = summarize_month(**month.arguments(), threads=1)
    expected = expect(month)
    assert list(tables) == [*NAMES, schema.RECEIPT_FIGURES.name]
    for dataset in schema.SUMMARY:
        assert plain(tables[dataset.name]) == expected[dataset.name], dataset.name
        assert tables[dataset.name].schema.equals(
            schema.arrow(dataset, month.decimals), check_metadata=True
        )
    return tables


@settings(max_examples=tries(4, 25), deadline=None)
@given(seed=st.integers(0, 2**32), receipts=st.integers(0, 60))
def test_every_table_equals_the_recount(seed, receipts):
    check(draw_month(seed, receipts))


@pytest.mark.parametrize(
    ("store", "decimals"),
    [(STORES[0], 2), (STORES[1], 0), (STORES[2], 3)],
    ids=["MXN", "JPY", "KWD"],
)
def test_currencies_with_two_no_and_three_decimals(store, decimals):
    check(draw_month(7, 80, stores=(store,), decimals=decimals))


def test_a_month_without_receipts_has_all_tables_and_says_so():
    tables = check(draw_month(4, 0))
    assert tables["days"].num_rows == 0
    assert "received" in tables["quality"]["check"].to_pylist()


def test_a_single_receipt():
    check(draw_month(1, 1))


def test_a_month_of_refunds_alone():
    tables = check(draw_month(5, 40, all_refunds=True))
    assert pc.sum(tables["days"]["receipts"]).as_py() == 0
    assert pc.sum(tables["days"]["net_sales"]).as_py() < 0
    assert tables["baskets"].num_rows == tables["prices"].num_rows == 0


def test_amounts_that_no_float_holds_are_exact():
    tables = check(draw_month(3, 60, stores=STORES[:1], decimals=2, worth=10**11 + 7))
    assert max(map(abs, (row["net_sales"].scaleb(2) for row in tables["days"].to_pylist()))) > 2**53


def test_a_sum_too_long_for_its_column_is_refused_not_cut():
    with pytest.raises(SchemaMismatch, match="does not fit in precision"):
        summarize_month(
            **draw_month(3, 200, stores=STORES[:1], decimals=2, worth=10**12).arguments()
        )


def test_no_query_computes_in_floats():
    month = draw_month(3, 20)
    with connect(1, "1GB", None) as connection:
        register(connection, {month.first: MonthRows(**month.tables(), counts=month.metadata)})
        for name, query in QUERIES.items():
            types = {str(kind) for kind in connection.sql(query).types}
            assert not types & {"DOUBLE", "FLOAT"}, name


def test_net_sales_are_the_same_in_every_table():
    tables = check(draw_month(11, 120))
    net = {
        name: pc.sum(tables[name]["net_sales"]).as_py()
        for name in ("days", "hours", "items", "staff")
    }
    assert len(set(net.values())) == 1, net
    in_combos = tables["items"].filter(tables["items"]["in_combo"])
    for column in (
        "net_sales",
        "gross_sales",
        "discounts",
        "refunds",
        "tax_included",
        "cost",
        "costed_net",
    ):
        assert pc.sum(in_combos[column]) == pc.sum(tables["combos"][column]), column


@pytest.mark.parametrize("seed", tries((1, 4), range(6)))
def test_a_receipt_is_one_thing_in_all_tables(seed):
    """What the reports print side by side: sales + refunds + cancelled = all that were read, and
    those without an order rule once.
    """
    tables = check(draw_month(seed, 90))
    days, quality = tables["days"].to_pylist(), tables["quality"].to_pylist()

    def noted(name: str) -> int:
        return sum(row["count"] for row in quality if row["check"] == name)

    assert (
        noted("unmapped_channel")
        == sum(row["receipts"] for row in days if row["channel"] == "unmapped")
        > 0
    )
    assert (
        noted("counted")
        == sum(row["receipts"] + row["refund_receipts"] + row["cancelled_receipts"] for row in days)
        > 0
    )


def test_same_tables_for_any_order_of_rows_threads_and_form_of_input(tmp_path):
    month = draw_month(13, 150)
    expected = summarize_month(**month.arguments(), threads=1)
    given = month.arguments()
    for name in ("receipts", "sales", "payments", "quarantine"):
        order = sorted(range(given[name].num_rows), key=lambda index: index * 7919 % 104_729)
        shuffled = given[name].take(pa.array(order, pa.int64()))
        pq.write_table(shuffled, tmp_path / f"{name}.parquet", row_group_size=40)
        given[name] = ds.dataset(tmp_path / f"{name}.parquet")
    assert summarize_month(**given, threads=2) == expected


@pytest.mark.parametrize("possible_pairs", [1_000_000, 20], ids=["", "of which some are wide"])
def test_months_counted_together_are_those_counted_alone(monkeypatch, tmp_path, possible_pairs):
    """Equal receipt numbers, an empty month between, one month from a file: the same bytes."""
    monkeypatch.setattr(baskets, "MAX_PAIRS", possible_pairs)
    firsts = [date(2026, n, 1) for n in (5, 1, 2)]
    months = {
        first: MonthRows(**month.tables(), counts=month.metadata)
        for first, count in zip(firsts, (30, 60, 0), strict=True)
        for month in [draw_month(7, count, first=first)]
    }
    pq.write_table(months[firsts[0]].sales, tmp_path / "sales")
    on_disk = months[firsts[0]]._replace(sales=ds.dataset(tmp_path / "sales"))
    together = summarize(months | {firsts[0]: on_disk}, 3, threads=1)
    assert list(together) == firsts
    for first, rows in months.items():
        (alone,) = summarize({first: rows}, 3, threads=1).values()
        assert pack_tables(together[first]) == pack_tables(alone)


def test_a_wrong_month_among_others_is_named():
    months = {
        first: MonthRows(**month.tables(), counts=month.metadata)
        for n in (1, 2, 3)
        for first in [date(2026, n, 1)]
        for month in [draw_month(n, 20, first=first)]
    }
    wrong = date(2026, 2, 1)
    rows = months[wrong]
    swapped = rows._replace(payments=months[date(2026, 1, 1)].payments)
    with pytest.raises(DataError, match="payments of 2026-02 hold days from 2026-01"):
        summarize(months | {wrong: swapped}, 3)
    fewer = rows._replace(payments=rows.payments.slice(1))
    with pytest.raises(MoneyNotConserved, match="2026-02, receipt"):
        summarize(months | {wrong: fewer}, 3)
    more = rows._replace(counts=dict(rows.counts) | {"counted": 99})
    with pytest.raises(DataError, match=r"2026-02: \d+ records are counted"):
        summarize(months | {wrong: more}, 3)


def test_counts_that_do_not_agree_publish_nothing():
    month = draw_month(17, 10)
    for name in ("received", "counted", "quarantined"):
        with pytest.raises(DataError, match=f"are {name}"):
            summarize_month(**(month.arguments() | {"metadata": month.metadata | {name: 99}}))
    with pytest.raises(DataError, match="superseded"):
        summarize_month(
            **(month.arguments() | {"metadata": {"received": 1, "counted": 1, "quarantined": 0}})
        )


def test_a_row_of_another_month_and_a_receipt_twice_are_refused():
    month = draw_month(19, 10)
    with pytest.raises(DataError, match="2026-03 hold days from 2026-02"):
        summarize_month(**(month.arguments() | {"month": date(2026, 3, 1)}))
    month.receipts.append(month.receipts[0])
    with pytest.raises(
        DataError, match=f"{month.receipts[0]['receipt_number']} of store .* is twice"
    ):
        summarize_month(**month.arguments())


@pytest.mark.parametrize(
    ("name", "column"), [("sales", "net"), ("sales", "tax_added"), ("payments", "amount")]
)
def test_money_that_does_not_add_up_names_its_receipt(name, column):
    month = draw_month(23, 20)
    row = next(row for row in getattr(month, name) if not row["is_cancelled"])
    row[column] += 1
    with pytest.raises(
        MoneyNotConserved,
        match=rf"receipt {row['receipt_number']} of store {row['store_id']}: .*-0\.001",
    ):
        summarize_month(**month.arguments())


def test_a_store_with_two_currencies_is_refused():
    month = draw_month(29, 60, stores=STORES[:1])
    number = month.sales[0]["receipt_number"]
    for row in (*month.receipts, *month.sales, *month.payments):
        row["currency"] = "JPY" if row["receipt_number"] == number else row["currency"]
    with pytest.raises(DataError, match="two rows have the key"):
        summarize_month(**month.arguments())


def test_too_little_memory_is_the_operators_matter():
    with pytest.raises(ConfigError, match="does not fit in 1MB"):
        summarize_month(**draw_month(31, 400).arguments(), memory_limit="1MB")
