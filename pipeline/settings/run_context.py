"""The run: everything that a process reads once.

Settings, clock, lake and all that follows from them are read on first use and kept until
`new_run()`: one run has one today, one menu and one lake. A process that receives other settings,
or a test that changes them, starts a new run instead of clearing single values.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


_values: dict[Hashable, Any] = {}
"""What was read in this run, by function and arguments."""


def new_run() -> None:
    """Begin a run that has read nothing."""
    _values.clear()


def once_per_run(function: Callable[P, T]) -> Callable[P, T]:
    """Read the value of `function` once a run. Its arguments must be hashable."""

    @wraps(function)
    def read(*args: P.args, **kwargs: P.kwargs) -> T:
        key = (function, args, *sorted(kwargs.items())) if kwargs else (function, args)
        if key not in _values:
            _values[key] = function(*args, **kwargs)
        return _values[key]

    return read
