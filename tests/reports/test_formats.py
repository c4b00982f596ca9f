"""The formats of a report: deterministic, self-contained, accessible, in two languages; and what
importing costs.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64encode
from datetime import date
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from string import Formatter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reports
from reports.figures.changed_figures import LEFT_OUT, leaves
from reports.localizer import TEXT_FOLDERS, Localizer, text_templates
from reports.sections.changes import _label, step_label
from reports.sections.data_state import INCOMPLETE
from reports.values import (
    Count,
    Day,
    Money,
    Month,
    Name,
    Percent,
    Points,
    Quantity,
    Rate,
    Series,
    Text,
    Weekday,
    text,
)

MONTHS = [date(2024, 9, 1), date(2025, 8, 1), date(2025, 9, 1)]
LINEAGE = {
    "version": 3,
    "code": "1.2.0",
    "last_day": "2025-10-02",
    "inputs": {"summary/2025-09": "0123456789abcdef"},
}
LOCALES = tuple(TEXT_FOLDERS.values())
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def summaries(shop, make_summaries):
    return make_summaries(shop(receipts=14), MONTHS)


@pytest.fixture(scope="module")
def files(summaries) -> dict[str, bytes]:
    return reports.monthly(MONTHS[-1], summaries, lake_decimals=2, lineage=LINEAGE, locale="es_MX")


def test_the_same_tables_make_the_same_bytes(summaries, files):
    again = reports.monthly(
        MONTHS[-1],
        dict(reversed(summaries.items())),
        lake_decimals=2,
        lineage=dict(reversed(LINEAGE.items())),
        locale="es_MX",
    )
    assert again.keys() == files.keys()
    assert [name for name in files if files[name] != again[name]] == []


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("locale", LOCALES)
def test_the_golden_report(summaries, locale, pytestconfig):
    built = reports.monthly(MONTHS[-1], summaries, lake_decimals=2, lineage=LINEAGE, locale=locale)
    for name in ("report.md", "figures.json"):
        kept = GOLDEN / locale / name
        if pytestconfig.getoption("--update-golden", default=False):
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(built[name])
        assert built[name].decode() == kept.read_text(encoding="utf-8"), (
            f"{kept.name} of {locale} changed; see --update-golden"
        )


def test_importing_the_reports_draws_nothing():
    code = (
        "import reports, reports.compose, reports.render, sys; print(sorted({'matplotlib',"
        " 'seaborn', 'typst'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(reports.__file__).parent.parent,
    )
    assert done.stdout.strip() == "[]"


class Document(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.seen if name == tag]


def test_html_is_one_accessible_file(files):
    text = files["report.html"].decode()
    document = Document(text)
    assert document.all("html") == [{"lang": "es-MX"}]
    assert not {"link", "iframe", "object", "img"} & {tag for tag, _ in document.seen}
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.S)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text and "http" not in script
    assert (
        any(meta.get("name") == "viewport" for meta in document.all("meta"))
        and "default-src 'none'" in text
    )
    drawings = document.all("svg")
    assert drawings and all(len(attrs["aria-label"] or "") > 20 for attrs in drawings)
    marks = len(re.findall(r'<g role="img"[^>]*><title>', text))
    assert marks >= 60 and text.count('<g role="img"') == marks, "every mark says its value"
    assert document.all("th") and all(
        head.get("scope") in ("col", "row") for head in document.all("th")
    )
    headings = [int(tag[1]) for tag, _ in document.seen if re.fullmatch("h[1-6]", tag)]
    assert (
        headings[0] == 1
        and headings.count(1) == 1
        and all(b <= a + 1 for a, b in pairwise(headings))
    )
    ids = [attrs["id"] for _, attrs in document.seen if attrs.get("id")]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in document.all("a")} <= set(ids)


def test_the_charts_are_files_of_their_own_and_stand_in_words_in_markdown(files):
    text, document = files["report.md"].decode(), files["report.html"].decode()
    images = {name for name in files if name.startswith("charts/")}
    assert {"charts/days.svg", "charts/hours.svg"} <= images and document.count("<svg") >= len(
        images
    )
    assert "![" not in text and "Barras diarias de ventas netas, 25 " in text
    assert "tables.xlsx" in files and "tables/" not in text


def test_pdf_is_short_and_has_no_date(files):
    body = files["report.pdf"]
    assert b"/CreationDate" not in body and b"/ModDate" not in body
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", body)) <= 8 or b"/ObjStm" in body


def test_figures_tie_to_each_other(files):
    mxn = json.loads(files["figures.json"])["currencies"]["MXN"]
    total, stores = mxn["bridge"]["total"], mxn["bridge"]["stores"]

    def add(values) -> Decimal:
        return sum((Decimal(v) for v in values), Decimal(0))

    for name in (
        "gross_sales",
        "discounts",
        "refunds",
        "net_sales",
        "tax_added",
        "tips",
        "collected",
        "paid",
        "receipts",
    ):
        assert add(store[name] for store in stores.values()) == Decimal(total[name])
    assert add(row["net_sales"] for row in mxn["items"]["items"]) == Decimal(total["net_sales"])
    assert add(row["amount"] for row in mxn["tenders"]["tenders"]) == Decimal(total["paid"])
    assert add(row["net_sales"] for row in mxn["days"]["days"].values()) == Decimal(
        total["net_sales"]
    )
    assert add(row["amount"] for row in mxn["tenders"]["discounts"]) == Decimal(total["discounts"])
    parts = mxn["drivers"]
    assert Decimal(parts["base"]) + add(parts["parts"].values()) == Decimal(parts["now"])
    assert (
        sum(mxn["hours"]["by_hour"][h]["receipts"] for h in mxn["hours"]["by_hour"])
        == total["receipts"]
    )


@pytest.mark.usefixtures("undrawn")
def test_an_open_month_is_compared_with_the_same_days(shop, make_summaries):
    total = make_summaries(shop(receipts=14), MONTHS[1:])
    open_ = dict(total)
    open_[MONTHS[2]] = make_summaries(
        shop(receipts=14, closed=lambda day: day > date(2025, 9, 10)), MONTHS[2:]
    )[MONTHS[2]]
    built = reports.monthly(
        MONTHS[2], open_, through=date(2025, 9, 10), lake_decimals=2, lineage={}, locale="es_MX"
    )
    figures = json.loads(built["figures.json"])
    days = json.loads(
        reports.monthly(MONTHS[1], total, lake_decimals=2, lineage={})["figures.json"]
    )["currencies"]["MXN"]["days"]["days"]
    before = figures["currencies"]["MXN"]["headline"]["before"]["net_sales"]
    assert Decimal(before) == sum(
        Decimal(days[f"2025-08-{d:02d}"]["net_sales"]) for d in range(1, 11)
    )
    assert (
        figures["through"] == "2025-09-10" and "hasta el 10 sep 2025" in built["report.md"].decode()
    )


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("last, cause", [("2025-09-10", "settings"), ("2025-09-09", "more")])
@pytest.mark.parametrize("kind", ["monthly", "cumulative"])
def test_a_month_in_progress_has_more_days_only_if_a_day_was_added(
    shop, make_summaries, last, cause, kind
):
    tables = make_summaries(shop(closed=lambda day: day > date(2025, 9, 10)), MONTHS[1:])

    def build(**arguments):
        files = getattr(reports, kind)(
            MONTHS[-1], tables, lake_decimals=2, through=date(2025, 9, 10), **arguments
        )
        return json.loads(files["figures.json"])

    before = build(lineage=LINEAGE | {"settings": "0"}) | {"through": last}
    after = build(lineage=LINEAGE | {"settings": "1"}, previous_figures=before)
    assert reports.cause_of(after) == cause


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    "through, is_step", [(date(2026, 3, 28), False), (date(2026, 4, 17), True)]
)
def test_the_calendar_is_explained_where_it_is_a_step(shop, make_summaries, through, is_step):
    # four weeks of March have the weekdays of those of February
    months = [date(2026, through.month - 1, 1), date(2026, through.month, 1)]
    tables = make_summaries(shop(receipts=14, closed=lambda d: d > through), months)
    built = reports.monthly(months[-1], tables, through=through, lake_decimals=2, lineage={})
    page = built["report.md"].decode()
    assert "step by step:" in page and ("step by step: the calendar" in page) == is_step
    assert ("Calendar: the effect" in page) == is_step


@pytest.mark.usefixtures("undrawn")
def test_the_first_days_of_a_shop_are_neither_compared_nor_taken_for_a_month(shop, make_summaries):
    through = date(2025, 9, 6)
    tables = make_summaries(shop(receipts=30, closed=lambda day: day > through), MONTHS[-1:])
    for build in (reports.monthly, reports.cumulative):
        built = build(MONTHS[-1], tables, through=through, lake_decimals=2, lineage={})
        page = built["report.md"].decode()
        assert "Month in progress" in page and "the same days" not in page
        assert "a month, if as many are sold" not in page
        assert ("Usual is the median" in page) == ("| Usual |" in page)
        assert ("would have brought" in page) == (build is reports.monthly)


@pytest.mark.usefixtures("undrawn")
def test_a_sentence_says_what_its_figures_are(summaries):
    now = summaries[MONTHS[-1]]
    parts = spoil(now["combo_parts"], "upgrades", 0, Decimal("12.00"))
    upgraded = summaries | {MONTHS[-1]: now | {"combo_parts": parts}}
    page = reports.monthly(MONTHS[-1], upgraded, lake_decimals=2, lineage={})["report.md"].decode()
    assert "Options with an extra charge in combos brought" in page
    assert "Other options with an extra charge: chosen" in page, "the first are not among them"
    history = reports.cumulative(MONTHS[-1], summaries, lake_decimals=2, lineage={})
    assert "(Sep 2024 = 100)" in history["report.md"].decode(), "the scale of an index"


@pytest.mark.usefixtures("undrawn")
def test_changes_name_what_moved(summaries, files):
    before = json.loads(files["figures.json"])
    same = reports.monthly(
        MONTHS[-1],
        summaries,
        lake_decimals=2,
        lineage=LINEAGE,
        previous_figures=before,
        locale="es_MX",
    )
    assert "Ninguna cifra cambió" in same["report.md"].decode()
    before["currencies"]["MXN"]["bridge"]["total"]["net_sales"] = "1.00"
    before["currencies"]["MXN"]["days"]["days"]["2025-09-03"]["net_sales"] = "3.00"
    before["currencies"]["MXN"]["goals"] = {"stores": {"s1": "5.00"}}
    before["currencies"]["MXN"]["tenders"]["tenders"][0]["amount"] = "2.00"
    moved = reports.monthly(
        MONTHS[-1],
        summaries,
        lake_decimals=2,
        lineage=LINEAGE,
        previous_figures=before,
        locale="es_MX",
        changed_receipts=[
            {"number": "1-1001", "why": "late", "day": "2025-09-03", "total": "150.00"}
        ],
    )
    listed = json.loads(moved["figures.json"])["currencies"]["MXN"]["changes"]["changed"]
    assert [(row["figure"], row["was"]) for row in listed] == [
        ("bridge.total.net_sales", "1.00"),
        ("days.days.2025-09-03.net_sales", "3.00"),
        ("tenders.tenders.Efectivo.CASH.amount", "2.00"),
        ("goals.stores.s1", "5.00"),
    ]
    text = moved["report.md"].decode()
    assert "Ventas netas del 3 sep 2025" in text and "Sucursales: Centro" in text
    assert "1-1001" in text and "Llegó tarde, o se movió a este mes" in text


def test_changed_figures_are_named_in_words(summaries, files):
    cumulative = reports.cumulative(MONTHS[-1], summaries, lake_decimals=2, lineage=LINEAGE)
    shop_names = {"s1": "Centro", "s2": "Roma Norte"}
    unnamed = set()
    for made in (files, cumulative):
        sections = json.loads(made["figures.json"])["currencies"]["MXN"]
        for path, _ in leaves({k: v for k, v in sections.items() if k not in LEFT_OUT}):
            for step in path[1:]:
                label = step_label(path[0], step, shop_names)
                if re.fullmatch(r"[a-z][a-z_0-9]*", step) and not isinstance(label, Text):
                    unnamed.add((path[0], step))
    assert {step for _, step in unnamed} <= shop_names.keys()
    spanish = Localizer("es_MX", 2, ("MXN",))
    labels = {
        "Clientes Nuevos: Recibos": ("customers", "new", "receipts"),
        "Clientes Recurrentes: Ventas netas": ("customers", "returning", "net_sales"),
        "Clientes: Nuevos": ("customers", "new", "customers"),
    }
    assert {spanish.format(_label(path, shop_names)) for path in labels.values()} == labels.keys()


@pytest.mark.parametrize("locale", ["en_US", "es_MX"])
@pytest.mark.parametrize("name", INCOMPLETE)
def test_a_single_gap_is_in_the_singular(locale: str, name: str) -> None:
    localizer = Localizer(locale, 2, ("MXN",))
    single, several = (localizer.format(text(f"incomplete.{name}", n=Count(n))) for n in (1, 2))
    assert single.startswith("1 ") and several.startswith("2 ") and single[2:] != several[2:]


def spoil(table: pa.Table, name: str, row: int, value: object) -> pa.Table:
    """`table` with one cell changed."""
    place = table.schema.get_field_index(name)
    cells = table.column(name).to_pylist()
    cells[row] = value
    return table.set_column(
        place, table.schema.field(name), pa.array(cells, table.schema.field(name).type)
    )


@pytest.mark.usefixtures("undrawn")
def test_what_does_not_reconcile_is_stated_first(summaries):
    month = dict(summaries[MONTHS[-1]])
    month["days"] = spoil(month["days"], "paid", 0, month["days"].column("paid")[0].as_py() + 1)
    quality = month["quality"]
    position = next(
        i
        for i, row in enumerate(quality.to_pylist())
        if row["check"] == "quarantined" and row["store_id"] == "s1"
    )
    month["quality"] = spoil(
        spoil(quality, "count", position, 2), "amount", position, Decimal("310.00")
    )
    built = reports.monthly(
        MONTHS[-1], summaries | {MONTHS[-1]: month}, lake_decimals=2, lineage={}, locale="en_US"
    )
    attention = json.loads(built["figures.json"])["currencies"]["MXN"]["attention"]
    assert attention["light"] == "red"
    assert [(f["key"], f["size"], f["urgent"]) for f in attention["findings"][:3]] == [
        ("lineage.finding", "310.00", True),
        ("bridge.finding", "1.00", True),
        ("lineage.not_reconciled", "0.00", True),
    ]
    text = built["report.md"].decode()
    assert (
        "Not reconciled" in text
        and "Traffic light **red**" in text
        and "2 receipts are in quarantine" in text
    )


MACHINE = re.compile(r"(?<![\w/.-])[a-z]+(?:_[a-z0-9]+)+(?![\w/.-])")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("locale", LOCALES)
def test_no_word_of_the_machine_is_printed(summaries, locale):
    """Facts, checks and reasons are said in the reader's language; only digests and names of people
    are as they are.
    """
    month = dict(summaries[MONTHS[-1]])
    position = next(
        i
        for i, row in enumerate(month["quality"].to_pylist())
        if row["check"] == "quarantined" and row["store_id"] == "s1"
    )
    month["quality"] = spoil(
        spoil(month["quality"], "count", position, 2), "subject", position, "missing_field"
    )
    lineage = {
        "version": 12,
        "definitions": 3,
        "settings": "59236dc0b8bbff8a",
        "last_day": "2025-10-02",
        "inputs": {
            f"{kind}/2025-0{n}": f"{n:016x}"
            for kind in ("summary", "customers", "backoffice")
            for n in range(1, 10)
        },
    }
    tables = summaries | {MONTHS[-1]: month}
    versions = [
        {
            "report": "reports/monthly",
            "month": "2025-09",
            "version": 1,
            "digest": "0123456789abcdef",
        }
    ]
    monthly = reports.monthly(MONTHS[-1], tables, lake_decimals=2, lineage=lineage, locale=locale)
    total = reports.cumulative(
        MONTHS[-1], tables, lake_decimals=2, lineage=lineage, locale=locale, versions=versions
    )
    for files in (monthly, total):
        text = files["report.md"].decode().replace("\\", "")
        assert MACHINE.findall(text) == []
        assert "summary/" not in text and "2025-09 |" not in text
        if locale == "es_MX":
            output = re.sub(r"tables\S+|(?:config|inputs)/\S+|<a id=.*", "", text)
            assert not re.search(
                r"\b(version|inputs|settings|definitions|last_day|code|summary|customers|missing|field)\b",
                output,
            )
    text = monthly["report.md"].decode()
    assert {"es_MX": "Falta un dato", "en_US": "A field is missing"}[locale] in text
    assert {
        "es_MX": "Versión **12**, con los días de operación hasta el 2 oct 2025.",
        "en_US": "Version **12**, with the business days through Oct 2, 2025.",
    }[locale] in text.partition("\n## ")[0]


def test_every_reason_of_the_reader_has_words():
    raised = re.compile(r'(?:_RefusalError|Fault)\(\s*"([a-z_]+)"(?: if [^,]* else "([a-z_]+)")?')
    code = "".join(
        path.read_text()
        for path in (Path(reports.__file__).parents[1] / "pipeline" / "transform").glob("*.py")
    )
    reasons = {word for pair in raised.findall(code) for word in pair if word}
    assert {f"reason.{reason}" for reason in reasons} <= text_templates("en_US").keys()


@pytest.mark.usefixtures("undrawn")
def test_small_groups_of_customers_are_hidden(shop, make_summaries):
    few = reports.monthly(
        MONTHS[-1],
        make_summaries(shop(customers=4), MONTHS[1:]),
        lake_decimals=2,
        lineage={},
        customers_since=MONTHS[1],
        locale="es_MX",
    )
    assert "Menos de 5 clientes" in few["report.md"].decode()
    assert "everyone" not in json.loads(few["figures.json"])["currencies"]["MXN"].get(
        "customers", {}
    )


def blanks(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_both_languages_say_the_same_things():
    spanish, english = (text_templates(locale) for locale in LOCALES)
    assert spanish.keys() == english.keys()
    assert [key for key in spanish if blanks(spanish[key]) != blanks(english[key])] == []
    assert all(template.count("**") % 2 == 0 for template in (*spanish.values(), *english.values()))


def test_every_sentence_of_the_code_is_in_the_catalog_and_none_lies_idle():
    present = text_templates("en_US")
    folder = Path(reports.__file__).parent
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in [*folder.rglob("*.py"), *folder.glob("*.j2")]
    )
    used = set(re.findall(r'text\(\s*"([a-z_]+\.[a-z_0-9]+)"', code))
    assert used <= present.keys(), used - present.keys()
    named = {key for key in present if f'"{key}"' in code}
    built = (
        "column.",
        "tile.",
        "step.",
        "check.",
        "channel.",
        "glossary.",
        "segment.",
        "incomplete.",
        "index.",
        "special_day.",
        "daypart.",
        "figure.",
        "daily.",
        "weekly.",
    )
    stems = tuple(f"{stem}." for stem in re.findall(r'f"([a-z_]+)\.\{', code))
    assert [
        key
        for key in present
        if key not in named and not key.startswith((*built, *stems)) and not key.endswith(".title")
    ] == []


@pytest.mark.parametrize(
    ("value", "spanish", "english"),
    [
        (Money(21438050, "MXN"), "$214,380.50", "$214,380.50"),
        (Money(-5, "MXN"), "−$0.05", "−$0.05"),
        (Money(1234567, "MXN", compact=True), "$12 k", "$12K"),
        (Money(100, "MXN", signed=True), "+$1.00", "+$1.00"),
        (Count(1845), "1,845", "1,845"),
        (Quantity(15000), "1.5", "1.5"),
        (Percent(62, 1000), "6.2 %", "6.2%"),
        (Percent(-1, 8, signed=True), "−12.5 %", "−12.5%"),
        (Percent(1, 0), "–", "–"),
        (Points(1, 2, 1, 4), "+25.0 pp", "+25.0 pp"),
        (Rate(142, 10), "14.2", "14.2"),
        (Day(date(2025, 9, 13)), "13 sep 2025", "Sep 13, 2025"),
        (Month(date(2025, 9, 1)), "septiembre de 2025", "September 2025"),
        (Weekday(4), "viernes", "Friday"),
        (Series((Name("a"), Name("b"), Name("c"))), "a, b y c", "a, b, and c"),
        (None, "–", "–"),
    ],
)
def test_values_in_words(value, spanish, english):
    assert Localizer("es_MX", 2, ("MXN",)).format(value).replace("\xa0", " ") == spanish
    assert Localizer("en_US", 2, ("MXN",)).format(value).replace("\xa0", " ") == english


@pytest.mark.parametrize(
    ("currency", "lake_decimals", "units", "expected"),
    [
        ("EUR", 2, 123450, "€1,234.50"),
        ("JPY", 3, 1234000, "¥1,234"),
        ("KWD", 3, 1234567, "KWD 1,234.567"),
        ("MXN", 3, 1234500, "MX$1,234.50"),
    ],
)
def test_currencies_beside_others(currency, lake_decimals, units, expected):
    assert (
        Localizer(
            "en_US", lake_decimals, ("EUR", "JPY", "KWD", "MXN"), {"EUR": 2, "JPY": 0, "MXN": 2}
        )
        .format(Money(units, currency))
        .replace("\xa0", " ")
        == expected
    )


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="es_MX, en_US"):
        Localizer("fr_FR", 2)


@pytest.mark.parametrize(
    ("locale", "amount", "day"),
    [
        ("es", "1.234,50", "5 oct 2025"),
        ("es_MX", "1,234.50", "5 oct 2025"),
        ("es_CO", "1.234,50", "5 oct 2025"),
        ("es_419", "1,234.50", "5 oct 2025"),
        ("en", "1,234.50", "Oct 5, 2025"),
        ("en_GB", "1,234.50", "5 Oct 2025"),
        ("en_ZA", "1\xa0234,50", "05 Oct 2025"),
    ],
)
def test_a_region_has_the_texts_of_its_language_and_its_own_formats(locale, amount, day):
    localizer = Localizer(locale, 2, ("MXN",))
    assert localizer.format(Money(123450, "MXN")).endswith(amount)
    assert localizer.format(Day(date(2025, 10, 5))) == day.removeprefix("0")


@pytest.mark.parametrize("locale", ["es_CO", "en_GB"])
def test_a_region_has_its_whole_report(summaries, locale):
    files = reports.monthly(MONTHS[-1], summaries, lake_decimals=2, lineage=LINEAGE, locale=locale)
    assert f'lang="{locale.replace("_", "-")}"' in files["report.html"].decode()


@settings(max_examples=80)
@given(
    units=st.integers(-(10**9), 10**9),
    decimals=st.integers(0, 4),
    currency=st.sampled_from(["RSD", "HUF", "COP", "JPY", "KWD", "MXN", "CLF"]),
    locale=st.sampled_from(["es_MX", "en_US", "es", "en_GB", "es_CO"]),
)
def test_no_decimal_that_an_amount_has_is_hidden(units, decimals, currency, locale):
    output = Localizer(locale, decimals, (currency,), {currency: decimals}).format(
        Money(units, currency)
    )
    digits = "".join(sign for sign in output if sign.isdigit())
    assert int(digits) == abs(units), "every digit of the amount stands on the page"
