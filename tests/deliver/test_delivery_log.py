"""Each message is sent once: in repeated runs, in parallel runs, and in runs killed between any two
steps.
"""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver import (
    Abandoned,
    DeliveryKey,
    DeliveryLog,
    RefusedDelivery,
    UnansweredDelivery,
    recipient_id,
)
from pipeline.deliver.delivery_log import LEASE, MAX_UNANSWERED
from pipeline.errors import ConfigError, Stale
from pipeline.load.local import LocalStorage

KEY = DeliveryKey("monthly", "2026-10", "000001.0123456789abcdef", "fedcba9876543210")


class Clock:
    """Time that passes only during a sleep."""

    now = 1_000_000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Killed(BaseException):
    """The process ends here."""


def delivery_log(folder: Path, clock: Clock, run: str = "one") -> DeliveryLog:
    return DeliveryLog(LocalStorage(folder), run, clock=lambda: clock.now, sleep=clock.sleep)


def test_a_second_run_sends_nothing(tmp_path: Path) -> None:
    clock, sent = Clock(), []
    assert delivery_log(tmp_path, clock).deliver(KEY, lambda: sent.append(1))
    assert not delivery_log(tmp_path, clock, "two").deliver(KEY, lambda: sent.append(2))
    assert sent == [1] and clock.now == Clock.now
    assert delivery_log(tmp_path, clock).versions(KEY.recipient) == {KEY[:3]}


def test_what_was_tried_and_has_not_arrived_is_known(tmp_path: Path) -> None:
    log = delivery_log(tmp_path, Clock())
    with pytest.raises(RefusedDelivery):
        log.deliver(KEY, _raiser(RefusedDelivery("full")))
    assert (
        delivery_log(tmp_path, Clock()).unfinished(KEY.recipient) == {KEY[:2]}
        and delivery_log(tmp_path, Clock()).unfinished("0" * 16) == set()
    )
    delivery_log(tmp_path, Clock(), "two").deliver(
        KEY._replace(version="000002." + "c" * 16), lambda: None
    )
    assert delivery_log(tmp_path, Clock()).unfinished(KEY.recipient) == set(), (
        "a later version has arrived"
    )


def test_what_could_not_be_written_is_unfinished_and_tried_without_end(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(MAX_UNANSWERED + 2):
        delivery_log(tmp_path, clock).postpone(KEY)
    log = delivery_log(tmp_path, clock)
    assert log.unfinished(KEY.recipient) == {KEY[:2]} and not log.is_settled(KEY)
    assert log.deliver(KEY, lambda: None) and clock.now == Clock.now


def test_another_version_and_another_recipient_are_sent(tmp_path: Path) -> None:
    sent, log = [], delivery_log(tmp_path, Clock())
    for key in (
        KEY,
        KEY._replace(version="000002.00000000000000aa"),
        KEY._replace(recipient="0" * 16),
    ):
        assert log.deliver(key, lambda: sent.append(1))
    assert len(sent) == 3


@pytest.mark.parametrize(
    "fault", [RefusedDelivery("no such user"), ConfigError("invalid header"), Stale("changed")]
)
def test_what_was_not_sent_is_tried_by_the_next_run_at_once_and_without_end(
    tmp_path: Path, fault: Exception
) -> None:
    clock = Clock()
    for _ in range(MAX_UNANSWERED + 2):
        with pytest.raises(type(fault)):
            delivery_log(tmp_path, clock).deliver(KEY, _raiser(fault))
    assert delivery_log(tmp_path, clock).deliver(KEY, lambda: None) and clock.now == Clock.now


@pytest.mark.parametrize("fault", [UnansweredDelivery("no answer"), Killed()])
def test_what_nobody_answered_for_is_sent_again_after_its_lease_and_then_given_up(
    tmp_path: Path, fault: BaseException
) -> None:
    clock, tries = Clock(), []
    for n in range(MAX_UNANSWERED):
        with pytest.raises(type(fault)):
            delivery_log(tmp_path, clock, str(n)).deliver(
                KEY, lambda: (tries.append(clock.now), _raiser(fault)())
            )
    assert len(tries) == MAX_UNANSWERED and all(
        later - earlier >= LEASE for earlier, later in pairwise(tries)
    )
    with pytest.raises(Abandoned, match="not sent again"):
        delivery_log(tmp_path, clock).deliver(KEY, lambda: tries.append(0))
    assert not delivery_log(tmp_path, clock).deliver(KEY, lambda: tries.append(0)), (
        "logged once; the next runs go on"
    )
    assert len(tries) == MAX_UNANSWERED


@pytest.mark.parametrize("ahead", [0, 60, 1_000_000])
def test_a_clock_that_was_ahead_prolongs_no_wait(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, ahead: float
) -> None:
    """The attempt that has no result began in the future of this machine."""
    fast, clock, sent = Clock(), Clock(), []
    fast.now += ahead
    with pytest.raises(UnansweredDelivery):
        delivery_log(tmp_path, fast).deliver(KEY, _raiser(UnansweredDelivery("no answer")))
    with caplog.at_level("INFO"):
        assert delivery_log(tmp_path, clock, "two").deliver(KEY, lambda: sent.append(1))
    assert sent == [1] and clock.now - Clock.now == LEASE
    assert len(caplog.messages) == 1 and "waiting up to 300 s" in caplog.messages[0]


def test_a_kill_before_the_start_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "put", _raiser(Killed()))
        with pytest.raises(Killed):
            delivery_log(tmp_path, clock).deliver(
                KEY, lambda: pytest.fail("sent without `started`")
            )
    assert delivery_log(tmp_path, clock).deliver(KEY, lambda: None) and clock.now == Clock.now


@given(
    st.lists(
        st.sampled_from(["sent", "refused", "killed before", "killed after", "unanswered"]),
        max_size=8,
    )
)
def test_in_every_history_it_is_sent_once_or_bounded(
    tmp_path_factory: pytest.TempPathFactory, history: list[str]
) -> None:
    folder, clock, received, settled = tmp_path_factory.mktemp("delivery_log"), Clock(), 0, False
    for event in history:

        def send(event: str = event, settled: bool = settled) -> None:
            nonlocal received
            assert not settled, "nothing is sent after it was settled"
            received += event in {"sent", "killed after", "unanswered"}
            if event != "sent":
                raise {"refused": RefusedDelivery("no"), "unanswered": UnansweredDelivery("?")}.get(
                    event
                ) or Killed

        try:
            delivery_log(folder, clock).deliver(KEY, send)
        except (RefusedDelivery, UnansweredDelivery, Killed, Abandoned):
            settled = delivery_log(folder, clock).is_settled(KEY)
        else:
            settled = True
    assert received <= MAX_UNANSWERED


def test_four_at_once_send_once(tmp_path: Path) -> None:
    sent, gate, lock = [], threading.Barrier(4), threading.Lock()

    def run(name: str) -> None:
        log = DeliveryLog(LocalStorage(tmp_path), name, sleep=lambda _: None)
        assert not log.is_settled(KEY)
        gate.wait()
        log.deliver(KEY, lambda: _append(sent, lock, name))

    threads = [threading.Thread(target=run, args=(f"run{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 1


def test_no_address_stands_in_the_delivery_log_and_a_key_changes_the_name(tmp_path: Path) -> None:
    recipient = recipient_id("Owner@Example.com ", None)
    assert (
        recipient
        == recipient_id("owner@example.com", None)
        != recipient_id("owner@example.com", b"key")
    )
    delivery_log(tmp_path, Clock()).deliver(KEY._replace(recipient=recipient), lambda: None)
    assert not any(
        b"owner" in path.read_bytes().lower() or "owner" in str(path).lower()
        for path in tmp_path.rglob("*")
        if path.is_file()
    )


def _append(sent: list[str], lock: threading.Lock, name: str) -> None:
    with lock:
        sent.append(name)


def _raiser(error: BaseException):
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail
