"""Paper: page one holds what belongs to it, the annex begins early, and a merchant's longest word
stays within its column.
"""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image, ImageOps

import reports
from reports.charts import draw
from reports.compose import compose_cumulative, compose_monthly
from reports.document import Document, Section, Table, TableColumn
from reports.localizer import Localizer
from reports.plans import read_plans
from reports.render.html import html
from reports.render.outline import charts
from reports.render.pdf import _table, page_layout, pdf
from reports.values import Month, Name, text
from tests.reports.shop import drawers

MONTHS = [date(2025, 8, 1), date(2025, 9, 1)]
TEMPLATE = Path(reports.__file__).parent / "page.typ"
PPI = 50
STORES = ("Centro", "Roma Norte")
MARGIN = int(15 / 25.4 * PPI)
WORD = "W" * 60
OWNER, MOST = 5, 10
"""Most pages of the report without its annex, where a name fills a line; and of all."""
PLANS = read_plans(
    '[goals]\n"2025-09" = 250000\n[stores."Centro"]\n"2025-09" = 120000\n',
    'paydays = [15, "last"]\n',
    '["Tarjeta"]\npercent = 3.6\n["Rappi"]\npercent = 28\n',
    labour="date,store,hours,wages\n"
    + "".join(
        f"2025-09-{day:02d},{store},50,3400.00\n" for day in range(1, 31) for store in STORES
    ),
)


@pytest.fixture(scope="module", params=["usual", "one long word"])
def tables(request, shop, make_summaries):
    if request.param == "usual":
        return make_summaries(shop(receipts=10), MONTHS)
    menu = tuple((f"{n}{WORD}", f"{WORD}{n % 3}", 40 + n, 10) for n in range(12))
    return make_summaries(
        shop(
            receipts=10,
            menu=menu,
            combo=f"C{WORD}",
            stores=(("s1", f"A{WORD}", "MXN"), ("s2", f"B{WORD}", "MXN")),
            tenders=((f"T{WORD}", "CASH"), ("Tarjeta", "OTHER")),
            discounts=(f"D{WORD}",),
            employees=(("e1", f"E{WORD}"), ("e2", "Luis P.")),
        ),
        MONTHS,
    )


@pytest.mark.parametrize("locale", ["en_US", "es_MX"])
def test_the_widest_month_is_among_the_cells_that_are_measured(locale):
    months = [Month(date(2026, n, 1), short=True) for n in range(12, 0, -1)]
    columns = (TableColumn("month", "date"),)
    table = Table("months", text("trend.table"), columns, tuple((m,) for m in months), shown=12)
    localizer = Localizer(locale, 2, ("MXN",))
    (column,) = _table(table, Section("trend", tables=(table,)), localizer)["columns"]
    measured = ["".join(run["t"] for run in cell) for cell in column["longest"]]
    assert localizer.format(Month(date(2026, 5, 1), short=True)).capitalize() in measured


@pytest.mark.parametrize(("paper", "locale"), [("us-letter", "en_US"), ("a4", "es_MX")])
def test_the_report_with_all_its_parts_has_three_pages(shop, make_summaries, paper, locale):
    tables = make_summaries(shop(receipts=10), MONTHS)
    page = compose_monthly(
        MONTHS[-1],
        tables,
        through=None,
        lake_decimals=2,
        lineage={"version": 1},
        plans=PLANS,
        shifts=drawers(shop(), MONTHS[-1]),
    )
    parts = {section.key for section in page.shown_sections if not section.is_annex}
    assert {"goals", "dayparts", "labour", "fees", "cash_drawer"} <= parts
    localizer = Localizer(locale, 2, page.currencies)
    images = draw(charts(page), localizer)
    layout = page_layout(TEMPLATE, page, localizer, images, paper)
    assert json.loads(layout.query("<report>", field="value", one=True)) <= 3
    assert len(html(page, localizer, images, paper)) * 37 / len(page.shown_sections) < 1_000_000, (
        "37 such sections are over a megabyte"
    )


@pytest.fixture(scope="module")
def history(shop, make_summaries) -> Document:
    """The cumulative report of two years and a month with new customers in each month."""
    months = [date(2023 + n // 12, n % 12 + 1, 1) for n in range(8, 33)]
    tables = make_summaries(shop(receipts=4), months)
    renewed = {m: {**t, "customers": renew(t["customers"], m)} for m, t in tables.items()}
    metadata = {"version": 1}
    return compose_cumulative(months[-1], renewed, through=None, lake_decimals=2, lineage=metadata)


def renew(customers: pa.Table, month: date) -> pa.Table:
    """Two of three customers under a name that they have for four months."""
    number, place = month.year * 12 + month.month, customers.column_names.index("customer_id")
    names = [
        name if int(name[1:]) % 3 == 0 else f"{name}-{(number + int(name[1:])) // 4}"
        for name in customers["customer_id"].to_pylist()
    ]
    kind = customers.schema.field(place)
    return customers.set_column(place, kind, pa.array(names).cast(kind.type))


@pytest.mark.parametrize(("paper", "locale"), [("us-letter", "en_US"), ("a4", "es_MX")])
def test_a_long_history_has_three_pages(history, paper, locale):
    parts = {section.key: section for section in history.shown_sections if not section.is_annex}
    assert {
        "outlook",
        "years",
        "receipts_and_average",
        "weekend",
        "margin",
        "loyalty",
    } <= parts.keys()
    assert parts["loyalty"].charts and parts["loyalty"].tables, "cohorts and segments"
    assert len(parts["loyalty"].charts[0].data["columns"]) > 6
    localizer = Localizer(locale, 2, history.currencies)
    images = draw(charts(history), localizer)
    layout = page_layout(TEMPLATE, history, localizer, images, paper)
    assert json.loads(layout.query("<report>", field="value", one=True)) <= 3


@pytest.mark.parametrize(("report", "paper"), [("monthly", "a4"), ("cumulative", "us-letter")])
def test_nothing_leaves_the_paper(tables, report, paper):
    if report == "monthly":
        page = compose_monthly(
            MONTHS[-1], tables, through=None, lake_decimals=2, lineage={"version": 1}
        )
    else:
        page = compose_cumulative(
            MONTHS[-1], tables, through=None, lake_decimals=2, lineage={"version": 1}
        )
    localizer = Localizer("es_MX", 2, page.currencies)
    built = page_layout(TEMPLATE, page, localizer, draw(charts(page), localizer), paper)
    pages = json.loads(built.query("<reach>", field="value", one=True))
    annex = json.loads(built.query("<report>", field="value", one=True))
    assert annex <= OWNER and pages <= MOST, (annex, pages)
    assert json.loads(built.query("<front>", field="value", one=True)) == 1
    images = [
        Image.open(io.BytesIO(entry)).convert("L") for entry in built.compile(format="png", ppi=PPI)
    ]
    assert len(images) == pages
    for number, image in enumerate(images, 1):
        for left in (0, image.width - MARGIN):
            assert image.crop((left, 0, left + MARGIN, image.height)).getextrema() == (
                255,
                255,
            ), f"page {number} prints into its margin"


def test_a_short_table_is_not_divided_between_pages() -> None:
    columns = (TableColumn("item"), TableColumn("category"))
    rows = tuple((Name(f"Item {n}"), Name("Drinks")) for n in range(12))
    table = Table("t", text("page.annex"), columns, rows, shown=12, shows_all_rows=True)

    def ink(sentences: int) -> list[int]:
        """The height of what is printed on each page, without its footer."""
        lines = tuple(text("page.version", version=Name(str(n))) for n in range(sentences))
        sections = (Section("days", lines, number=1), Section("items", tables=(table,), number=2))
        page = Document("monthly", MONTHS[0], None, 2, ("MXN",), (), sections, {})
        built = page_layout(TEMPLATE, page, Localizer("en_US", 2, ("MXN",)), {}, "us-letter")
        heights = []
        compiled = built.compile(format="png", ppi=PPI)
        for entry in [compiled] if isinstance(compiled, bytes) else compiled:
            image = ImageOps.invert(Image.open(io.BytesIO(entry)).convert("L"))
            _, top, _, bottom = image.crop((0, 0, image.width, int(image.height * 0.92))).getbbox()
            heights.append(bottom - top)
        return heights

    divided = {n: heights[1] for n in range(24, 51, 2) if len(heights := ink(n)) == 2}
    assert len(divided) > 3 and min(divided.values()) > 12 * 5, divided


def test_a_process_keeps_no_report_in_memory_after_it_is_written() -> None:
    """A backfill writes many in one process."""

    def write(number: int) -> int:
        cells = [tuple(Name(f"{number} {row} {place}") for place in "abcdef") for row in range(150)]
        columns = tuple(TableColumn("item") for _ in range(6))
        table = Table(
            "t", text("page.annex"), columns, tuple(cells), shown=150, shows_all_rows=True
        )
        section = Section("days", tables=(table,), number=1)
        page = Document("monthly", MONTHS[0], None, 2, ("MXN",), (), (section,), {})
        assert pdf(page, Localizer("en_US", 2, ("MXN",)), {}).startswith(b"%PDF")
        return resident()

    used = [write(number) for number in range(6)]
    assert max(used[2:]) - used[1] < 20, f"MB in use after each report: {used}"


def resident() -> int:
    """Megabytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20
