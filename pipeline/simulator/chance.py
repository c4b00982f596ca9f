"""The generator that `random.Random` extends and seeds twice for each instance."""

from _random import Random

__all__ = ["Random"]
