"""The history limit: an account that serves 31 days only. What it serves is kept, and a truncated
period is never called complete.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.errors import HistoryLimit
from pipeline.pos.pages import write_instant
from tests.extract.small_shop import NOW, fetch_first_windows, numbers, receipt, shop
from tests.support.book import Book
from tests.support.faults import Fault


def limited(book: Book, start, limit: int, **options):
    return start(book, limit=limit, history_days=31, **options)


@pytest.mark.parametrize("limit", [3, 7, 10, 48, 250])
@pytest.mark.parametrize("behind", [1, 5, 29])
def test_all_within_the_history_limit_is_kept(
    start, tmp_path: Path, limit: int, behind: int
) -> None:
    """`behind` of 60 receipts were created before the history limit and cancelled yesterday: the page across
    it fails whole, wherever it stands.
    """
    edge = NOW - timedelta(days=31)
    book = Book()
    for n in range(60):
        moment = edge + timedelta(minutes=30) * (n - behind) + timedelta(minutes=15)
        book.add(receipt(f"1-{n}", moment), moment)
    for n in range(60):
        book.cancel(f"1-{n}", NOW - timedelta(days=1, hours=1, minutes=n))
    server, source = limited(book, start, limit)
    result = fetch_first_windows(source, 29, tmp_path)
    assert set(numbers(result)) == {f"1-{n}" for n in range(behind, 60)}
    assert result.truncated_at == edge + timedelta(minutes=15), "the oldest that was served"
    assert len(server.requests) <= 60 // limit + 25


def test_a_request_from_before_the_history_limit_gives_what_is_within_it(
    start, tmp_path: Path
) -> None:
    """40 days without a run: the account refuses a page that reaches back too far, and everything
    since the history limit is served.
    """
    first = NOW - timedelta(days=40)
    book = shop(400, first, timedelta(hours=2))
    server, source = limited(book, start, 250)
    pages = list(source.receipts(first, None))
    served = [record for page in pages for record in page.records]
    assert pages[-1].truncated_at is not None and NOW - timedelta(days=31) <= pages[
        -1
    ].truncated_at <= NOW - timedelta(days=30)
    assert {r.number for r in served} == {
        f"1-{n + 1000}"
        for n in range(400)
        if first + n * timedelta(hours=2) >= NOW - timedelta(days=31)
    }
    assert len(server.requests) < 40


def test_a_server_that_refuses_the_old_bound_itself_does_not_stop_the_runs(start) -> None:
    """Whether updated_at_min beyond the history limit is refused at once is not known: this server does."""
    first = NOW - timedelta(days=40)
    edge = write_instant(NOW - timedelta(days=31))
    old = Fault(
        "status",
        status=402,
        times=None,
        on=lambda exchange: exchange.params.get("updated_at_min", "9") < edge,
    )
    _, source = start(shop(400, first, timedelta(hours=2)), faults=[old])
    pages = list(source.receipts(first, None))
    assert sum(len(page.records) for page in pages) == 291 and pages[-1].truncated_at is not None
    assert (
        pages[-1].truncated_at - (NOW - timedelta(days=31)) < timedelta(minutes=5)
        and old.struck == 1
    )


def test_nothing_within_the_history_limit_is_a_truncation_and_no_failure(
    start, tmp_path: Path
) -> None:
    """A shop on holiday cancels an old receipt: the run sees only the history limit, says so, and does not
    block the next.
    """
    book = shop(1, NOW - timedelta(days=45))
    book.cancel("1-1000", NOW - timedelta(days=2))
    _, source = limited(book, start, 250)
    result = fetch_first_windows(source, 30, tmp_path)
    assert numbers(result) == [] and result.truncated_at is not None
    assert abs(result.truncated_at - (NOW - timedelta(days=31))) < timedelta(minutes=5)


def test_a_span_beyond_the_history_limit_is_empty_and_truncated(start, tmp_path: Path) -> None:
    """So a long history of a limited account does not fail again every run."""
    server, source = limited(shop(96, NOW - timedelta(days=60)), start, 250)
    first = NOW - timedelta(days=60)
    pages = list(source.receipts(first, first + timedelta(days=28)))
    assert [page.records for page in pages] == [[]]
    edge = pages[-1].truncated_at
    assert edge and NOW - timedelta(days=31) <= edge <= NOW - timedelta(days=30)
    assert len(server.requests) == 2, "the span, and whether the account serves anything"


def test_a_lapsed_account_is_a_failure_and_never_no_receipts(start, tmp_path: Path) -> None:
    server, source = start(shop(30), faults=[Fault("status", status=402, times=None)])
    with pytest.raises(HistoryLimit, match="Unlimited sales history"):
        fetch_first_windows(source, 1, tmp_path)
    assert len(server.requests) < 10


def test_without_a_history_limit_nothing_is_truncated(start, tmp_path: Path) -> None:
    _, source = start(shop(30), limit=10)
    assert fetch_first_windows(source, 1, tmp_path).truncated_at is None


@pytest.mark.parametrize("page", range(1, 7))
def test_a_history_limit_anywhere_in_the_fetch_keeps_the_pages_before_it(
    start, tmp_path: Path, page: int
) -> None:
    """402 from page k on, however small the page: all pages before it are kept, and the fetch is not
    called complete.
    """
    _, source = start(
        shop(60, step=timedelta(minutes=20)),
        limit=10,
        faults=[
            Fault(
                "status",
                status=402,
                times=None,
                on=lambda e: e.page >= page and "created_at_min" not in e.params,
            )
        ],
    )
    result = fetch_first_windows(source, 1, tmp_path)
    assert len(numbers(result)) == 10 * (page - 1) and result.truncated_at is not None
