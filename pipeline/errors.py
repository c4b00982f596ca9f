"""The errors of the pipeline by who must act, and every exit code.

    PipelineError
    +-- ConfigError            the operator: a setting, a file, a permission, a name
    |   +-- UnclearConfig      unclear which configuration applies; nothing was read or written
    |   +-- OtherLake          the lake belongs to another shop or key, or is gone
    |   +-- InvalidQuery       a query of the lake is wrong or takes too long
    |   `-- StorageRefused     the storage denies an action or lacks what the lake needs
    +-- StorageUnavailable     wait: the storage was busy or did not answer after all retries
    +-- SourceError            the point of sale
    |   +-- SourceRetriable    wait: the next run may succeed
    |   |   `-- DeadlineExceeded
    |   `-- SourceFatal        the account or the API itself must change
    |       +-- Unauthorized   the token is missing, wrong or revoked, or lacks a permission
    |       +-- HistoryLimit   the account serves no receipts older than a date
    |       `-- NotServed      the account or its token does not serve a list that is optional
    +-- LakeError              the content of the lake does not match its manifests
    |   +-- Conflict           another run published first; start again from what is there
    |   +-- Corrupt            an object is missing or does not match its digest
    |   `-- Stale              an input does not have the expected fingerprint
    +-- EngineError            the cluster is not reachable or failed too often
    +-- DeliveryError          a report or an alert did not reach its recipient
    `-- DataError              the menu file, or this project
        +-- SchemaMismatch     a table does not have the columns that its dataset declares
        `-- MoneyNotConserved  a sum differs from the POS's; nothing is published

A message says what happened, where (receipt, partition, key) and what to do, and holds no secret.
"""

from enum import IntEnum
from typing import NamedTuple


class ExitCode(IntEnum):
    """How a command ends; 128 + n is a run that signal n ended."""

    DONE = 0
    NOT_OK = 1
    INVALID = 2
    STALE = 3
    TRUNCATED = 4
    RUNNING = 10
    MISSING = 20
    NOT_RUN = 25
    FAILED = 30
    NOT_PLANNED = 35
    UNEXPECTED = 40


class ExitCodeMeaning(NamedTuple):
    """What an exit code means, and what to do."""

    meaning: str
    action: str


EXIT_CODES = {
    ExitCode.DONE: ExitCodeMeaning("done, or nothing to do", "nothing"),
    ExitCode.NOT_OK: ExitCodeMeaning(
        "luigi: it did not start, as there is no such task or module; pos: the command found a"
        " problem or had an unexpected error",
        "luigi: see Luigi does not start; pos: read its output, and report a traceback as a defect"
        " of this project",
    ),
    ExitCode.INVALID: ExitCodeMeaning(
        "luigi: a wrong option; pos: a wrong command, option, setting or lake, or no answer from"
        " the point of sale or the storage",
        "read the message: it says what is wrong; if something did not answer, run again later",
    ),
    ExitCode.STALE: ExitCodeMeaning(
        "stale: the last window is older than it should be, or windows are missing", "see Stale"
    ),
    ExitCode.TRUNCATED: ExitCodeMeaning(
        "truncated: the run is complete, but the account's history limit hid part of the receipts",
        "see Truncated",
    ),
    ExitCode.RUNNING: ExitCodeMeaning(
        "the same command is already running",
        "wait for it; if none runs, remove the pid file that the message names",
    ),
    ExitCode.MISSING: ExitCodeMeaning(
        "an external input is missing", "provide the input that the log names"
    ),
    ExitCode.NOT_RUN: ExitCodeMeaning(
        "the scheduler did not run a task",
        "check in the visualizer whether luigid is paused or the task is disabled, or use"
        " --local-scheduler",
    ),
    ExitCode.FAILED: ExitCodeMeaning(
        "a task failed", "read the message; run again: completed partitions are kept"
    ),
    ExitCode.NOT_PLANNED: ExitCodeMeaning(
        "planning failed: a setting, a missing permission, an invalid month, a storage that does"
        " not answer, a missing raw object, a lake of another shop, or a missing or unclear"
        " configuration",
        "read the message: it names the setting or the object, and what to do",
    ),
    ExitCode.UNEXPECTED: ExitCodeMeaning(
        "luigi: unexpected error, or an invalid parameter value",
        "read the message; report a traceback as a defect of this project",
    ),
}


class PipelineError(Exception):
    """Root of all errors that this project raises on purpose."""


class ConfigError(PipelineError):
    """A setting, file, right or name is wrong; the operator must act."""


class UnclearConfig(ConfigError):
    """No configuration applies for certain: a file is missing, or a name misspelled."""


class OtherLake(ConfigError):
    """The lake belongs to another shop or has another customer key, or is gone."""


class InvalidQuery(ConfigError):
    """A query is wrong; a line of the message may mark the place."""


class StorageRefused(ConfigError):
    """The storage denies an action, or lacks what the lake needs of it."""


class StorageUnavailable(PipelineError):
    """The storage was busy or did not answer after all retries; run again later."""


class SourceError(PipelineError):
    """The point of sale did not answer a request as specified."""


class SourceRetriable(SourceError):
    """A temporary fault that outlasted its retries; run again later."""


class DeadlineExceeded(SourceRetriable):
    """A request did not end within its total time."""


class SourceFatal(SourceError):
    """Retrying cannot help: the account, the token or the API must change."""


class Unauthorized(SourceFatal):
    """The token is missing, wrong, revoked or lacks a permission."""


class HistoryLimit(SourceFatal):
    """The account serves no receipts created before some date (HTTP 402)."""


class NotServed(SourceFatal):
    """The account or its token does not serve a list that a run does not need."""


class LakeError(PipelineError):
    """The content of the lake does not match its manifests."""


class Conflict(LakeError):
    """Another run published the same partition first."""


class Corrupt(LakeError):
    """An object is missing or does not match the digest in its manifest.

    `dataset` and `partition` name its owner, where known.
    """

    def __init__(self, message: str, dataset: str = "", partition: str = "") -> None:
        super().__init__(message)
        self.dataset, self.partition = dataset, partition


class Stale(LakeError):
    """An input partition does not have the expected fingerprint."""


class EngineError(PipelineError):
    """The cluster failed; completed partitions are kept, run again to build the rest."""


class DeliveryError(PipelineError):
    """A report or an alert did not reach its recipient."""


class DataError(PipelineError):
    """The data or the menu file is invalid."""


class SchemaMismatch(DataError):
    """A table does not have the columns that its dataset declares."""


class MoneyNotConserved(DataError):
    """A sum differs from the POS's; the message names the receipt."""


def exit_code_of(error: BaseException) -> ExitCode:
    """The exit code of a command that `error` ends."""
    if isinstance(error, UnclearConfig):
        return ExitCode.NOT_PLANNED
    return ExitCode.INVALID if isinstance(error, PipelineError) else ExitCode.NOT_OK
