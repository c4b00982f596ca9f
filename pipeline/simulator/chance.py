"""Generator of random numbers: that of `random`, which seeds each of its own twice."""

from _random import Random

__all__ = ["Random"]
