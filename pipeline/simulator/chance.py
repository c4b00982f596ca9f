"""The generator that `random.Random` extends, which would seed each instance twice."""

from _random import Random

__all__ = ["Random"]
