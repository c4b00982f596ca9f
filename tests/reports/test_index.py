"""The index page: latest month first, every format and version linked, nothing invented."""

from __future__ import annotations

import re

import pytest

import reports

FIGURES = {
    "lake_decimals": 2,
    "currencies": {
        "MXN": {
            "trend": {
                "months": {
                    "2025-07": {"net_sales": "100.00", "receipts": 31},
                    "2025-08": {"net_sales": "80.00", "receipts": 30},
                    "2025-09": {"net_sales": "120.00", "receipts": 1234},
                },
                "partial": [],
            }
        }
    },
}


def test_latest_month_first_with_every_form_and_version():
    page = reports.index(
        {"2025-08": ["000001.ab"], "2025-09": ["000001.ab", "000002.cd"]},
        {"2025-09": [f"00000{n}.ef" for n in (1, 2, 3)]},
        FIGURES,
        locale="es_MX",
    ).decode()
    links = re.findall(r'href="([^"]+)"', page)
    assert links.index("monthly/2025-09/report.html") < links.index("monthly/2025-08/report.html")
    for name in ("html", "pdf", "md"):
        assert f"monthly/2025-09/report.{name}" in links
    assert "monthly/2025-09/versions/000002.cd.zip" in links
    assert "cumulative/2025-09/versions/000003.ef.zip" in links
    assert (
        "$120.00" in page
        and "+50.0\xa0% contra ago 2025" in page
        and "data:image/svg+xml;base64," in page
    )
    assert "1,234 recibos" in page and "Mes cerrado, datos hasta el 30 sep 2025 · versión 2" in page
    assert all(not link.startswith(("http", "/")) for link in links)


@pytest.mark.parametrize("locale", ["es_MX", "en_US"])
def test_a_lake_without_reports_has_an_index_too(locale):
    page = reports.index({}, {}, None, locale=locale).decode()
    assert page.startswith("<!doctype html>") and "<img" not in page


def test_an_open_month_is_not_compared_with_a_whole_one():
    page = reports.index(
        {"2025-08": ["000001.ab"], "2025-09": ["000001.ab"]},
        {},
        FIGURES | {"through": "2025-09-10"},
        locale="en_US",
    ).decode()
    assert (
        "Month in progress, data through Sep 10, 2025 · version 1" in page
        and "+50.0%" not in page
        and "\u221220.0% against Jul 2025" in page
    )
    assert "July 2025 to August 2025; the last one $80.00" in page


def test_a_month_is_compared_with_a_whole_one_of_enough_receipts_only():
    trend = FIGURES["currencies"]["MXN"]["trend"]
    few = {
        "lake_decimals": 2,
        "currencies": {
            "MXN": {
                "trend": {
                    "months": trend["months"] | {"2025-08": {"net_sales": "80.00", "receipts": 19}}
                }
            }
        },
    }
    begun = {"lake_decimals": 2, "currencies": {"MXN": {"trend": trend | {"partial": ["2025-08"]}}}}
    gap = {
        "lake_decimals": 2,
        "currencies": {
            "MXN": {"trend": {"months": {m: trend["months"][m] for m in ("2025-07", "2025-09")}}}
        },
    }
    for figures in (few, begun, gap):
        page = reports.index({"2025-09": ["000001.ab"]}, {}, figures, locale="en_US").decode()
        assert (
            "$120.00" in page
            and "1,234 receipts" in page
            and "%" not in page.partition("</style>")[2]
        )


def test_a_month_in_which_the_history_begins_is_not_called_complete():
    trend = FIGURES["currencies"]["MXN"]["trend"] | {"partial": ["2025-07"]}
    page = reports.index(
        {"2025-07": ["000001.ab"], "2025-08": ["000001.ab"]},
        {},
        FIGURES | {"currencies": {"MXN": {"trend": trend}}},
        locale="en_US",
    ).decode()
    assert page.count("Closed month") == 1
    assert "Incomplete month, in which the history begins, data through Jul 31, 2025" in page


def test_a_lone_monthly_report_is_shown_with_its_own_figures():
    headline = {
        "total": {"net_sales": "150.00", "receipts": 40},
        "before": {"net_sales": "120.00", "receipts": 1234},
    }
    shown = {
        "2025-10": {
            "lake_decimals": 2,
            "through": None,
            "currencies": {"MXN": {"headline": headline}},
        }
    }
    page = reports.index(
        {"2025-10": ["000001.ab"]}, {}, None, months=shown, locale="en_US"
    ).decode()
    assert (
        "$150.00" in page
        and "+25.0% against Sep 2025" in page
        and "40 receipts" in page
        and "<img" not in page
    )
    both = reports.index(
        {"2025-10": ["000001.ab"], "2025-09": ["000001.ab"]},
        {},
        FIGURES,
        months=shown,
        locale="en_US",
    ).decode()
    assert (
        "July 2025 to October 2025; the last one $150.00" in both
        and "+50.0% against Aug 2025" in both
    )
