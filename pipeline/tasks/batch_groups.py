"""The work of a batch in groups of small partitions and chunks of large ones.

Work is an estimate on one scale for all tasks: 1 is about the work of one stored raw byte of a
business day. So a month, a report or the shifts of a month state how many such bytes take as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline import settings
from pipeline.executors import workers
from pipeline.settings.run_context import once_per_run
from pipeline.settings.sections import engine

if TYPE_CHECKING:
    from pipeline.tasks.batches import BatchTask

GROUP_SIZE = 2 << 20  # the most work of a group
_PARTITION = 20_000  # the work of a partition in addition to that of its bytes


def work_of(task: BatchTask) -> int:
    """The work of a partition: `BatchTask.size`, and what any partition costs."""
    return task.size() + _PARTITION


@once_per_run
def _chunk_size() -> int:
    """Maximum work of a chunk, [engine] chunk_bytes; 0: nothing is built in chunks."""
    return engine().chunk_bytes


def chunks_of(work: int) -> int:
    """Number of chunks in which a partition of that much work is built.

    Each chunk reads all raw bytes of the partition, so this machine builds no more chunks than it
    has processes. The memory that a chunk needs does not depend on its size.
    """
    if work == limit_to_chunk(work):
        return 1
    count = -(-work // _chunk_size())
    return min(count, max(2, workers())) if settings.engine_name() == "local" else count


def limit_to_chunk(work: int) -> int:
    """The smaller of `work` and the size of a chunk."""
    return min(work, _chunk_size() or work)


def group_tasks(work: Mapping[BatchTask, int]) -> list[list[BatchTask]]:
    """The tasks in groups of consecutive periods, the most work first.

    The groups have about equal work, and each process gets the same number, so that all end at the
    same time.
    """
    rest = sum(work.values())
    limit = limit_to_chunk(min(GROUP_SIZE, max(GROUP_SIZE // 2, rest // (4 * workers()))))
    count = -(-rest // limit)
    if count > 1:
        count = -(-count // workers()) * workers()
    groups: list[list[BatchTask]] = []
    size = share = 0.0
    for task in sorted(work, key=lambda task: task.period):
        if size + work[task] > limit_to_chunk(GROUP_SIZE) or size + work[task] / 2 > share:
            share, size = rest / max(count - len(groups), 1), 0
            groups.append([])
        groups[-1].append(task)
        size += work[task]
        rest -= work[task]
    return sorted(groups, key=lambda group: -sum(work[task] for task in group))
