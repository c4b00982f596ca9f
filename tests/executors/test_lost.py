"""Lost items, cancelled jobs and refused nodes: one failure does not become another's."""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.errors import ConfigError, EngineError, PipelineError, Stale
from pipeline.executors import ItemLost
from pipeline.executors import spark as spark_executor
from pipeline.executors.spark import Cluster, open_cluster
from pipeline.targets import lake
from pipeline.tasks import DailySales, MonthlySales, batches, remote_build
from pipeline.tasks.remote_build import BuildRequest, BuildResult, DriverContext
from tests.dag.in_process import FIRST, InProcessRun
from tests.dag.in_process import local as in_folder
from tests.executors.standalone import QUICK
from tests.load.processes import join, start
from tests.support.runner import ROOT

pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning"
)  # py4j leaves its sockets to the garbage collector


@pytest.fixture(scope="module")
def local() -> Iterator[Cluster]:
    """Spark in this process, which tries a work twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", QUICK["JDK_JAVA_OPTIONS"])
        cluster = open_cluster("test", "local[2,2]", {"spark.ui.enabled": "false"}, 60)
    try:
        yield cluster
    finally:
        gateway = cluster.context._gateway
        cluster.context.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()  # Java ends with it
        gateway.proc.wait(30)
        type(cluster.context)._gateway = type(cluster.context)._jvm = None
        del gateway, cluster
        gc.collect()  # closes those sockets


def quiet(_: object) -> None:
    """Nothing to tell."""


def test_a_work_that_ends_its_process_is_named_by_its_place(local: Cluster) -> None:
    def do(work: int) -> int:
        if work == 7:
            os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does where memory ends
        return work

    with pytest.raises(ItemLost, match="was often refused memory") as lost:
        local.run("works", [5, 6, 7, 8], do, quiet)
    assert lost.value.index == 2
    assert sorted(local.run("works", [5, 6, 8], do, quiet)) == [5, 6, 8]
    with pytest.raises(ItemLost):
        local.run_in_chunks(
            "chunks", [(0, 5), (0, 7), (1, 8)], do, lambda key, parts: (key, sum(parts)), quiet
        )
    assert sorted(
        local.run_in_chunks(
            "chunks", [(0, 5), (0, 6), (1, 8)], do, lambda key, parts: (key, sum(parts)), quiet
        )
    ) == [(0, 11), (1, 8)]


def test_a_day_is_not_merged_from_some_of_its_chunks() -> None:
    """Where the JVM of an executor is killed, the Python beside it lives on, takes the end of its
    input for the end of the chunks, and would publish a part of a day as the day.
    """
    merged = spark_executor._MergeChunks(lambda key, parts: (key, sorted(parts)), {4: 3})
    assert merged((4, [2, 0, 1])) == (4, [0, 1, 2])
    with pytest.raises(EngineError, match="2 of 3 chunks"):
        merged((4, [2, 0]))


@pytest.mark.parametrize(
    ("met", "raised"),
    [(RuntimeError("no scheduler"), EngineError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_job_that_nobody_waits_for_is_ended(
    local: Cluster, tmp_path: Path, met: BaseException, raised: type[BaseException]
) -> None:
    folder = str(tmp_path)

    def do(work: int) -> None:
        Path(folder, f"begun{work}").touch()
        deadline = time.monotonic() + 240
        while not Path(folder, "stop").exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    def tell(_: object) -> None:
        if list(tmp_path.glob("begun*")):
            raise met

    with pytest.raises(raised):
        local.run("works", range(40), do, tell)
    (tmp_path / "stop").touch()
    assert local.run("afterwards", [1], lambda work: work, quiet) == [1]
    assert len(list(tmp_path.glob("begun*"))) <= 2  # one a core; the 38 that waited never began


def test_a_child_of_the_process_that_started_spark_is_refused(
    local: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_cluster("test", "local", {}, 60).context is local.context
    monkeypatch.setattr(spark_executor, "_starter", [os.getppid()])
    with pytest.raises(EngineError, match="--workers 1"):
        open_cluster("test", "local", {}, 60)


class Rounds:
    """A cluster whose works `fatal` end its jobs, and the lake that it writes."""

    is_local = False

    def __init__(self, fatal: set[str]):
        self.fatal, self.made, self.jobs = fatal, set(), 0

    def works(self, names: str, chunks: int = 1) -> list[BuildRequest]:
        class Family:
            dataset = "staging"

            @staticmethod
            def from_str_params(params: dict[str, str]) -> object:
                return SimpleNamespace(complete=lambda: params["date"] in self.made)

        return [BuildRequest(Family, (("date", name),), "", chunks) for name in names]

    def run(
        self, _: str, groups: list[list[BuildRequest]], do: object, tell: object
    ) -> list[list[BuildResult]]:
        self.jobs += 1
        results = []
        for place, group in enumerate(groups):
            names = [request.params[0][1] for request in group]
            if lost := self.fatal.intersection(names):
                raise ItemLost(f"work {min(lost)} ended its process", place)
            self.made.update(names)
            results.append([BuildResult(request, None) for request in group])
        return results

    def run_in_chunks(
        self,
        name: str,
        chunks: list[tuple[int, BuildRequest]],
        do: object,
        merge_chunks: object,
        tell: object,
    ) -> list[BuildResult]:
        first = [[request] for _, request in chunks if not request.chunk]
        return [result for group in self.run(name, first, do, tell) for result in group]


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Rounds]:
    monkeypatch.setattr(remote_build, "driver_context", lambda requests, *, is_local: None)
    monkeypatch.setattr(batches, "lake", lambda: SimpleNamespace(refresh=lambda dataset: None))
    return lambda fatal: Rounds(set(fatal))


def build_in_groups(size: int) -> Callable[..., list[BuildResult]]:
    """`_build_small` with groups of `size` requests."""

    def build(
        cluster: Rounds, name: str, requests: list[BuildRequest], on_step: Callable
    ) -> list[BuildResult]:
        groups = [requests[n : n + size] for n in range(0, len(requests), size)]
        return batches._build_small(cluster, name, groups, on_step)

    return build


@pytest.mark.parametrize(
    ("make", "chunks"),
    [(build_in_groups(1), 1), (build_in_groups(3), 1), (batches._build_large, 3)],
    ids=["alone", "in groups", "in chunks"],
)
def test_what_ends_its_process_fails_alone_and_the_others_are_made(
    rounds: Callable[[str], Rounds], make: Callable, chunks: int
) -> None:
    cluster = rounds("bd")
    outcomes = make(cluster, "works", cluster.works("abcdef", chunks), quiet)
    assert cluster.made == set("acef")
    assert sorted(str(entry.error) for entry in outcomes if entry.error) == [
        "work b ended its process",
        "work d ended its process",
    ]


def test_a_cluster_on_which_every_work_ends_its_process_is_given_up(
    rounds: Callable[[str], Rounds],
) -> None:
    cluster = rounds("abcdefghijklmnop")
    with pytest.raises(ItemLost):
        build_in_groups(1)(cluster, "works", cluster.works("abcdefghijklmnop"), quiet)
    assert cluster.jobs == batches._MAX_LOST + 1


def node(
    monkeypatch: pytest.MonkeyPatch, fingerprint: str, make_chunk: Callable[..., object]
) -> BuildRequest:
    """A work, on a node that has adopted its job and sees `version`."""
    monkeypatch.setattr(remote_build, "apply_driver_context", lambda driver: None)
    monkeypatch.setattr(
        remote_build,
        "lake",
        lambda: SimpleNamespace(storage=SimpleNamespace(uri=lambda: "s3://lake")),
    )

    class Family:
        @staticmethod
        def from_str_params(params: dict[str, str]) -> object:
            return SimpleNamespace(fingerprint=lambda: fingerprint, make_chunk=make_chunk)

    return BuildRequest(Family, (("date", "2026-10-20"),), "asked", 3)


def test_a_share_is_made_only_of_the_inputs_that_the_driver_saw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert remote_build.build_chunk(
        None, node(monkeypatch, "asked", lambda chunk, chunks: (chunk, chunks))
    ) == (0, 3)
    refused = remote_build.build_chunk(
        None, node(monkeypatch, "newer", lambda chunk, chunks: (chunk, chunks))
    )
    assert isinstance(refused, Stale) and "sees other inputs in s3://lake" in str(refused)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError("malloc of size 7 failed"), "too little memory"),
        (KeyError("x"), "KeyError: 'x'"),
    ],
)
def test_whatever_a_work_meets_is_its_own_outcome(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    met = remote_build.build_chunk(None, node(monkeypatch, "asked", fail))
    assert isinstance(met, PipelineError) and said in str(met) and "Family 2026-10-20" in str(met)
    outcome = remote_build.merge_chunks(None, [node(monkeypatch, "asked", fail)], 0, [met])
    assert outcome.error is met


def test_a_node_with_other_code_or_libraries_refuses_and_says_which() -> None:
    own = remote_build.code()
    driver = DriverContext("j", "r", {}, "", {**own, "pyarrow": "1.0", "other": "2"}, {}, {}, {})
    with pytest.raises(
        ConfigError, match="has another other, pyarrow than the driver; install the same"
    ):
        remote_build.apply_driver_context(driver)
    assert remote_build._adopted == []


@pytest.mark.parametrize("is_same", [True, False])
def test_a_node_with_another_key_refuses_and_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_same: bool
) -> None:
    monkeypatch.setenv("CUSTOMER_HASH_KEY", secrets.token_hex(12))
    shop = InProcessRun(tmp_path, in_folder(tmp_path / "lake"), monkeypatch)
    assert shop.run_nightly(make=lambda: DailySales(date=FIRST))

    def build() -> None:
        with shop.process():
            driver = remote_build.driver_context([], is_local=False)
            request = BuildRequest.for_task(DailySales(date=FIRST))
            if not is_same:
                os.environ["CUSTOMER_HASH_KEY"] = secrets.token_hex(12)
            (result,) = remote_build.build(driver, [request])
        (tmp_path / "error").write_text(f"{type(result.error).__name__} {result.error}")

    assert join(start(build)) == 0
    error = (tmp_path / "error").read_text()
    if is_same:
        assert error == "NoneType None"
    else:
        assert "ConfigError the node" in error
        assert "has another customer_key than the driver; set CUSTOMER_HASH_KEY" in error


@pytest.mark.parametrize("is_local", [True, False])
def test_a_local_process_takes_over_the_fingerprints_of_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_local: bool
) -> None:
    """Else it would read all that those are built from, as a node does."""
    shop = InProcessRun(tmp_path, in_folder(tmp_path / "lake"), monkeypatch)
    assert shop.run_nightly(make=lambda: MonthlySales(month=FIRST.replace(day=1)))

    def build() -> None:
        with shop.process():
            request = BuildRequest.for_task(MonthlySales(month=FIRST.replace(day=1)))
            driver = remote_build.driver_context([request], is_local=is_local)
            remote_build.apply_driver_context(driver)
            monkeypatch.setattr(DailySales, "inputs", lambda day: None)
            assert (request.task().fingerprint() == request.fingerprint) == is_local
            lake().invalidate(DailySales.dataset, str(FIRST), "it is damaged")
            assert request.task().fingerprint() is None
        (tmp_path / "done").touch()

    assert join(start(build)) == 0 and (tmp_path / "done").exists()


@pytest.mark.parametrize(
    "name",
    [
        "transform/split_day.py",
        "tasks/raw.py",
        "settings/clock.py",
        "extract/windows.py",
        "targets.py",
    ],
)
def test_every_module_that_makes_a_partition_is_held_to_the_drivers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert (ROOT / "pipeline" / name).exists()
    shutil.copytree(
        ROOT / "pipeline",
        tmp_path / "pipeline",
        ignore=shutil.ignore_patterns("__pycache__", "*.so"),
    )
    monkeypatch.setattr(remote_build.targets, "__file__", str(tmp_path / "pipeline" / "targets.py"))
    before = remote_build.code.__wrapped__()
    with (tmp_path / "pipeline" / name).open("a") as module:
        module.write("one = 1\n")
    assert remote_build.code.__wrapped__() != before
