"""Makes garbage collection rare; the server of local processes imports this first.

A module, because the server can be told only what to import. With Python's own thresholds a fifth
of the time of its imports is garbage collection, although hardly any object is garbage.
"""

from __future__ import annotations

from pipeline.executors.memory import collect_rarely

collect_rarely()
