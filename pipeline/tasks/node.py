"""What runs on a cluster's nodes: take on what the driver saw, then make and publish partitions by
their tasks' own `build()`.

In: a Job (settings, menu, instant, versions: no secret; executors have theirs in their own
environment) and Works. Out: Outcomes; the partitions themselves go to the lake. A node refuses to
build, with a ConfigError, where its code, its libraries or the settings that shape a partition are
others than the driver's, and with Stale where it sees other inputs: what it publishes is what the
driver itself would have made, to the byte. Whatever a work meets is its own Outcome, so that it
does not end the others'.
"""

from __future__ import annotations

import logging
import platform
import secrets
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import luigi

from pipeline import settings, targets
from pipeline.errors import ConfigError, EngineError, PipelineError, Stale
from pipeline.logs import Sentence
from pipeline.targets import DerivedTask, lake

if TYPE_CHECKING:
    from pipeline.tasks.batches import BatchTask

T = TypeVar("T")

log = logging.getLogger(__name__)

_LIBRARIES = ("pyarrow", "duckdb", "numpy")
_MAKERS = (
    "transform",
    "load",
    "summarize",
    "schema",
    "settings",
    "engine",
    "tasks",
    "targets.py",
    "windows.py",
)


class Job(NamedTuple):
    """What makes an executor see what the driver sees; `id` differs from round to round, as the
    lake does.
    """

    id: str
    run: str
    sections: dict[str, dict[str, str]]
    menu: str
    code: dict[str, str]
    shape: dict[str, str]


class Work(NamedTuple):
    """A partition to be made, or one of its shares: its task, and the edition that it should get."""

    family: type[BatchTask]
    params: tuple[tuple[str, str], ...]
    fingerprint: str
    shares: int = 1
    share: int = 0

    @classmethod
    def of(cls, task: BatchTask) -> Work:
        return cls(
            type(task), tuple(task.to_str_params().items()), task.fingerprint() or "", task.shares()
        )

    def task(self) -> BatchTask:
        return self.family.from_str_params(dict(self.params))

    def __str__(self) -> str:
        return f"{self.family.__name__} {' '.join(value for _, value in self.params)}"


class Outcome(NamedTuple):
    """A partition that was made, or why it was not."""

    work: Work
    error: PipelineError | None


def job_of() -> Job:
    """What executors need to see what this process sees."""
    sections = {
        type(one).__name__: dict(one.to_str_params())
        for one in (settings.pos(), settings.shop(), settings.lake())
    }
    sections["pos"] |= {"now": settings.now().isoformat(), "spool": ""}
    if "://" not in sections["lake"]["url"]:
        sections["lake"]["url"] = str(Path(sections["lake"]["url"]).expanduser().resolve())
    settings.menu()  # its ConfigError where it cannot be read
    menu = Path(settings.shop().menu).read_text(encoding="utf-8")
    return Job(secrets.token_hex(8), lake().run, sections, menu, code(), shape())


def shape() -> dict[str, str]:
    """The settings that shape a day, as they enter its edition."""
    return {name: str(value) for name, value in settings.cleaning().items()}


@cache
def code() -> dict[str, str]:
    """What decides, beside inputs and settings, which bytes are made: this code and its libraries."""
    folder = Path(targets.__file__).parent
    paths = (
        path
        for name in _MAKERS
        for path in ([folder / name] if name.endswith(".py") else (folder / name).rglob("*.py"))
    )
    files = sorted((str(path.relative_to(folder)).encode(), path.read_bytes()) for path in paths)
    digest = sha256(b"".join(name + body for name, body in files)).hexdigest()[:16]
    return {"pos-sales-pipeline": digest, **{name: metadata.version(name) for name in _LIBRARIES}}


_adopted: list[str] = []
_state: list[tempfile.TemporaryDirectory[str]] = []  # of this process, until it ends


def adopt(job: Job) -> None:
    """See what the driver saw, once for each round."""
    if _adopted == [job.id]:
        return
    _refuse(
        {name: said for name, said in job.code.items() if code().get(name) != said},
        f"; install the same in {sys.prefix} on every node",
    )
    if not _adopted:
        handler = logging.StreamHandler()
        handler.setFormatter(Sentence("%(asctime)s %(levelname)-8s %(message)s"))
        logging.getLogger().addHandler(handler)
        _state.append(tempfile.TemporaryDirectory(prefix="pos-executor-"))
    from pipeline.tasks.lake import history  # which imports this module

    config = luigi.configuration.get_config()
    for section, options in job.sections.items():
        for option, value in options.items():
            config.set(section, option, value.replace("%", "%%"))
    config.set("pos", "spool", _state[0].name.replace("%", "%%"))  # a node may have no home folder
    for known in (
        settings.now,
        settings.default_store,
        settings.stores,
        settings.menu,
        settings.rules,
        settings.last_day,
        targets.lake,
        history,
    ):
        known.cache_clear()
    DerivedTask._known.clear()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".toml") as file:
        file.write(job.menu)
        file.flush()
        config.set("shop", "menu", file.name.replace("%", "%%"))
        settings.menu()  # read once, and kept
    own = shape()
    other = {name: said for name, said in job.shape.items() if own.get(name) != said}
    _refuse(
        other,
        (
            "; set CUSTOMER_HASH_KEY in the executors' own environment"
            if "customer_key" in other
            else ""
        ),
    )
    lake().run = job.run
    _adopted[:] = [job.id]


def _refuse(other: dict[str, str], what_to_do: str) -> None:
    if other:
        raise ConfigError(
            f"the node {platform.node()} has another {', '.join(sorted(other))} than the"
            f" driver{what_to_do}"
        )


def make(job: Job, work: Work) -> Outcome:
    """Make and publish one partition, unless an attempt that was lost has done it."""
    return Outcome(work, _attempt(job, work, _build))


def make_share(job: Job, work: Work) -> object:
    """One share of a partition, or the error that it met."""
    return _attempt(job, work, lambda task: task.make_share(work.share, work.shares))


def unite(job: Job, works: Sequence[Work], key: int, parts: list[object]) -> Outcome:
    """Publish the partition that its shares make together."""
    error = next((part for part in parts if isinstance(part, PipelineError)), None)
    return Outcome(
        works[key],
        error or _attempt(job, works[key], lambda task: _build(task, partial(task.unite, parts))),
    )


def _attempt(job: Job, work: Work, do: Callable[[BatchTask], T]) -> T | PipelineError:
    """What `do` returns of the work's task, where this node sees what the driver saw, each share of
    a day included; or what it met.
    """
    node = platform.node()
    try:
        adopt(job)
        task = work.task()
        if task.fingerprint() != work.fingerprint:
            raise Stale(
                f"{work}: the node {node} sees other inputs in {lake().storage.uri()} than the"
                " driver; has another run changed them, or is that a folder of each machine's own?"
            )
        return do(task)
    except PipelineError as error:
        return error
    except MemoryError as error:
        return EngineError(
            f"{work}: the node {node} has too little memory for it ({error}); give executors more"
            " by [spark] properties, or lower [engine] share_bytes for a large day, [lake] memory"
            " for a large month"
        )
    except Exception as error:
        log.exception("%s failed", work)
        return EngineError(
            f"{work}: {type(error).__name__}: {error}; the log of the executor on {node} says where"
        )


def _build(
    task: BatchTask, made: Callable[[], tuple[dict[str, bytes], dict[str, object]]] | None = None
) -> None:
    if not task.complete():
        task.build(made)
