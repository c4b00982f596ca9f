"""Every error of the pipeline, by who must act.

    PipelineError
    +-- ConfigError            the operator: a setting, a file, a right, a name
    |   +-- NoConfiguration    no or another configuration would apply; nothing was read or written
    |   +-- OtherLake          the lake belongs to another shop, another key, or is gone
    |   `-- StorageRefused     the store denies an action or lacks what the lake needs
    +-- StorageUnavailable     wait: the store was busy or silent beyond every retry; the next run
    may find it well again
    +-- SourceError            the shop's point of sale
    |   +-- SourceRetriable    wait: the next run may find it well again
    |   |   `-- DeadlineExceeded
    |   `-- SourceFatal        the shop's account or the API itself must change
    |       +-- Unauthorized   the token is missing, wrong or revoked, or lacks a right
    |       `-- HistoryWall    the account serves no receipts older than a date
    +-- LakeError              what stands in the lake is not what its manifests say
    |   +-- Conflict           another run published first; start again from what is there
    |   +-- Corrupt            an object is missing or does not match its digest
    |   `-- Stale              an input is not of the current edition
    +-- EngineError            the cluster that makes partitions cannot be reached, or lost one too
    often
    +-- DeliveryError          a report or an alert did not reach its reader: the mail server, the
    webhook, an address
    `-- DataError              the menu file, or us
        +-- SchemaMismatch     a table does not have the columns that its dataset declares
        `-- MoneyNotConserved  a sum is not what the till says; nothing is published

A message says what, where (receipt, partition, key) and what to do, and never holds a secret.
"""


class PipelineError(Exception):
    """Root of all errors that this project raises on purpose."""


class ConfigError(PipelineError):
    """A setting, file, right or name is wrong; the operator must act."""


class NoConfiguration(ConfigError):
    """The configuration that was meant is not the one that would apply."""


class OtherLake(ConfigError):
    """The lake is filled by another shop, hashed with another key, or gone."""


class StorageRefused(ConfigError):
    """The object store denies an action, or lacks what the lake needs of it."""


class StorageUnavailable(PipelineError):
    """The object store was busy, or gave no answer, beyond every retry; run again later."""


class SourceError(PipelineError):
    """The point of sale did not give what was asked."""


class SourceRetriable(SourceError):
    """A passing fault that outlasted its retries; run again later."""


class DeadlineExceeded(SourceRetriable):
    """A request did not end within its total time."""


class SourceFatal(SourceError):
    """Retrying cannot help: the account, the token or the API must change."""


class Unauthorized(SourceFatal):
    """The token is missing, wrong, revoked or lacks a right."""


class HistoryLimit(SourceFatal):
    """The account serves no receipts created before some date (HTTP 402)."""


class LakeError(PipelineError):
    """What stands in the lake is not what its manifests say."""


class Conflict(LakeError):
    """Another run published the same partition first."""


class Corrupt(LakeError):
    """An object is missing or does not match the digest in its manifest; `dataset` and `partition`
    say whose, where it is known.
    """

    def __init__(self, message: str, dataset: str = "", partition: str = "") -> None:
        super().__init__(message)
        self.dataset, self.partition = dataset, partition


class Stale(LakeError):
    """An input partition is not of the current edition."""


class EngineError(PipelineError):
    """The cluster that makes partitions did not make them; what it has finished stays, and a new
    run makes the rest.
    """


class DeliveryError(PipelineError):
    """A report or an alert did not reach its reader."""


class DataError(PipelineError):
    """The data or the menu file cannot be made sense of."""


class SchemaMismatch(DataError):
    """A table does not have the columns that its dataset declares."""


class MoneyNotConserved(DataError):
    """A sum differs from what the till says; names the receipt."""
