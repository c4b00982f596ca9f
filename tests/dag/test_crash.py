"""A run that dies at any of its storage requests: the invariants hold, and the next run ends where
an undisturbed one does.

What stands in the lake before write n+1 is what stands there after write n, so to die before each
write is to die after each as well (test_unreferenced.py dies after some). The reads are killed too,
before and after by turns. The scheduled job tries each request, other runs a sample (`stride`). On
S3 one lake is written by runs that each die after a few writes, and one by runs that each die at a
later read.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.load import Storage, open_storage
from tests.dag.in_process import NOW, InProcessRun, content, local, save_shop
from tests.load.faults import FaultyStorage, Killed
from tests.load.invariants import check
from tests.load.processes import join, start
from tests.load.proxy import PASS, Rule, first, proxied
from tests.support.buckets import opener

WRITES = ("PUT",)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcessRun:
    """Its first run has ended, in a lake of its own: the truth that every other lake is held to."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    return InProcessRun(tmp_path, local(tmp_path / "truth"), monkeypatch).after(1)


@pytest.fixture
def truth(shop: InProcessRun) -> dict[str, str]:
    return content(shop.storage())


def killed(
    shop: InProcessRun,
    storage: Storage,
    at: int,
    *,
    after: bool = False,
    commands: tuple[str, ...] = WRITES,
) -> bool:
    """Whether a run on `storage` was killed at that request; the invariants hold."""
    faulty = FaultyStorage(storage, at, after=after, commands=commands)
    with suppress(Killed):
        shop.run_nightly(faulty)
    check(storage)
    return faulty.is_spent


def recovers(shop: InProcessRun, storage: Storage, truth: dict[str, str]) -> None:
    final = check(storage)
    assert shop.run_nightly(storage)
    check(storage, final, quiet=True)
    assert content(storage) == truth


def test_killed_before_a_write(
    shop: InProcessRun, truth: dict[str, str], tmp_path: Path, stride: Callable[[int], int]
) -> None:
    """Each write in the scheduled job, every thirteenth one else. The invariants hold after each death;
    the next run follows every second one, and after the others by the test on S3.
    """
    at = 1
    while killed(shop, local(tmp_path / str(at))(), at):
        if at % 2:
            recovers(shop, local(tmp_path / str(at))(), truth)
        at += stride(13)
    assert at > 60


READS = ("LIST", "HEAD", "GET")


def test_killed_at_a_read(
    shop: InProcessRun, truth: dict[str, str], tmp_path: Path, stride: Callable[[int], int]
) -> None:
    """Before it and after it by turns: a read leaves the lake as it is, so to die behind one is to
    die before the next request.
    """
    at = 1
    while killed(shop, local(tmp_path / str(at))(), at, after=at % 2 == 0, commands=READS):
        recovers(shop, local(tmp_path / str(at))(), truth)
        at += stride(5)
    assert at > 10


def test_a_later_run_killed_at_its_reads_one_by_one(
    shop: InProcessRun, truth: dict[str, str], stride: Callable[[int], int]
) -> None:
    """One that reads more than it writes: a day later, on the lake of the first. Each starts where
    the dead one before it has ended.
    """
    storage = shop.storage()
    shutil.copytree(storage.uri(), shop.folder / "undisturbed")
    undisturbed = local(shop.folder / "undisturbed")()
    later = NOW + timedelta(days=1)
    save_shop(shop.saved, later)
    assert shop.at(later).run_nightly(undisturbed)
    at, final = 1, check(storage)
    while killed(shop, storage, at, after=at % 2 == 0, commands=READS):
        final = check(storage, final)
        at += stride(5)
    assert at > 10
    check(storage, final, quiet=True)
    found = content(storage)
    assert {
        key
        for key, digest in content(undisturbed).items()
        if not key.startswith(("_", "reports/")) and found.get(key) != digest
    } == set()


def test_runs_that_all_die_at_a_read_make_the_lake_on_s3(
    shop: InProcessRun,
    truth: dict[str, str],
    request: pytest.FixtureRequest,
    stride: Callable[[int], int],
) -> None:
    """Each dies at a later read than the one before it, before or after it by turns; what each has
    written stays, until one comes through.
    """
    storage, final, at = opener("seaweed", request)(), {}, 1
    while killed(shop, storage, at, after=at % 2 == 0, commands=READS):
        at += stride(7)
        if at % 5 == 0:
            final = check(storage, final)
    assert at > 10
    check(storage, final, quiet=True)
    assert content(storage) == truth


class Mortal(FaultyStorage):
    """Carries out `writes` writes that change something, and dies; but lets the store be probed,
    which writes the same again and again.
    """

    def __init__(self, inner: Storage, writes: int) -> None:
        super().__init__(inner, 1 << 30, after=False)
        self.writes = writes

    def _write(self, key: str, data: bytes, if_absent: bool, if_match: str | None) -> str:
        etag = self.inner._write(key, data, if_absent, if_match)
        if not key.startswith("_probe/"):
            self.writes -= 1
            if self.writes <= 0:
                raise Killed(key)
        return etag


def test_runs_that_all_die_after_a_few_writes_make_the_lake_on_s3(
    shop: InProcessRun,
    truth: dict[str, str],
    request: pytest.FixtureRequest,
    stride: Callable[[int], int],
) -> None:
    """After one write each in the scheduled job."""
    storage, final, writes = opener("seaweed", request)(), {}, stride(5)
    for deaths in range(2 * len(truth)):
        try:
            assert shop.run_nightly(Mortal(storage, writes))
            break
        except Killed:
            if deaths % 10 == 0:
                final = check(storage, final)
    assert len(truth) - 5 < deaths * writes < len(truth) + 20, "each death leaves its writes"
    check(storage, final, quiet=True)
    assert content(storage) == truth


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killed_for_good(
    shop: InProcessRun, truth: dict[str, str], tmp_path: Path, how: signal.Signals
) -> None:
    """By the signal that runs no line of clean-up, and by that of a job that is cancelled; run
    after run on one lake.
    """
    storage = local(tmp_path / "lake")()
    for at, commands, after in (
        (9, WRITES, False),
        (15, WRITES, True),
        (7, READS, True),
        (12, WRITES, False),
        (5, READS, False),
        (10, WRITES, True),
    ):
        child = start(
            shop.run_nightly,
            FaultyStorage(
                storage,
                at,
                after=after,
                commands=commands,
                strike=lambda _: os.kill(os.getpid(), how),
            ),
        )
        assert join(child) == -how, "it does not end well"
        check(storage)
    recovers(shop, storage, truth)
    assert not list((tmp_path / "lake" / ".writing").glob("[0-9]*")), (
        "drafts of the dead are removed"
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [(errno.ENOSPC, "the disk is full; make room"), (errno.EACCES, "permission is denied")],
)
def test_a_disk_that_refuses(
    shop: InProcessRun,
    truth: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: int,
    sentence: str,
) -> None:
    storage, place = local(tmp_path / "lake")(), Path.replace
    for at in (1, 8, 15, 20):
        left = iter(range(at))

        def refusing(path: Path, target: Path, left: Iterator[int] = left) -> Path:
            if next(left, None) is None:
                raise OSError(code, os.strerror(code))
            return place(path, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", refusing)
            assert not shop.run_nightly(storage), "a failure, and not a success without an output"
        check(storage)
    assert sentence in caplog.text
    recovers(shop, storage, truth)


def test_a_store_that_is_busy_once_or_for_ever(
    shop: InProcessRun,
    truth: dict[str, str],
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """GET is also the listing. Once: nothing is noticed. For ever, from the middle of the run on: a
    failure that says to wait.
    """
    place = opener("seaweed", request)()

    def busy(rule: Rule, place: Storage) -> bool:
        with proxied(place._endpoint, rule) as endpoint:
            return shop.run_nightly(open_storage(place.uri().rstrip("/"), endpoint=endpoint))

    slow = (503, "SlowDown")
    once = [first(command, slow, times=3) for command in ("GET", "HEAD", "PUT")]
    assert busy(all_of(once), place)
    assert content(place) == truth
    place = opener("seaweed", request)()
    for command, at in (("PUT", 40), ("GET", 8)):
        caplog.clear()
        assert not busy(from_the(at, command, slow), place)
        assert "run again later" in caplog.text
        check(place)
    recovers(shop, place, truth)


def all_of(rules: list[Rule]) -> Rule:
    """What the first rule says that does not let the request pass."""

    def rule(command: str, path: str) -> str | tuple[int, str]:
        fates = (each(command, path) for each in rules)
        return next((fate for fate in fates if fate != PASS), PASS)

    return rule


def test_credentials_that_expire_in_the_middle(
    shop: InProcessRun,
    truth: dict[str, str],
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    place = opener("seaweed", request)()
    for at in (5, 60):
        with proxied(place._endpoint, from_the(at, "", (400, "ExpiredToken"))) as endpoint:
            assert not shop.run_nightly(open_storage(place.uri().rstrip("/"), endpoint=endpoint))
        check(place)
    assert "the credentials have expired; get new ones and run again" in caplog.text
    recovers(shop, place, truth)


def from_the(at: int, command_name: str, fate: tuple[int, str]) -> Rule:
    """From request `at` of `verb` (any, where empty) on, all of them meet `fate`."""
    left: Callable[[], int | None] = iter(range(at)).__next__

    def rule(asked: str, _: str) -> str | tuple[int, str]:
        if command_name not in ("", asked):
            return PASS
        try:
            left()
            return PASS
        except StopIteration:
            return fate

    return rule
