"""Builds partitions: in this process, or in one that an executor has started.

`build_together` builds here. `build`, `build_chunk` and `merge_chunks` run in a process of this
machine's pool or of a cluster. They take a DriverContext (settings, menu, instant, versions; no
secret, executors have theirs in their own environment) and BuildRequests, and return BuildResults;
the partitions themselves go to the lake. The process takes over what the driver read and then calls
the task's own `build()`, so it publishes the same bytes. It refuses with ConfigError where its
code, its libraries or the settings that a partition uses differ from the driver's, and with Stale
where it sees other inputs. Every error is the result of its own request, so that it does not end
the others.
"""

from __future__ import annotations

import logging
import platform
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import luigi

from pipeline import settings, targets
from pipeline.errors import ConfigError, EngineError, PipelineError, Stale
from pipeline.lakes import load_snapshot, snapshots
from pipeline.logs import LogFormatter
from pipeline.settings.run_context import new_run
from pipeline.targets import lake

if TYPE_CHECKING:
    from pipeline.load import Manifest
    from pipeline.load.commit_records import Body
    from pipeline.tasks.batches import BatchTask

T = TypeVar("T")

log = logging.getLogger(__name__)

_LIBRARIES = ("pyarrow", "duckdb", "numpy")


class DriverContext(NamedTuple):
    """The driver's settings, code and listings for a process; `id` is per step."""

    id: str
    run: str
    sections: dict[str, dict[str, str]]
    menu: str
    code: dict[str, str]
    transform_settings: dict[str, str]
    snapshots: dict[str, bytes]
    fingerprints: targets.Fingerprints


class BuildRequest(NamedTuple):
    """A partition, or one chunk of it, with the fingerprint that it should get."""

    family: type[BatchTask]
    params: tuple[tuple[str, str], ...]
    fingerprint: str
    chunks: int = 1
    chunk: int = 0

    @classmethod
    def for_task(cls, task: BatchTask) -> BuildRequest:
        """The request to build the partition of `task`."""
        params = tuple(task.to_str_params().items())
        return cls(type(task), params, task.fingerprint() or "", task.chunks())

    def task(self) -> BatchTask:
        """The task of the partition, in this process."""
        return self.family.from_str_params(dict(self.params))

    def __str__(self) -> str:
        return f"{self.family.__name__} {' '.join(value for _, value in self.params)}"


class BuildResult(NamedTuple):
    """A request, and the error if its partition was not built.

    `published` is the newest manifest of a partition that was built alone, with its body: the
    driver then needs neither a listing nor a request to know it.
    """

    request: BuildRequest
    error: PipelineError | None
    published: tuple[Manifest, Body] | None = None


def driver_context(requests: Iterable[BuildRequest], *, is_local: bool) -> DriverContext:
    """What this process, the driver, sees of what the builds need. Raises ConfigError.

    Processes of this machine start from its listing of the lake, and from the fingerprints of what
    the partitions are built from; others list it themselves. The first spill into a folder of its
    state: they end without clean-up, so one of their own would stay.
    """
    sections = {
        type(section).__name__: dict(section.to_str_params())
        for section in (settings.pos(), settings.shop(), settings.lake())
    }
    state_folder = str(settings.lake_state_folder() / "processes") if is_local else ""
    sections["pos"] |= {"now": settings.now().isoformat(), "state_folder": state_folder}
    if "://" not in sections["lake"]["url"]:
        sections["lake"]["url"] = str(Path(sections["lake"]["url"]).expanduser().resolve())
    settings.menu()
    menu = Path(settings.shop().menu).read_text(encoding="utf-8")
    return DriverContext(
        secrets.token_hex(8),
        lake().run,
        sections,
        menu,
        code(),
        _transform_settings(),
        snapshots() if is_local else {},
        targets.fingerprints_of_inputs(r.task() for r in requests) if is_local else {},
    )


def _transform_settings() -> dict[str, str]:
    return {name: str(value) for name, value in settings.transform_settings().items()}


@cache
def code() -> dict[str, str]:
    """Versions of everything else than inputs and settings that changes the bytes."""
    folder = Path(targets.__file__).parent
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))
    bodies = (name.encode() + (folder / name).read_bytes() for name in names)
    digest = sha256(b"".join(bodies)).hexdigest()[:16]
    return {"pos-sales-pipeline": digest, **{name: metadata.version(name) for name in _LIBRARIES}}


_adopted: list[str] = []  # id of the context that this process has taken over
_state_folders: list[tempfile.TemporaryDirectory[str]] = []  # of this process on a node


def apply_driver_context(driver: DriverContext) -> None:
    """Begin a run with the driver's context, once for each step."""
    if _adopted == [driver.id]:
        return
    _check_same(driver.code, code(), f"; install the same in {sys.prefix} on every node")
    if not _adopted:
        handler = logging.StreamHandler()
        handler.setFormatter(LogFormatter("%(asctime)s %(levelname)-8s %(message)s"))
        logging.getLogger().addHandler(handler)
    sections = driver.sections
    if not sections["pos"]["state_folder"]:  # a node may have no home folder for its state
        if not _state_folders:
            _state_folders.append(tempfile.TemporaryDirectory(prefix="pos-executor-"))
        sections = sections | {"pos": sections["pos"] | {"state_folder": _state_folders[0].name}}
    config = luigi.configuration.get_config()
    for section, options in sections.items():
        for option, value in options.items():
            config.set(section, option, value.replace("%", "%%"))
    new_run()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".toml") as file:
        file.write(driver.menu)
        file.flush()
        config.set("shop", "menu", file.name.replace("%", "%%"))
        settings.menu()  # read once, and kept for the run
    own = _transform_settings()
    has_other_key = own.get("customer_key") != driver.transform_settings.get("customer_key")
    hint = "; set CUSTOMER_HASH_KEY in the executors' own environment" if has_other_key else ""
    _check_same(driver.transform_settings, own, hint)
    lake().run = driver.run
    load_snapshot(driver.snapshots)
    targets.add_fingerprints(driver.fingerprints)
    _adopted[:] = [driver.id]


def _check_same(expected: dict[str, str], own: dict[str, str], hint: str) -> None:
    differing = sorted(name for name, value in expected.items() if own.get(name) != value)
    if differing:
        raise ConfigError(
            f"the node {platform.node()} has another {', '.join(differing)} than the driver{hint}"
        )


def build(driver: DriverContext, group: Sequence[BuildRequest]) -> list[BuildResult]:
    """Build and publish a group, except what a lost attempt has published."""
    errors: dict[BuildRequest, PipelineError | None] = {}
    tasks: dict[BatchTask, BuildRequest] = {}
    for request in group:
        result = _attempt(driver, request, lambda task: task)
        if isinstance(result, PipelineError):
            errors[request] = result
        else:
            tasks[result] = request
    for task, error in build_together([task for task in tasks if not task.complete()]).items():
        errors[tasks[task]] = error
    if len(group) == 1 and not errors.get(group[0]):
        task = group[0].task()
        newest = lake().newest(task.dataset, task.name)
        return [BuildResult(group[0], None, (newest, lake().body(newest)) if newest else None)]
    return [BuildResult(request, errors.get(request)) for request in group]


def build_together(tasks: Sequence[BatchTask]) -> dict[BatchTask, PipelineError | None]:
    """Build partitions of one kind in one pass; the error of each that failed.

    Where that fails, each is built by itself, so that one error does not become another's.
    """
    left = list(tasks)
    if len(tasks) > 1:
        conflicting = _catch(f"{len(tasks)} {tasks[0].task_family}", partial(_build_all, tasks))
        if isinstance(conflicting, PipelineError):
            log.info("%d partitions are built one by one: %s", len(tasks), conflicting)
            left = [task for task in tasks if not task.complete()]
        else:
            left = conflicting
    errors: dict[BatchTask, PipelineError | None] = dict.fromkeys(tasks)
    for task in left:
        result = _catch(str(task), partial(_build, task))
        if isinstance(result, PipelineError):
            errors[task] = result
    return errors


def _build_all(tasks: Sequence[BatchTask]) -> list[BatchTask]:
    """Build and publish partitions together; return those that met a conflict."""
    starts = {task: task.start_build() for task in tasks}
    built = type(tasks[0]).make_all(tasks)
    contents = [task.content(starts[task], *built[task]) for task in tasks]
    results = lake().publish_all(contents)
    conflicting = []
    for task, result in zip(tasks, results, strict=True):
        if isinstance(result, PipelineError):
            conflicting.append(task)
        else:
            task.log_rebuild_reason(starts[task])
    return conflicting


def build_chunk(driver: DriverContext, request: BuildRequest) -> object:
    """One chunk of a partition, or the error that it met."""
    return _attempt(driver, request, lambda task: task.make_chunk(request.chunk, request.chunks))


def merge_chunks(
    driver: DriverContext, requests: Sequence[BuildRequest], key: int, chunks: list[Any]
) -> BuildResult:
    """Publish the partition `requests[key]` from its chunks."""
    error = next((chunk for chunk in chunks if isinstance(chunk, PipelineError)), None)
    if error is None:
        request = requests[key]
        error = _attempt(
            driver, request, lambda task: _build(task, partial(task.merge_chunks, chunks))
        )
    return BuildResult(requests[key], error)


def _attempt(
    driver: DriverContext, request: BuildRequest, do: Callable[[BatchTask], T]
) -> T | PipelineError:
    """What `do` returns of the task, or the error that it met."""

    def attempt() -> T:
        apply_driver_context(driver)
        task = request.task()
        if task.fingerprint() != request.fingerprint:
            raise Stale(
                f"{request}: the node {platform.node()} sees other inputs in"
                f" {lake().storage.uri()} than the driver; either another run has changed them, or"
                " that is a folder of each machine's own"
            )
        return do(task)

    return _catch(str(request), attempt)


def _catch(name: str, do: Callable[[], T]) -> T | PipelineError:
    """What `do` returns, or the error that it met in building `name`."""
    node = platform.node()
    try:
        return do()
    except PipelineError as error:
        return error
    except MemoryError as error:
        return EngineError(
            f"{name}: the node {node} has too little memory for it ({error}); give executors"
            " more by [spark] properties, or lower [engine] chunk_bytes for a large day, [lake]"
            " memory for a large month"
        )
    except Exception as error:
        log.exception("%s failed", name)
        return EngineError(
            f"{name}: {type(error).__name__}: {error}; see the log of the executor on {node}"
        )


def _build(
    task: BatchTask, make: Callable[[], tuple[targets.Files, targets.Metadata]] | None = None
) -> None:
    if not task.complete():
        task.build(make)
