"""Count months of the lake: the small, exact, mergeable tables of the reports.

Takes the lake tables of each month, its stores, employees and counts. Returns one table per dataset
of schema.SUMMARY and month. One file per table has its query, with the sources of its definitions;
`relations` has what the queries read, `month` runs them.
"""

from pipeline.summarize.month import summarize
from pipeline.summarize.relations import MonthRows

__all__ = ["MonthRows", "summarize"]
