"""Pairs of wide months: exact against a plain recount, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.summarize import baskets
from reports.figures import baskets as figures
from tests.summarize.lake_month import draw_month, summarize_month
from tests.summarize.recount import recount
from tests.summarize.wide import PLANTED, wide_month
from tests.support.inputs import tries
from tests.support.runner import ROOT


def frequent_pairs(month, least: int) -> list[dict]:
    """Rows of the recount whose pair stands on `least` receipts of the currency's stores."""
    rows = list(recount(month)["baskets"].values())
    together: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        together[row["currency"], row["item"], row["partner"]] += row["receipts"]
    return sorted(
        (
            row
            for row in rows
            if row["item"] == row["partner"]
            or together[row["currency"], row["item"], row["partner"]] >= least
        ),
        key=lambda row: (row["store_id"], row["item"], row["partner"]),
    )


@settings(max_examples=tries(5, 15), deadline=None)
@given(
    seed=st.integers(0, 2**32),
    receipts=st.integers(0, 120),
    least=st.integers(1, 6),
    part=st.sampled_from((1, 40, 700, 2_000_000)),
)
def test_a_wide_month_holds_exactly_the_frequent_pairs(seed, receipts, least, part):
    month = draw_month(seed, receipts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baskets, "MAX_PAIRS", 0)
        patch.setattr(baskets, "MIN_RECEIPTS", least)
        patch.setattr(baskets, "PART", part)
        pairs = summarize_month(**month.arguments(), threads=1)["baskets"].to_pylist()
    assert pairs == frequent_pairs(month, least)


def test_a_wide_month_keeps_the_pairs_that_reports_show() -> None:
    """`reports` and the pipeline do not import each other."""
    assert baskets.MIN_RECEIPTS == figures.MIN_RECEIPTS


def test_the_drawn_months_have_pairs_on_both_sides_of_the_limit():
    month = draw_month(1, 120)
    rows = list(recount(month)["baskets"].values())
    kept = frequent_pairs(month, 4)
    assert any(row["item"] != row["partner"] for row in kept), "some pairs reach it"
    assert len(kept) < len(rows), "some do not"
    assert any(row["receipts"] < 4 and row["item"] != row["partner"] for row in kept), (
        "some reach it only in two stores together"
    )


@pytest.mark.parametrize("above", [0, 1])
def test_a_month_is_pruned_only_above_the_limit(above: int, monkeypatch: pytest.MonkeyPatch):
    """Each receipt of 4 items has 10 pairs, an item with itself included; 3 receipts have 30."""
    monkeypatch.setattr(baskets, "MAX_PAIRS", 30 - above)
    pairs = summarize_month(**wide_month(3, 4, 1000))["baskets"].to_pylist()
    assert any(row["item"] != row["partner"] for row in pairs) == (not above)
    assert sum(row["receipts"] for row in pairs if row["item"] == row["partner"]) == 12


def test_receipts_of_225_lines_over_5_000_items_fit_in_memory() -> None:
    """15 million pairs; counted at once they do not fit."""
    program = """if True:
        import resource
        from tests.summarize.lake_month import summarize_month
        from tests.summarize.wide import wide_month
        arguments = wide_month(600, 225, 5000)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        baskets = summarize_month(**arguments, memory_limit="400MB")["baskets"].to_pylist()
        for row in baskets:
            if row["item"] != row["partner"]:
                print(row["item"], row["partner"], row["receipts"], sep="|")
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=900,
    )
    *pairs, grown = done.stdout.splitlines()
    first, second, third = PLANTED
    assert pairs == [f"{first}|{second}|60", f"{first}|{third}|60", f"{second}|{third}|60"]
    assert int(grown) < 400 << 10, "KB"
