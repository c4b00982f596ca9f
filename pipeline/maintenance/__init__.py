"""Look after a lake: is what stands in it true, and can be taken out of it what must not stay?

    finding.py    what a look has found: where, what, and what to do
    stock.py      every object against the manifests: digests, logs, claims, strays
    leftovers.py  objects of killed and overtaken runs: recognised, and removed on request
    balance.py    every amount against the others: receipt = rows = payments, in = out, month = days
    rewrite.py    raw committed again with less in it, and every older copy removed
    erase.py      one customer out of raw and out of what is made of it, for good
    exports.py    the owner's exports that say who bought
    retain.py     notes and card details out of raw that has grown old

In: a Lake. Out: findings, one at a time, so that memory holds one partition. Nothing here knows
Luigi or reads a setting or a clock; what only the tasks can do (make a partition again and compare)
is in pipeline/tasks/maintenance.py.
"""

from pipeline.maintenance.findings import LakeFinding, Span, everything

__all__ = ["LakeFinding", "Span", "everything"]
