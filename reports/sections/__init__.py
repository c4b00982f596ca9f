"""The sections of the reports: `Figures` or `History` in, a `Section` out.

A section without enough data says so in a sentence, and a table without rows is left out.
`contents.py` lists the sections in order, a file each; the other modules here are what several of
them share. Sections that also need the version (`version_context.py`) or the findings of all others
are `DependentSection`s.
"""
