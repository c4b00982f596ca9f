"""Batches in local processes publish what single builds publish, to the byte."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pytest

from pipeline.errors import EngineError
from pipeline.executors import BatchProgress, ItemLost, local
from pipeline.executors.local import ProcessPool
from tests.executors.lakes import RAW, differing, digest_of
from tests.support.runner import Runner

pytestmark = pytest.mark.slow  # they start pools

POOL = "local processes build partitions"


def files_of(lake: Path) -> dict[str, bytes]:
    paths = (path for path in lake.rglob("*") if path.is_file())
    return {
        str(path.relative_to(lake)): path.read_bytes()
        for path in paths
        if not {".writing", "_probe"} & set(path.parts)
    }


@pytest.fixture
def temporary() -> Iterator[str]:
    """A folder for temporary files; its path is short, as the address of a socket must be."""
    with tempfile.TemporaryDirectory(prefix="pos-") as folder:
        yield folder


def test_a_batch_and_single_builds_publish_the_same_bytes(
    luigi: Runner, tmp_path: Path, temporary: str
) -> None:
    """One by one; in one pass; groups in processes; each day in several chunks."""
    luigi.configure("pos", now="2026-11-03T15:00:00Z", history_starts="2026-10-30")
    months = ("MonthlySummary", "--month", "2026-10,2026-11")
    ways = {
        "single": {"batch": 1, "workers": 1},
        "one pass": {"batch": 1200, "workers": 1},
        "processes": {"batch": 1200, "workers": 2, "chunk_bytes": 120_000},
        "chunks": {"batch": 1200, "workers": 2, "chunk_bytes": 8_000},
    }
    lakes, logs = {}, {}
    luigi.environment["TMPDIR"] = temporary
    for name, options in ways.items():
        folder = tmp_path / name.replace(" ", "-")
        luigi.configure("lake", url=folder)
        if lakes:  # of the same raw
            for place in RAW:
                shutil.copytree(tmp_path / "single" / place, folder / place)
        luigi.configure("engine", **{"chunk_bytes": 1 << 25, **options})
        logs[name] = luigi(*months)
        lakes[name] = {key: digest_of(key, body) for key, body in files_of(folder).items()}
    assert POOL not in logs["single"] + logs["one pass"]
    assert POOL in logs["processes"] and POOL in logs["chunks"]
    assert not list(Path(temporary).iterdir()), "each run would leave some"
    assert "MonthlySummary(month=2026-10,2026-11)" in logs["one pass"], "both months were one task"
    assert any(key.startswith("summary/") for key in lakes["single"])
    for name, lake in lakes.items():
        assert differing(lakes["single"], lake) == [], name


_pools: list[ProcessPool] = []


def square(number: int) -> int:
    return number * number


def die_at_seven(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does where memory ends
    return number


def join(key: int, parts: list[int]) -> tuple[int, list[int]]:
    return key, parts


def test_a_pool_returns_results_in_order_and_reports_each_step() -> None:
    steps: list[BatchProgress] = []
    pool = ProcessPool(2)
    assert pool.run("squares", range(5), square, steps.append) == [0, 1, 4, 9, 16]
    assert [step.done for step in steps] == [1, 2, 3, 4, 5]
    chunks = [(0, 1), (1, 2), (0, 3)]
    assert pool.run_in_chunks("chunks", chunks, square, join, steps.append) == [
        (0, [1, 9]),
        (1, [4]),
    ]
    assert not multiprocessing.active_children(), "they would keep their memory until the next one"


DRAWING = {"pandas", "matplotlib", "seaborn", "typst", "xlsxwriter"}


def libraries(_: int) -> tuple[set[str], int, str]:
    imported = (DRAWING | {"duckdb"}) & set(sys.modules)
    return imported, gc.get_freeze_count(), pyarrow.default_memory_pool().backend_name


def test_the_processes_share_what_the_server_has_imported_for_their_batch() -> None:
    environment = dict(os.environ)
    local._imported.clear()  # the next pool starts another server
    shared = []
    for draws_charts in (False, True, False):
        pool = ProcessPool(1, draws_charts=draws_charts)
        ((imported, frozen, allocator),) = pool.run("", [0], libraries, lambda _: None)
        shared.append(imported & DRAWING)
        assert frozen > 50_000, "the collector of each process would write to what they share"
        assert allocator == "system", "Arrow's own allocators keep what they have freed"
        assert {"duckdb"} <= imported, "each process would import it itself"
    assert shared == [set(), DRAWING, DRAWING], "each server has all that the one before had"
    assert dict(os.environ) == environment


def test_the_server_collects_rarely_before_it_imports_the_rest() -> None:
    """Else a fifth of the time of its imports is garbage collection."""
    local.start_server(draws_charts=True)
    code = f"import gc, {local._imported[0]}; print(gc.get_threshold())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(50000, 20, 20)\n"


START = """
import os, signal
from multiprocessing import forkserver
from pathlib import Path
from pipeline.executors.local import start_server
start_server(draws_charts=True)
server = forkserver._forkserver._forkserver_pid
print(server, flush=True)
"""
_INTERRUPT = """
blocked = Path("/proc", str(server), "status").read_text().partition("SigBlk:")[2].split()[0]
assert int(blocked, 16) & 1 << signal.SIGINT - 1, "the server would print a traceback too"
os.killpg(0, signal.SIGINT)
"""


@pytest.mark.parametrize("end", ["", _INTERRUPT], ids=["failed", "Ctrl-C"])
def test_the_server_ends_with_a_run_that_ends_while_it_imports(end: str) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", START + end],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    output, errors = run.communicate(timeout=60)
    assert not Path("/proc", output.strip()).exists()
    assert "AssertionError" not in errors and ("KeyboardInterrupt" in errors) == bool(end)


def test_processes_that_cannot_start_name_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setitem(multiprocessing.current_process()._config, "tempdir", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    local._end_server()
    with pytest.raises(EngineError, match=r"AF_UNIX path too long.*long.*TMPDIR"):
        local.start_server(draws_charts=False)


def process_of(_: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("draws_charts", [False, True])
def test_a_process_ends_after_some_reports(draws_charts: bool) -> None:
    """Else each keeps more memory after each report, and a long history needs more."""
    steps: list[BatchProgress] = []
    pool = ProcessPool(1, draws_charts=draws_charts)
    processes = Counter(pool.run("reports", range(16), process_of, steps.append))
    assert list(processes.values()) == ([2] * 8 if draws_charts else [16])
    assert [step.done for step in steps] == list(range(1, 17))


class Usage(ctypes.Structure):
    """What glibc's mallinfo2 returns."""

    _fields_ = tuple((f"field_{index}", ctypes.c_size_t) for index in range(10))
    field_3: int  # blocks that are mapped alone


def is_mapped_alone(size: int) -> bool:
    """Whether a block of `size` bytes goes back to the system when it is freed."""
    library = ctypes.CDLL(None)
    library.malloc.restype, library.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
    library.mallinfo2.restype = Usage
    library.free(library.malloc(16 * size))  # glibc keeps smaller ones from now on
    before = library.mallinfo2().field_3
    block = library.malloc(size)
    after = library.mallinfo2().field_3
    library.free(block)
    return bool(after > before)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library decides itself")
@pytest.mark.parametrize("draws_charts", [False, True])
def test_a_process_that_draws_returns_large_blocks(draws_charts: bool) -> None:
    """As reports need, at little cost; days and months would take a tenth longer."""
    pool = ProcessPool(1, draws_charts=draws_charts)
    assert pool.run("block", [1 << 20], is_mapped_alone, lambda _: None) == [draws_charts]


class Cycle:
    """An object that refers to itself; `_freed` has one entry for each that was freed."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        _freed.append(1)


_freed: list[int] = []


def freed_before(_: int) -> int:
    count = len(_freed)
    Cycle()
    return count


@pytest.mark.parametrize("draws_charts", [False, True])
def test_what_a_report_leaves_is_freed_before_the_next(draws_charts: bool) -> None:
    pool = ProcessPool(1, draws_charts=draws_charts)
    expected = [0, 1] if draws_charts else [0, 0]
    assert pool.run("reports", range(2), freed_before, lambda _: None) == expected


def square_in_a_pool_that_stays() -> None:
    _pools.append(ProcessPool(2))
    _pools[0].run("squares", range(5), square, lambda _: None)


def test_a_fork_of_luigi_ends_although_its_pool_is_open() -> None:
    """With --workers 2 each task is a fork, whose pool is kept for the next batch."""
    fork = multiprocessing.get_context("fork").Process(target=square_in_a_pool_that_stays)
    fork.start()
    fork.join(40)
    try:
        assert fork.exitcode == 0
    finally:
        fork.kill()


def test_an_item_that_ends_its_process_is_named_and_the_others_are_run() -> None:
    with pytest.raises(ItemLost, match="ended its process twice") as lost:
        ProcessPool(2).run("items", [5, 6, 7, 8], die_at_seven, lambda _: None)
    assert lost.value.index == 2
