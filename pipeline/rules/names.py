"""Spellings: when two texts count as one name, and tables that give each name.

Two spellings are the same when they differ only in case, accents or white space. A pattern holds
`*` (any text) or `?` (one character). Where several patterns fit, the longest wins, then the first
in the alphabet, so that the order of a file never matters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from fnmatch import translate
from functools import lru_cache


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """The form in which spellings are compared."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def tidy(text: str) -> str:
    """The text with single spaces and none around it, otherwise as written."""
    return " ".join(text.split())


def is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


class Patterns:
    """A set of spellings and patterns: `text in patterns`."""

    def __init__(self, texts: Iterable[str]):
        self.texts = tuple(sorted({fold(text) for text in texts}))
        self._exact = frozenset(text for text in self.texts if not is_pattern(text))
        self._fits = [
            re.compile(translate(text.replace("[", "[[]"))).match
            for text in self.texts
            if is_pattern(text)
        ]

    def __contains__(self, text: str) -> bool:
        folded = fold(text)
        return folded in self._exact or any(fits(folded) for fits in self._fits)


class Aliases:
    """Names by their spellings. Raises ValueError if two names have the same spelling.

    With `names_match_themselves` a name is also a spelling of itself.
    """

    def __init__(self, table: Mapping[str, Iterable[str]], names_match_themselves: bool = True):
        self.table = {
            name: sorted({fold(s) for s in spellings}) for name, spellings in sorted(table.items())
        }
        self._exact: dict[str, str] = (
            {fold(name): name for name in self.table} if names_match_themselves else {}
        )
        patterns: dict[str, str] = {}
        for name, spellings in self.table.items():
            for spelling in spellings:
                names = patterns if is_pattern(spelling) else self._exact
                other = names.setdefault(spelling, name)
                if other != name:
                    raise ValueError(f"{spelling!r} is a spelling of both {other!r} and {name!r}")
        longest_first = sorted(patterns, key=lambda pattern: (-len(pattern), pattern))
        self._patterns = [
            (re.compile(translate(p.replace("[", "[[]"))).match, patterns[p]) for p in longest_first
        ]

    def get(self, *texts: str) -> str | None:
        """The name that one of `texts` is a spelling of, patterns last; None if of none."""
        folded = [fold(text) for text in texts]
        exact = (self._exact[text] for text in folded if text in self._exact)
        return next(exact, None) or next(
            (name for fits, name in self._patterns if any(map(fits, folded))), None
        )

    def resolve(self, text: str) -> str:
        """The name that `text` is a spelling of, else the text itself, tidied."""
        return self.get(text) or tidy(text)
