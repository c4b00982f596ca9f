"""Verify a lake, and remove personal data and unreferenced files from it.

    findings.py   a finding of a verification: where, what, and what to do
    audit.py      every object against the manifests: digests, logs, commit records, unknown objects
    unreferenced.py  unreferenced files of runs: recognised, and removed on request
    reconcile.py  amounts against each other: receipt = rows = payments, month = days
    completeness.py  every receipt of raw is counted, in quarantine or before the history
    rewrite.py    commit raw again without some values, and remove every older copy
    erase.py      remove one customer from raw and from everything derived from it
    customer_exports.py  the owner's exports that name the customer
    retain.py     remove notes and card details from old raw

Findings are yielded one by one, so that memory holds one partition. Nothing here knows Luigi or
reads a setting or a clock; pipeline/tasks/maintenance.py rebuilds partitions to compare them.
"""

from pipeline.maintenance.findings import EVERYTHING, LakeFinding, MonthRange
