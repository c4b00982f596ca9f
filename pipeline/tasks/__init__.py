"""The tasks: days and months of business days; RawReceipts(date) is a window.

RawReceipts(date)  RawCatalog(date)      what the point of sale's API returned
      \\                /                 Rescan(date): receipts that the windows missed
       DailySales(date)                  one business day, combos split
              |
       MonthlySales(month)               the tables of a month: receipts, sales, payments, ...
              |
       MonthlySummary(month)             small mergeable tables
          /          \\                   MonthlyCustomers(month): its customers alone
         /            \\                  BackOffice(month): the POS's exports, compared
        /              \\                 OutsideHistory(month): receipts before the history
       /                \\                MonthlyShifts(month): cash drawers, from RawShifts(date)
MonthlyReport(month)  CumulativeReport(month)
          \\          /
        Nightly(date)                    extracts, rebuilds what changed, then delivers
        Delivery(date)                   sends the reports to their recipients

On their own: Backfill (older windows), Rebuild, Verify, GlueTables (tables for Athena).
"""

from pipeline.tasks.back_office import BackOffice
from pipeline.tasks.backfill import Backfill
from pipeline.tasks.cumulative_report import CumulativeReport
from pipeline.tasks.daily_sales import DailySales
from pipeline.tasks.delivery import Delivery
from pipeline.tasks.glue import GlueTables
from pipeline.tasks.maintenance import Rebuild, Verify
from pipeline.tasks.monthly_report import MonthlyReport
from pipeline.tasks.monthly_sales import MonthlySales
from pipeline.tasks.monthly_summary import MonthlyCustomers, MonthlySummary
from pipeline.tasks.nightly import Nightly
from pipeline.tasks.outside_history import OutsideHistory
from pipeline.tasks.raw import RawCatalog, RawReceipts, Rescan
from pipeline.tasks.shifts import MonthlyShifts, RawShifts
