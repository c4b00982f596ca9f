"""Awkward shops: each gets complete reports in both languages, which state what cannot be computed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

import reports
from reports.localizer import TEXT_FOLDERS
from tests.support.inputs import tries

SEPTEMBER, AUGUST, LAST_YEAR, JANUARY = (
    date(2025, 9, 1),
    date(2025, 8, 1),
    date(2024, 9, 1),
    date(2025, 1, 1),
)
LOCALES = tuple(TEXT_FOLDERS.values())
DECIMALS = {"JPY": 0, "KWD": 3, "MXN": 2}
LINEAGE = {"version": 1, "last_day": "2025-10-03"}


def never(day: date) -> bool:
    return True


def only_first(day: date) -> bool:
    return day.day != 1


WORLD = (
    (
        "Pizza 🍕 de la casa con muchísimo queso y un nombre que no termina nunca jamás",
        "🍕",
        120,
        40,
    ),
    ("寿司の盛り合わせ", "日本", 90, 30),
    ("شاورما دجاج", "عربي", 80, 30),
    ("Ñandú & <b>Hijos</b>", "A|B", 70, 20),
    ("=SUM(A1:A9)", "+cmd", 60, 20),
    ("x" * 300, "long", 50, 10),
    ("[haga clic](http://malo.example)", "`code`", 40, 10),
)

SHOPS = {
    "usual": ({}, [LAST_YEAR, AUGUST, SEPTEMBER]),
    "first month": ({}, [SEPTEMBER]),
    "empty month": ({"closed": never}, [SEPTEMBER]),
    "empty account": ({"closed": never, "stores": ()}, [AUGUST, SEPTEMBER]),
    "empty after a full one": ({"closed": lambda day: day.month == 9}, [AUGUST, SEPTEMBER]),
    "full after an empty one": ({"closed": lambda day: day.month == 8}, [AUGUST, SEPTEMBER]),
    "one receipt": (
        {"closed": only_first, "receipts": 1, "stores": (("s1", "Única", "MXN"),)},
        [SEPTEMBER],
    ),
    "all refunds": ({"refunds": 1.0}, [AUGUST, SEPTEMBER]),
    "one product": ({"menu": (("Taco", "Tacos", 20, 8),), "combo": None}, [AUGUST, SEPTEMBER]),
    "no customers": ({"customers": 0}, [AUGUST, SEPTEMBER]),
    "few customers": ({"customers": 4}, [AUGUST, SEPTEMBER]),
    "no costs": ({"costs": False}, [AUGUST, SEPTEMBER]),
    "no categories": (
        {"menu": tuple((n, None, p, c) for n, _, p, c in WORLD)},
        [AUGUST, SEPTEMBER],
    ),
    "three hundred products": (
        {
            "menu": tuple(
                (f"Producto número {i:03d}", f"Categoría {i % 7}", 20 + i % 90, 5 + i % 20)
                for i in range(300)
            ),
            "receipts": 40,
        },
        [AUGUST, SEPTEMBER],
    ),
    "fifty stores": (
        {
            "stores": tuple((f"s{i:02d}", f"Sucursal {i:02d}", "MXN") for i in range(50)),
            "receipts": 2,
        },
        [AUGUST, SEPTEMBER],
    ),
    "yen": ({"stores": (("s1", "銀座", "JPY"),), "lake_decimals": 0}, [AUGUST, SEPTEMBER]),
    "three currencies": (
        {
            "stores": (("s1", "Centro", "MXN"), ("s2", "銀座", "JPY"), ("s3", "Salmiya", "KWD")),
            "lake_decimals": 3,
        },
        [AUGUST, SEPTEMBER],
    ),
    "january": ({}, [date(2024, 12, 1), JANUARY]),
    "names of the world": (
        {
            "menu": WORLD,
            "combo": "Combo\n# |*_`<img src=x onerror=alert(1)>",
            "tenders": (("=1+1", "CASH"), ("@tarjeta", "OTHER")),
            "stores": (
                ("s1", "<script>alert(1)</script>", "MXN"),
                ("s2", "\u202eoleb\u202c ‏مطعم", "MXN"),
            ),
            "discounts": ("-10%", "\tTab"),
            "employees": (("e1", "Ana|G."), ("e2", "**Luis**")),
        },
        [AUGUST, SEPTEMBER],
    ),
}


@pytest.fixture(scope="module", params=SHOPS)
def awkward(request, shop, make_summaries):
    """Tables, months, decimals and number of one shop."""
    changed, months = SHOPS[request.param]
    built = replace(shop(), **{"receipts": 8} | changed)
    number = list(SHOPS).index(request.param)
    return make_summaries(built, months), months, built.lake_decimals, number


def pages_of(pdf: bytes) -> int:
    return max(map(int, re.findall(rb"/Count (\d+)", pdf)))


def is_numbered(text: str) -> bool:
    """Whether the sections with content are numbered from 1, in each currency."""
    numbers = [int(number) for number in re.findall(r"(?m)^## (\d+)\. ", text)]
    return numbers[0] == 1 and all(b in (a + 1, 1) for a, b in pairwise(numbers))


LOCALES_AND_PAPERS = (("es_MX", "us-letter"), ("en_US", "a4"))


@pytest.mark.parametrize("turn", tries((0,), (0, 1)))
def test_monthly_report_of_an_awkward_shop(awkward, turn):
    """In the two languages by turns; in both of them in the scheduled job."""
    summaries, months, lake_decimals, number = awkward
    locale, paper = LOCALES_AND_PAPERS[(number + turn) % 2]
    files = reports.monthly(
        months[-1],
        summaries,
        locale=locale,
        lake_decimals=lake_decimals,
        decimals=DECIMALS,
        lineage=LINEAGE,
        customers_since=months[0],
        paper=paper,
        currency="MXN",
    )
    text = files["report.md"].decode()
    assert files["report.html"].startswith(b"<!doctype html>") and files["report.pdf"].startswith(
        b"%PDF"
    )
    assert is_numbered(text)
    assert not re.search(r"\b(None|nan|NaN|NaT|inf)\b", text)
    currencies = json.loads(files["figures.json"])["currencies"]
    assert pages_of(files["report.pdf"]) <= 8 + 2 * (len(currencies) - 1), (
        "eight pages of one currency, two more for each further one"
    )
    for currency, sections in currencies.items():
        nothing = {"JPY": "0", "KWD": "0.000"}.get(currency, "0.00")
        assert (
            sections["bridge"]["total"]["difference"]
            == sections["bridge"]["total"]["unpaid"]
            == nothing
        )


def test_cumulative_report_of_an_awkward_shop(awkward):
    summaries, months, lake_decimals, _ = awkward
    locale = LOCALES[len(months) % 2]
    files = reports.cumulative(
        months[-1],
        summaries,
        locale=locale,
        lake_decimals=lake_decimals,
        lineage=LINEAGE,
        currency="MXN",
    )
    text = files["report.md"].decode()
    assert files["report.html"].startswith(b"<!doctype html>") and files["report.pdf"].startswith(
        b"%PDF"
    )
    assert is_numbered(text)
    assert not re.search(r"\b(None|nan|NaN|NaT|inf)\b", text)
