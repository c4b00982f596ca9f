"""The order of the pages: one question, one file, `Figures` in and a `Section` out.

A section that the data cannot support says so in a sentence. Sections 3 and 17 need more than
figures: the findings of all the others, and the lineage.
"""
