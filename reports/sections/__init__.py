"""The sections of the reports, a file each: `Figures` in, a `Section` out.

A section without enough data says so in a sentence, and a table without rows is left out.
`contents.py` has the order. `attention` also needs the findings of all others, `lineage` and
`changes` the version (`version_context.py`).
"""
