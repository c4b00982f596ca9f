"""Groups of a batch: consecutive, complete, bounded in work, the most work first."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tasks import DailySales, batches, warm_up
from pipeline.tasks.batch_groups import GROUP_SIZE, group_tasks
from tests.test_settings import configured

DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(60)]


@given(
    works=st.lists(st.integers(20_000, 3 << 20), min_size=1, max_size=60),
    chunk_bytes=st.sampled_from([0, 100_000, 32 << 20]),
)
def test_each_partition_is_in_one_group_of_neighbours(works: list[int], chunk_bytes: int) -> None:
    with configured(
        pos={"history_starts": "2026-01-01", "now": "2026-10-05T15:00:00Z"},
        engine={"chunk_bytes": str(chunk_bytes), "workers": "2"},
    ):
        work = {DailySales(date=day): size for day, size in zip(DAYS, works, strict=False)}
        groups = group_tasks(work)
        limit = min(GROUP_SIZE, chunk_bytes or GROUP_SIZE)
    assert sorted(task.date for group in groups for task in group) == DAYS[: len(works)]
    for group in groups:
        days = [task.date for task in group]
        assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
        assert len(group) == 1 or sum(work[task] for task in group) <= limit
    sizes = [sum(work[task] for task in group) for group in groups]
    assert sizes == sorted(sizes, reverse=True), "the longest first, so that none is waited for"


@given(
    count=st.integers(10, 60),
    size=st.integers(50_000, 120_000),
    workers=st.integers(1, 5),
)
def test_processes_get_as_many_groups_of_equal_work(count: int, size: int, workers: int) -> None:
    with configured(
        pos={"history_starts": "2026-01-01", "now": "2026-10-05T15:00:00Z"},
        engine={"chunk_bytes": "0", "workers": str(workers)},
    ):
        groups = group_tasks({DailySales(date=day): size for day in DAYS[:count]})
    lengths = [len(group) for group in groups]
    assert max(lengths) - min(lengths) <= 1
    assert len(groups) in (1, count) or len(groups) % workers == 0


@pytest.mark.parametrize(
    ("partitions", "runs_processes", "place"),
    [(9, False, "here"), (9, True, "processes"), (8, True, "here")],
)
def test_processes_that_run_anyway_build_more_than_a_few_small_partitions(
    monkeypatch: pytest.MonkeyPatch, partitions: int, runs_processes: bool, place: str
) -> None:
    """So the process that plans imports less; a few share what it has read with their reports."""
    monkeypatch.setattr(batches, "work_of", lambda _: 1)
    monkeypatch.setattr(batches, "_build_here", lambda *_: "here")
    monkeypatch.setattr(batches, "open_executor", opened)
    with configured(
        pos={"history_starts": "2026-01-01", "now": "2026-10-05T15:00:00Z"},
        engine={"workers": "2"},
    ):
        if runs_processes:
            warm_up._started().add("processes")
        tasks = [DailySales(date=day) for day in DAYS[:partitions]]
        try:
            built = batches._build_round(tasks, tasks[0])
        except Opened:
            built = "processes"
    assert built == place


class Opened(Exception):
    """An executor was asked for."""


def opened(*_: object, **__: object) -> None:
    raise Opened
