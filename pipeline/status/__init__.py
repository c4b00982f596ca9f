"""Freshness of the lake: what it has, misses and rejects, and how old it is."""
