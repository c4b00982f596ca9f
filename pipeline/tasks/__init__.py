"""The whole DAG.

    RawReceipts(date)  RawCatalog(date)      what the shop's API said, verbatim
          \\                /
           DailySales(date)                  one business day, clean and exploded
                  |
           MonthlySales(month)               the lake: receipts, sales, payments, quarantine
                  |
           MonthlySummary(month)             small mergeable tables; MonthlyCustomers(month): its
           customers alone;
              /          \\                  BackOffice(month): the till's own exports against
              MonthlySales; OutsideHistory(month): receipts that lie before the history
    MonthlyReport(month)  CumulativeReport(month)
              \\          /
            Nightly(date)                    extracts first, then looks at every month, then has
            Delivery(date) write to
                                             whoever is to have the reports

Days and months are the store's business days; nothing here reads the clock but through settings.
"""

from pipeline import settings
from pipeline.tasks import failures, lock  # noqa: F401
from pipeline.tasks.delivery import Delivery
from pipeline.tasks.glue import GlueTables
from pipeline.tasks.lake import DailySales, MonthlyCustomers, MonthlySales, MonthlySummary, days_of
from pipeline.tasks.maintenance import Rebuild, Verify
from pipeline.tasks.outside_history import OutsideHistory
from pipeline.tasks.raw import Backfill, RawCatalog, RawReceipts, Rescan, catalog_for, read_catalog
from pipeline.tasks.reports import CumulativeReport, MonthlyReport, Nightly
from pipeline.tasks.till_exports import BackOffice

settings.install_guards()
lock.install()

__all__ = [
    "BackOffice",
    "Backfill",
    "CumulativeReport",
    "DailySales",
    "Delivery",
    "GlueTables",
    "MonthlyCustomers",
    "MonthlyReport",
    "MonthlySales",
    "MonthlySummary",
    "Nightly",
    "OutsideHistory",
    "RawCatalog",
    "RawReceipts",
    "Rebuild",
    "Rescan",
    "Verify",
    "catalog_for",
    "days_of",
    "read_catalog",
]
