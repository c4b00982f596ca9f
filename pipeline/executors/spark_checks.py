"""Checks before Spark starts: no secret goes to it, and its master answers."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pipeline.errors import ConfigError, EngineError
from pipeline.logs import OWN_SECRETS

SECRET = re.compile(r"(?i)secret|password|token|credential|access.?key|session.?key")


def check_properties(names: Iterable[str]) -> None:
    """Raise ConfigError for the name of a secret."""
    for name in names:
        if SECRET.search(name):
            raise ConfigError(
                f"[spark] properties: {name} would show on Spark's page and in its log; give"
                " executors a role, or set the variable in the workers' own environment"
            )


def check_master(master: str, seconds: float) -> None:
    """Raise EngineError if no master listens; Spark would try for minutes."""
    refusals = []
    is_remote = master.startswith("spark://")
    for address in master.removeprefix("spark://").split(",") if is_remote else ():
        host, _, port = address.rpartition(":")
        if not port.isdigit() or not host:
            raise ConfigError(
                f"[spark] master = {master}: {address!r} is not host:port, as in"
                " spark://10.0.0.5:7077"
            )
        try:
            socket.create_connection((host.strip("[]"), int(port)), seconds).close()
            return
        except OSError as error:
            refusals.append(f"{address}: {error.strerror or error}")
    if refusals:
        raise EngineError(
            f"no Spark master answers at [spark] master = {master} ({'; '.join(refusals)}); start"
            " it, or correct the address. [engine] name = local needs no Spark"
        )


@contextmanager
def without_secrets(kept: tuple[str, ...]) -> Iterator[None]:
    """Hide secrets from a JVM that is started.

    Variables whose names begin with one of `kept` or with PYSPARK_ stay: under spark-submit PySpark
    needs a secret of its own to reach the JVM.
    """
    hidden = {
        name: value
        for name, value in os.environ.items()
        if (SECRET.search(name) or name in OWN_SECRETS) and not name.startswith(("PYSPARK_", *kept))
    }
    try:
        for name in hidden:
            del os.environ[name]
        yield
    finally:
        os.environ.update(hidden)
