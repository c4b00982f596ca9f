"""Extraction: records from a point of sale to raw, verbatim and complete.

Takes a source (pipeline.pos) and the windows of time that are missing. Commits every record of
every window to raw, byte for byte as it was served, by UTC date of sale.
"""
