"""The POS's own exports: read in every dialect, tied to the lake to the cent, refused by name, and
no difference is missed.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.errors import DataError
from pipeline.pos import export_forms
from pipeline.simulator import Query
from pipeline.simulator import Shop as Simulated
from pipeline.summarize.compare_exports import compare_exports
from pipeline.summarize.export_days import choose_reading
from pipeline.summarize.export_text import LARGEST
from pipeline.summarize.lake_lines import read_lines
from pipeline.summarize.read_exports import Export, ExportLine
from pipeline.transform import Catalog, Raw, Rules, Store, build_day, read_menu
from tests.summarize import export_csv
from tests.summarize.export_csv import (
    Dialect,
    Shop,
    day_of,
    items_csv,
    newest,
    read_export_text,
    receipts_csv,
    summary_csv,
)
from tests.support.inputs import tries
from tests.support.runner import ROOT

FIRST, LAST = date(2026, 9, 27), date(2026, 10, 4)  # two months
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
OCTOBER = date(2026, 10, 1), LAST
RESOURCES = (
    "stores",
    "items",
    "categories",
    "modifiers",
    "employees",
    "payment_types",
    "taxes",
    "discounts",
    "pos_devices",
)


def millis(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)


LONG_AFTER = millis(LAST + timedelta(days=60))
WRITERS = {"receipts": receipts_csv, "items": items_csv, "summary": summary_csv}


@pytest.fixture(scope="module")
def shop() -> tuple[list[dict], dict[str, Shop], list[pa.Table]]:
    """Verbatim receipts, the stores, and the lake's receipts of two business months made of them."""
    simulated = Simulated(seed=7, receipts_per_day=40)
    catalog = {
        name: [json.loads(row.read()) for row in simulated.rows(millis(LAST), name)]
        for name in RESOURCES
    } | {"merchant": [simulated.merchant()]}
    tills = {store["id"]: Shop("America/Mexico_City", 2) for store in catalog["stores"]}
    query = Query(created_min=millis(FIRST), created_max=millis(LAST + timedelta(days=14)))
    records = [entry.read() for entry in simulated.receipts(LONG_AFTER, query)]
    raw = [Raw("2026-12-01", "raw/receipts/batch", b"\n".join(records) + b"\n")]
    names = Catalog.read(json.dumps(catalog).encode())
    zone = Store("America/Mexico_City", time(5), "MXN", 2)
    menu = read_menu((ROOT / "config/menu.toml").read_text(encoding="utf-8"), "menu.toml")
    rules = Rules(dict.fromkeys(tills, zone), zone, menu, 2)
    matches = {
        month: [build_day(day, raw, names, rules).receipts for day in DAYS if day.month == month]
        for month in (9, 10)
    }
    return newest(records), tills, [pa.concat_tables(tables) for tables in matches.values()]


def october(shop) -> list[dict]:
    """Receipts of the calendar days of OCTOBER."""
    receipts, tills, _ = shop
    return sorted(
        (
            single
            for single in receipts
            if OCTOBER[0] <= day_of(single, tills[single["store_id"]]) <= OCTOBER[1]
        ),
        key=lambda single: single["receipt_date"],
    )


def lines_of(shop, body: bytes) -> tuple[Export, tuple[ExportLine, ...]]:
    """An export and its lines in the order of day and month that the lake confirms."""
    export = read_export_text(body, 2)
    return export, choose_reading(export, read_lines(shop[2]), *OCTOBER)


def against(
    shop, files: dict[str, bytes], days: tuple[date, date] = OCTOBER, decimals: int = 2
) -> dict[str, list[dict]]:
    result = compare_exports(
        *days,
        {name: lambda body=body: body for name, body in files.items()},
        shop[2],
        decimals,
        "MXN",
        export_forms(),
    )
    for dataset in schema.BACKOFFICE:
        assert result[dataset.name].schema.equals(
            schema.arrow(dataset, decimals), check_metadata=True
        )
    return {name: table.to_pylist() for name, table in result.items()}


@pytest.mark.parametrize("kind", WRITERS)
def test_an_export_of_the_same_receipts_ties_to_the_cent(shop, kind):
    own = october(shop)
    matches = against(shop, {"export.csv": WRITERS[kind](own, shop[1])})
    counted = {single["receipt_number"] for single in own if not single["cancelled_at"]}
    assert len(counted) < len(own) and any(single["receipt_type"] == "REFUND" for single in own), (
        "nothing awkward in these days; take others"
    )
    (row,) = matches["export_files"]
    assert (row["kind"], row["differing"], row["difference"], row["problem"]) == (kind, 0, 0, None)
    assert row["compared"] == (
        len({day_of(single, shop[1][single["store_id"]]) for single in own})
        if kind == "summary"
        else len(own)
    )
    assert (row["first_day"], row["last_day"]) == OCTOBER and matches["export_differences"] == []
    net = sum(
        (single["lake"] for single in matches["export_totals"] if single["figure"] == "net_sales"),
        Decimal(0),
    )
    signed = (
        export_csv.amounts(single)["Net sales"] * (1 if single["receipt_type"] == "SALE" else -1)
        for single in own
        if not single["cancelled_at"]
    )
    assert net == sum(signed, Decimal(0))


@settings(max_examples=tries(8, 40))
@given(data=st.data())
def test_every_dialect_reads_the_same(shop, data):
    spanish = data.draw(st.booleans())
    separator = data.draw(st.sampled_from(",;\t"))
    decimal, thousands = data.draw(
        st.sampled_from([(".", ","), (",", "."), (".", ""), (",", ""), (",", " "), (".", "'")])
    )
    dialect = Dialect(
        separator,
        decimal,
        thousands,
        data.draw(
            st.sampled_from(["%d/%m/%Y", "%-d/%-m/%y", "%Y-%m-%d", "%d.%m.%Y", "%-m/%-d/%y"])
        ),
        data.draw(st.sampled_from(["", " %H:%M", " %I:%M %p"])),
        spanish,
        data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
        data.draw(st.sampled_from(["", "$", "MX$ "])),
    )
    own = october(shop)
    plain, plain_lines = lines_of(shop, receipts_csv(own, shop[1]))
    matches, found_lines = lines_of(shop, receipts_csv(own, shop[1], dialect))
    same = [name for name in plain.figures if name in matches.figures]
    assert len(same) >= (4 if spanish else 5)
    gone = (
        {single["receipt_number"] for single in own if single["cancelled_at"]} if spanish else set()
    )  # a Spanish export, as seen, has no status
    for line, other in zip(plain_lines, found_lines, strict=True):
        assert line.number in gone or [line.amounts[name] for name in same] == [
            other.amounts[name] for name in same
        ]
    assert {line.number: line.day for line in found_lines} == {
        line.number: line.day for line in plain_lines
    }


@settings(max_examples=tries(7, 30))
@given(
    index=st.integers(0, 10**6),
    kind=st.sampled_from(["amount", "missing there", "missing here", "cancelled there"]),
    cents=st.integers(1, 10**6),
)
def test_a_planted_difference_is_found_with_its_money(shop, index, kind, cents):
    own = october(shop)
    counted = [
        single
        for single in own
        if not single["cancelled_at"]
        and single["receipt_type"] == "SALE"
        and export_csv.amounts(single)["Net sales"] > 0
    ]
    single = counted[index % len(counted)]
    net = export_csv.amounts(single)["Net sales"]
    others = [other for other in own if other is not single]
    if kind == "amount":
        line = single["line_items"][0]
        changed = [
            *others,
            {
                **single,
                "line_items": [
                    {**line, "gross_total_money": line["gross_total_money"] + Decimal(cents) / 100},
                    *single["line_items"][1:],
                ],
            },
        ]
        expected = Decimal(cents) / 100
    elif kind == "missing there":
        changed, expected = others, net
    elif kind == "missing here":
        changed, expected = [*own, {**single, "receipt_number": "99-1"}], net
    else:
        changed, expected = [*others, {**single, "cancelled_at": "2026-10-09T00:00:00.000Z"}], net
    matches = against(shop, {"october.csv": receipts_csv(changed, shop[1])})
    (row,) = matches["export_files"]
    number = "99-1" if kind == "missing here" else single["receipt_number"]
    assert (row["differing"], row["difference"]) == (1, expected)
    assert {(d["receipt_number"], d["currency"]) for d in matches["export_differences"]} == {
        (number, "MXN")
    }
    gaps = {
        d["figure"]: (d["export"] or 0) - (d["lake"] or 0) for d in matches["export_differences"]
    }
    assert abs(gaps["net_sales"]) == expected
    assert {d["lake"] is None for d in matches["export_differences"]} == {kind == "missing here"}
    assert {d["export"] is None for d in matches["export_differences"]} == {kind == "missing there"}


def test_a_day_of_a_summary_that_differs_is_named(shop):
    own = october(shop)
    dropped = next(
        single for single in own if not single["cancelled_at"] and single["receipt_type"] == "SALE"
    )
    matches = against(
        shop,
        {"summary.csv": summary_csv([single for single in own if single is not dropped], shop[1])},
    )
    day = day_of(dropped, shop[1][dropped["store_id"]])
    assert {(d["day"], d["receipt_number"]) for d in matches["export_differences"]} == {(day, "")}
    assert matches["export_files"][0]["difference"] == export_csv.amounts(dropped)["Net sales"]


def test_only_the_days_and_stores_of_an_export_are_compared(shop):
    own = october(shop)
    store = own[0]["store_id"]
    some = [
        single
        for single in own
        if single["store_id"] == store and day_of(single, shop[1][store]) > OCTOBER[0]
    ]
    (row,) = against(shop, {"one store.csv": receipts_csv(some, shop[1])})["export_files"]
    assert (row["compared"], row["differing"], row["first_day"]) == (
        len(some),
        0,
        date(2026, 10, 2),
    )
    early = [single for single in shop[0] if day_of(single, shop[1][single["store_id"]]).month == 9]
    assert against(shop, {"september.csv": receipts_csv(early, shop[1])})["export_files"] == []


def test_no_person_passes_the_reader(shop):
    for write in WRITERS.values():
        body = write(october(shop), shop[1])
        assert write is summary_csv or export_csv.PRIVATE.encode() in body
        matches = against(
            shop,
            {
                "export.csv": body,
                "broken.csv": body.replace(b"Discounts", b"Rebates"),
            },
        )
        assert export_csv.PRIVATE not in str(read_export_text(body, 2)) + str(matches)
        assert "'Rebates'" in next(
            row["problem"] for row in matches["export_files"] if row["file"] == "broken.csv"
        )


HEAD = (
    "Date,Receipt number,Receipt type,Gross sales,Discounts,Net sales,Taxes,Total"
    " collected,Status\n"
)
LINE = "10/28/26 1:33 PM,1-1,Sale,90.00,0.00,90.00,0.00,90.00,Closed\n"


@pytest.mark.parametrize(
    ("body", "stated"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (HEAD.replace("Discounts", "Rabatte").encode() + LINE.encode(), "'Rabatte'"),
        (b"a;b\n1;2\n", "no known export.*Receipts by item.*Transactions"),
        (HEAD.replace("Net sales,", "").encode(), "'net sales or ventas netas'; export"),
        (HEAD.replace("Taxes", "Net sales").encode(), "two columns"),
        ((HEAD + LINE).encode("utf-16-le") + b"x", "UTF-16"),
        ((HEAD + LINE).replace("Sale", "Señal").encode("latin-1"), "UTF-8"),
        ((HEAD + LINE + "x,y\n").encode(), "line 3"),
        ((HEAD + LINE + LINE).encode(), "1-1 occurs twice"),
        ((HEAD + LINE.replace("90.00,0.00,90", "9x0.00,0.00,90")).encode(), "line 2, gross_sales"),
        ((HEAD + LINE.replace("90.00,0.00,90", "90.005,0.00,90")).encode(), "2 decimals"),
        ((HEAD + LINE.replace("10/28/26", "soon")).encode(), "'soon 1:33 PM' is no date"),
        ((HEAD + LINE.replace("10/28/26", "13/28/26")).encode(), "neither day"),
        ((HEAD + LINE.replace("Sale", "Gift")).encode(), "'Gift'"),
        ((HEAD + LINE.replace("1-1", "")).encode(), "no receipt number"),
        ((HEAD + LINE.replace("Closed", '"Clo"sed')).encode(), "line 2"),
        (b"PK\x03\x04\x80", "UTF-8"),
        (b"x" * (LARGEST + 1), "64 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(body, stated):
    with pytest.raises(DataError, match="(?s).*" + stated.replace("(", r"\(")):
        read_export_text(body, 2)


@pytest.mark.parametrize(
    ("text", "decimals", "value"),
    [
        ("1.234,50", 2, "1234.50"),
        ("1,234.50", 2, "1234.50"),
        ("1,234", 2, "1234"),
        ("1.234", 2, "1234"),
        ("-$1,234.50", 2, "-1234.50"),
        ("(12,00)", 2, "-12.00"),
        ("12,5", 2, "12.5"),
        ("1\u00a0234,50", 2, "1234.50"),
        ("12'345.60", 2, "12345.60"),
        ("1,234", 0, "1234"),
        ("1.234.567", 0, "1234567"),
        ("0.250", 3, "0.250"),
        ("1,234.500", 3, "1234.500"),
        ("−5.00", 2, "-5.00"),
        ("$-1,234.50", 2, "-1234.50"),
        ("€ 1.234,50", 2, "1234.50"),
        ("1.234,50 €", 2, "1234.50"),
        (".50", 2, "0.50"),
        ("12’345.60", 2, "12345.60"),
        ("5.00-", 2, "-5.00"),
    ],
)
def test_amounts_of_the_world(text, decimals, value):
    body = f"Date;Gross sales;Refunds;Discounts;Net sales\n2026-10-01;{text};0;0;{text}\n".encode()
    (lines,) = read_export_text(body, decimals).readings.values()
    assert lines[0].amounts["net_sales"] == Decimal(value)


def test_three_decimals_that_could_be_thousands_are_not_guessed():
    with pytest.raises(DataError, match="decimal point or a decimal comma"):
        read_export_text(
            b"Date;Gross sales;Refunds;Discounts;Net sales\n2026-10-01;1.250;0;0;1.250\n", 3
        )


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("receipts-2026-09-01-2026-09-30.csv", False),
        ("receipts-2026-10-01-2026-10-31.csv", True),
        ("anything.csv", True),
        ("receipts-2026-08-01-2026-12-31.csv", True),
    ],
)
def test_a_broken_export_is_named_in_its_months_or_in_all(shop, name, named):
    matches = against(shop, {name: b"\xff\xff"})
    assert [row["file"] for row in matches["export_files"]] == ([name] if named else [])


def test_a_summary_cannot_be_held_to_two_currencies(shop):
    receipts, tills, lake = shop
    mixed = [
        table.set_column(
            table.schema.get_field_index("currency"),
            table.schema.field("currency"),
            pa.array(
                ["USD" if n % 2 else "MXN" for n in range(table.num_rows)]
            ).dictionary_encode(),
        )
        for table in lake
    ]
    matches = against((receipts, tills, mixed), {"summary.csv": summary_csv(october(shop), tills)})
    assert "MXN, USD" in matches["export_files"][0]["problem"]
    both = against((receipts, tills, mixed), {"receipts.csv": receipts_csv(october(shop), tills)})[
        "export_files"
    ]
    assert [(row["currency"], row["differing"]) for row in both] == [("MXN", 0), ("USD", 0)]


def test_the_pos_counts_calendar_days(shop):
    """What was sold at 01:00 on the first of October belongs to September's last evening, and to
    October's export.
    """
    night = [
        single
        for single in shop[0]
        if export_csv.wall(single, shop[1][single["store_id"]]).hour < 5
        and day_of(single, shop[1][single["store_id"]]) in DAYS[4:]
    ]
    assert night
    only = against(shop, {"r.csv": receipts_csv(october(shop), shop[1])}, OCTOBER)["export_files"]
    assert only[0]["differing"] == 0 and {single["receipt_number"] for single in night} <= {
        single["receipt_number"] for single in october(shop)
    }
