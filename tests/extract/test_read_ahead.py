"""Items come in their order, a bounded number of them ahead, and errors in their place."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from pipeline.extract.read_ahead import read_ahead, run_ahead
from pipeline.extract.waits import log_wait, on_wait


class Pages:
    """Counts what was computed of 20 items; the 8th may fail."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error, self.made = error, 0

    def __iter__(self) -> Iterator[int]:
        for number in range(20):
            if self.error and number == 8:
                raise self.error
            self.made += 1
            yield number


def settled(pages: Pages) -> int:
    """How many items were computed once none is added."""
    count = -1
    while count != pages.made:
        count = pages.made
        time.sleep(0.05)
    return count


def test_at_most_two_items_are_computed_ahead() -> None:
    pages = Pages()
    items = read_ahead(pages)
    assert pages.made == 0, "nothing before the first is asked for"
    for number in (0, 1, 2):
        assert next(items) == number
        assert settled(pages) == number + 3
    assert [*items] == list(range(3, 20))


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_an_error_is_raised_in_its_place(error: BaseException) -> None:
    items, given = read_ahead(Pages(error)), []
    with pytest.raises(type(error)) as raised:
        given.extend(items)
    assert given == list(range(8)) and raised.value is error


def test_the_thread_ends_once_the_reader_stops() -> None:
    pages = Pages()
    items = read_ahead(pages)
    assert next(items) == 0
    items.close()
    assert settled(pages) <= 4
    assert not [each for each in threading.enumerate() if each.name == "read ahead"]


def test_a_wait_in_the_thread_is_shown_to_the_reader() -> None:
    def waiting() -> Iterator[int]:
        log_wait(9, "the API's rate")
        yield 1

    shown: list[str] = []
    with on_wait(shown.append):
        assert list(read_ahead(waiting())) == [1]
    assert shown == ["waiting 9 s for the API's rate"]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_calls_end_in_their_order_and_the_next_ones_run_meanwhile(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.extract.read_ahead.AHEAD", most)
    begun: list[int] = []
    running, largest = 0, 0
    lock, gates = threading.Lock(), [threading.Event() for _ in range(6)]

    def work(number: int) -> int:
        nonlocal running, largest
        with lock:
            begun.append(number)
            running += 1
            largest = max(largest, running)
        gates[number].wait(10)
        with lock:
            running -= 1
        if number == 3:
            raise ValueError("broken")
        return number

    calls = run_ahead(lambda n=number: work(n) for number in range(6))
    for number in range(6):
        for gate in gates[number : number + most][::-1]:  # the later ones end first
            gate.set()
        call = next(calls)
        assert repr(call.exception()) == ("ValueError('broken')" if number == 3 else "None")
        assert number == 3 or call.result() == number
        deadline = time.monotonic() + 5
        while len(begun) < min(number + 1 + most, 6) and time.monotonic() < deadline:
            time.sleep(0.001)
        assert sorted(begun) == list(range(min(number + 1 + most, 6))), "ahead, and no further"
    assert list(calls) == [] and largest <= most
