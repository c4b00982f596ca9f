"""The whole DAG.

    RawReceipts(date)  RawCatalog(date)      what the shop's API said, verbatim
          \\                /
           DailySales(date)                  one business day, clean and exploded
                  |
           MonthlySales(month)               the lake: receipts, sales, payments, quarantine
                  |
           MonthlySummary(month)             small mergeable tables
              /          \\
    MonthlyReport(month)  CumulativeReport(month)
              \\          /
            Nightly(date)                    extracts first, then looks at every month

Days and months are the store's business days; nothing here reads the clock but through settings.
"""

from pipeline import settings
from pipeline.tasks.glue import GlueTables
from pipeline.tasks.lake import DailySales, MonthlySales, MonthlySummary, days_of
from pipeline.tasks.raw import RawCatalog, RawReceipts, Sweep, catalog_for, read_catalog
from pipeline.tasks.tell import CumulativeReport, MonthlyReport, Nightly

settings.install_guards()

__all__ = ["CumulativeReport", "DailySales", "GlueTables", "MonthlyReport", "MonthlySales", "MonthlySummary", "Nightly", "RawCatalog",
           "RawReceipts", "Sweep", "catalog_for", "days_of", "read_catalog"]
