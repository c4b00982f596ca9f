"""Results that are kept in a run until the known raw receipts change."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pipeline.lakes import additional_generations
from pipeline.load import RAW_RECEIPTS
from pipeline.settings.run_context import once_per_run
from pipeline.targets import lake

P = ParamSpec("P")
T = TypeVar("T")


@once_per_run
def _kept_by_state() -> dict[tuple[int, ...], dict[Hashable, Any]]:
    return {}


def raw_state() -> tuple[int, ...]:
    """Numbers that change whenever the known raw receipts of a source change."""
    generations = (*lake().generation_of((RAW_RECEIPTS,)), *additional_generations((RAW_RECEIPTS,)))
    return os.getpid(), *generations


def until_raw_changes(function: Callable[P, T]) -> Callable[P, T]:
    """Keep the results of `function` in a run until the known raw receipts change."""

    @wraps(function)
    def read(*args: P.args, **kwargs: P.kwargs) -> T:
        kept, key = _kept_by_state(), (function, args, *sorted(kwargs.items()))
        state = raw_state()
        if key not in kept.get(state, ()):
            value = function(*args, **kwargs)
            state = raw_state()  # reading may have refreshed it
            if state not in kept:
                kept.clear()
                kept[state] = {}
            kept[state][key] = value
        result: T = kept[state][key]
        return result

    return read
