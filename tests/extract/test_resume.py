"""After a kill, a full disk or a failure the next run continues where the last one stopped, and
never with the pages of another run.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from pipeline.errors import ConfigError, SourceRetriable
from pipeline.extract import page_journal
from pipeline.extract.fetch import fetch_pages
from pipeline.extract.read_ahead import AHEAD
from tests.extract.small_shop import DAY, NOW, START, fetch_first_windows, numbers, shop, windows
from tests.support.faults import Fault, on_page


def killed_walk(source: object, folder: Path, days: int, die: int, where: str) -> None:
    """A child process fetches and kills itself at its `die`-th page: "kept" after it was kept,
    "before" that, or while it hands out.
    """
    child = os.fork()
    if child:
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        return
    seen = 0

    def strike() -> None:
        nonlocal seen
        seen += 1
        if seen == die:
            os.kill(os.getpid(), signal.SIGKILL)

    if where == "before":
        inner = source.receipts
        source.receipts = lambda *args: ((strike(), page)[1] for page in inner(*args))
    result = fetch_first_windows(
        source, days, folder, progress=lambda step: strike() if where == "kept" else None
    )
    for _ in result.windows:
        strike()
    os._exit(1)


@pytest.mark.parametrize("die", range(1, 6))
@pytest.mark.parametrize("where", ["kept", "before"])
def test_a_page_once_fetched_is_not_fetched_again(
    start, tmp_path: Path, die: int, where: str
) -> None:
    server, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, die, where)
    result = fetch_first_windows(source, 2, tmp_path)
    assert (
        sorted(numbers(result)) == [f"1-{n + 1000}" for n in range(96)] and result.duplicates == 0
    )
    assert len(server.requests) <= 5 + AHEAD + (where == "before"), "at most those under way"
    assert result.requests == 5 - die + (where == "before")
    assert list(tmp_path.glob("pages.*")) == [], "emptied when done"


@pytest.mark.parametrize("die", [1, 2, 3])
def test_windows_not_yet_handed_out_are_not_fetched_again(start, tmp_path: Path, die: int) -> None:
    """Killed while the windows are committed: the next run asks for the rest only, and finds it on
    its disk.
    """
    server, source = start(shop(144), limit=20)
    killed_walk(source, tmp_path, 3, die, "handing out")
    rest = windows(3)[die - 1 :]
    result = fetch_pages(
        source, rest, bounded=False, state_folder=tmp_path, now=NOW + timedelta(hours=1)
    )
    assert sorted(numbers(result)) == [f"1-{n + 1000}" for n in range(48 * (die - 1), 144)]
    assert (
        len(server.requests) == 8 and result.requests == 0 and list(tmp_path.glob("pages.*")) == []
    )


@pytest.mark.parametrize("damage", ["cut", "flip", "tail", "nothing but a tail"])
def test_a_damaged_tail_is_dropped(start, tmp_path: Path, damage: str) -> None:
    _, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    [journal] = tmp_path.glob("pages.*/journal")
    body = journal.read_bytes()
    journal.write_bytes(
        {
            "cut": body[:-9],
            "flip": body[:-9] + bytes([body[-9] ^ 1]) + body[-8:],
            "tail": body + os.urandom(99),
            "nothing but a tail": os.urandom(99),
        }[damage]
    )
    result = fetch_first_windows(source, 2, tmp_path)
    assert sorted(numbers(result)) == [f"1-{n + 1000}" for n in range(96)]
    kept = {"cut": 2, "flip": 2, "tail": 3, "nothing but a tail": 0}[damage]
    assert result.requests == 5 - kept


def test_a_cursor_forgotten_in_the_meantime_only_costs_time(start, tmp_path: Path) -> None:
    server, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    server.faults.append(Fault("status", status=400, code="INVALID_CURSOR", on=on_page(4)))
    result = fetch_first_windows(source, 2, tmp_path)
    assert (
        sorted(set(numbers(result))) == [f"1-{n + 1000}" for n in range(96)]
        and result.duplicates == 60
    )


@pytest.mark.parametrize(
    "other", ["source", "earlier", "later", "bounded", "old", "clock set back"]
)
def test_a_journal_of_another_fetch_is_not_continued(start, tmp_path: Path, other: str) -> None:
    server, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    requested, now, bounded = windows(2), NOW, other == "bounded"
    if other == "source":
        source.connection_id = "somebody else's"
    elif other == "earlier":
        requested = windows(3, START - DAY)
    elif other == "later":
        requested = windows(3)
    elif other == "old":
        now += timedelta(days=1)
    elif other == "clock set back":
        now -= timedelta(hours=1)
        server.now = lambda: now
    result = fetch_pages(source, requested, bounded=bounded, state_folder=tmp_path, now=now)
    assert result.requests == 5 + bounded and len(numbers(result)) == 96
    left = len(list(tmp_path.glob("pages.*")))
    assert left == (0 if other in ("old", "clock set back") else 1), (
        "an old one is removed, another's is left to it"
    )


def test_nothing_but_journals_is_removed_from_the_journal_folder(start, tmp_path: Path) -> None:
    for name in ("pages.txt", "pages.a.b.c", "pages.x.on.1.2.3.foo.bar", "mine"):
        (tmp_path / name).mkdir()
    _, source = start(shop(3))
    fetch_first_windows(source, 1, tmp_path).windows.close()
    assert {"pages.txt", "pages.a.b.c", "pages.x.on.1.2.3.foo.bar", "mine"} <= {
        path.name for path in tmp_path.iterdir()
    }


def test_two_at_once_do_not_share_a_journal(start, tmp_path: Path) -> None:
    server, source = start(shop(96), limit=20)
    first, second = (
        fetch_first_windows(source, 2, tmp_path),
        fetch_first_windows(source, 2, tmp_path),
    )
    assert len(server.requests) == 10 and len(list(tmp_path.glob("pages.*"))) == 2
    assert numbers(first) == numbers(second) and list(tmp_path.glob("pages.*")) == []


def test_a_journal_that_its_owner_has_just_finished_is_not_taken_over(
    start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the opening of its journal and the lock the folder goes away."""
    _, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    lock, [folder] = fcntl.flock, tmp_path.glob("pages.*")
    monkeypatch.setattr(
        fcntl, "flock", lambda *args: (shutil.rmtree(folder, ignore_errors=True), lock(*args))
    )
    result = fetch_first_windows(source, 2, tmp_path)
    assert len(numbers(result)) == 96 and result.requests == 5


def test_many_at_once_take_over_and_finish_each_others_journals(start, tmp_path: Path) -> None:
    _, source = start(shop(48), limit=20)
    result: list[int] = []

    def work(worker: int) -> None:
        for turn in range(6):
            handed = fetch_first_windows(source, 1, tmp_path).windows
            if (worker + turn) % 3:
                result.append(sum(len(rows) for _, records in handed for rows in records.values()))
            else:
                handed.close()  # gives up half-way

    threads = [Thread(target=work, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert result == [48] * 20
    for _ in range(30):
        if list(tmp_path.glob("pages.*")):
            numbers(fetch_first_windows(source, 1, tmp_path))
    assert list(tmp_path.glob("pages.*")) == []


def test_fetches_run_in_parallel(start, tmp_path: Path) -> None:
    server, source = start(shop(48 * 6), limit=20)
    result: dict[int, list[str]] = {}

    def work(n: int) -> None:
        result[n] = numbers(
            fetch_pages(
                source,
                windows(2, START + 2 * n * DAY),
                bounded=True,
                state_folder=tmp_path,
                now=NOW,
            )
        )

    threads = [Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for rows in result.values() for number in rows) == [
        f"1-{n + 1000}" for n in range(48 * 6)
    ]
    assert len(server.requests) == 15 + 3 and list(tmp_path.glob("pages.*")) == []


def test_the_journal_is_private(start, tmp_path: Path) -> None:
    _, source = start(shop(3))
    result = fetch_first_windows(source, 1, tmp_path / "new")
    next(result.windows)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    [folder] = (tmp_path / "new").glob("pages.*")
    assert (
        folder.stat().st_mode & 0o777 == 0o700
        and (folder / "journal").stat().st_mode & 0o777 == 0o600
    )


@pytest.mark.parametrize("room", [12_000, -1], ids=["early", "in the last byte"])
def test_a_full_disk_is_reported_and_what_was_fetched_is_kept(
    start, tmp_path: Path, room: int
) -> None:
    _, source = start(shop(96), limit=20)
    measured = fetch_first_windows(source, 2, tmp_path / "measured")
    [journal] = (tmp_path / "measured").glob("pages.*/journal")
    limit = journal.stat().st_size - 1 if room < 0 else room
    child = os.fork()
    if child == 0:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            fetch_first_windows(source, 2, tmp_path / "state")
        except ConfigError as error:
            os._exit(7 if "free space" in str(error) and str(tmp_path) in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    result = fetch_first_windows(source, 2, tmp_path / "state")
    assert len(numbers(result)) == measured.records == 96 and result.requests == (
        1 if room < 0 else 3
    )


@pytest.mark.parametrize("damage", ["cut", "short"])
def test_a_disk_that_loses_records_is_noticed(
    start, tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_journal, "IN_MEMORY", 0)
    _, source = start(shop(96), limit=20)
    result = fetch_first_windows(source, 2, tmp_path)
    bucket = max(tmp_path.glob("pages.*/bucket.*"), key=lambda path: path.stat().st_size)
    body = bucket.read_bytes()
    bucket.write_bytes({"cut": body[:-1], "short": body[: len(body) // 2]}[damage])
    with pytest.raises(ConfigError, match=r"returned \d+ of \d+ records"):
        numbers(result)
    assert len(numbers(fetch_first_windows(source, 2, tmp_path))) == 96, (
        "the journal has them still"
    )


def test_nothing_of_a_dropped_tail_comes_back(start, tmp_path: Path) -> None:
    _, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    [journal] = tmp_path.glob("pages.*/journal")
    body = journal.read_bytes()
    journal.write_bytes(
        body[:30] + bytes([body[30] ^ 1]) + body[31:]
    )  # the first page is damaged, the others are whole
    killed_walk(source, tmp_path, 2, 1, "kept")
    result = fetch_first_windows(source, 2, tmp_path)
    assert len(numbers(result)) == 96 and result.requests == 4


def test_a_failure_keeps_the_pages_for_the_next_run(start, tmp_path: Path) -> None:
    server, source = start(
        shop(96), limit=20, faults=[Fault("status", status=500, times=8, on=on_page(4))]
    )
    with pytest.raises(SourceRetriable):
        fetch_first_windows(source, 2, tmp_path)
    result = fetch_first_windows(source, 2, tmp_path)
    assert result.requests == 2 and len(numbers(result)) == 96
    assert len(server.requests) == 3 + 8 + 2


def test_a_truncated_fetch_is_truncated_after_a_kill_too(start, tmp_path: Path) -> None:
    server, source = start(
        shop(96),
        limit=20,
        faults=[
            Fault(
                "status",
                status=402,
                times=None,
                on=lambda e: e.page >= 3 and "created_at_min" not in e.params,
            )
        ],
    )
    killed_walk(source, tmp_path, 2, 3, "kept")
    result = fetch_first_windows(source, 2, tmp_path)
    assert result.truncated_at is not None and len(numbers(result)) == 40 and result.requests == 0
    assert server.requests


def test_a_new_journal_that_another_process_locks_first_is_left_to_it(
    start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, source = start(shop(3))
    lock, folders = page_journal._lock, []

    def busy_once(folder: Path, create: int = 0) -> int:
        folders.append(folder)
        if len(folders) == 1:
            raise BlockingIOError("locked")
        return lock(folder, create)

    monkeypatch.setattr(page_journal, "_lock", busy_once)
    assert len(numbers(fetch_first_windows(source, 1, tmp_path))) == 3
    assert len(set(folders)) == 2


def test_pages_of_two_killed_runs_are_all_kept(start, tmp_path: Path) -> None:
    """The second run adds its pages behind those of the first."""
    server, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 2, "kept")
    receipts = source.receipts
    killed_walk(source, tmp_path, 2, 2, "before")
    source.receipts = receipts
    extracted = fetch_first_windows(source, 2, tmp_path)
    assert sorted(numbers(extracted)) == [f"1-{n + 1000}" for n in range(96)]
    assert extracted.requests == 2 and len(server.requests) <= 2 + 2 + 2 + 2 * AHEAD
