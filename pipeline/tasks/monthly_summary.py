"""MonthlySummary(month), MonthlyCustomers(month): small exact tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pipeline import schema, settings
from pipeline.extract.private_folder import make_private
from pipeline.lakes import point_of_sale_of, prefix_of, rules_of
from pipeline.load import CUSTOMERS, MONTH_DATASET, SUMMARY
from pipeline.load.layout import TABLES
from pipeline.targets import DatasetTask, Files, Metadata, lake
from pipeline.tasks.batches import BatchTask, Months
from pipeline.tasks.business_days import days_of
from pipeline.tasks.monthly_sales import MonthlySales, month_size
from pipeline.tasks.raw import catalogs_for, read_catalog
from pipeline.tasks.tables import open_tables

if TYPE_CHECKING:
    import pyarrow as pa

_LARGE_MONTH = 16 << 20  # work (size) from which one process uses two threads


class MonthlySummary(BatchTask):
    """Small exact tables of one month, from which reports are built."""

    month: dt.date = settings.field(Months(default=None))
    dataset = SUMMARY
    version = f"3:{schema.version_of((*schema.SUMMARY, schema.RECEIPT_FIGURES))}"
    fingerprint_datasets = (*MonthlySales.fingerprint_datasets, MONTH_DATASET)

    def requires(self) -> list[DatasetTask]:
        return [MonthlySales(month=self.month), *catalogs_for(days_of(self.month)[-1])]

    def make(self) -> tuple[Files, Metadata]:
        return self.make_all([self])[self]

    @classmethod
    def make_all(
        cls, tasks: Sequence[MonthlySummary]
    ) -> dict[MonthlySummary, tuple[Files, Metadata]]:
        """The months in one pass: planning costs more than the rows of a small month."""
        from pipeline.summarize import MonthRows, summarize

        memory, spill = settings.lake().memory, make_private(settings.lake_state_folder())
        work = sum(task.size() for task in tasks)
        with ExitStack() as stack:
            months = {}
            for task in tasks:
                sales = MonthlySales(month=task.month)
                tables = stack.enter_context(open_tables(sales, memory, spill))
                stores, employees = stores_and_employees(days_of(task.month)[-1])
                counts = lake().metadata(sales.dataset, sales.name)
                months[task.month] = MonthRows(
                    **tables, stores=stores, employees=employees, counts=counts
                )
            summaries = summarize(
                months,
                settings.rules().decimals,
                threads=1 if work < _LARGE_MONTH else 2,
                memory_limit=memory,
                spill=spill,
            )
        return {task: (_pack(summaries[task.month]), {}) for task in tasks}

    def size(self) -> int:
        return 2 * month_size(self.month)  # the queries take 45 MB for each month of a group


def _pack(summary: Mapping[str, pa.Table]) -> Files:
    """The tables of a month's summary as files."""
    from pipeline.load.day_object import pack_tables
    from pipeline.load.parquet import sort_table, to_bytes

    datasets = (*schema.SUMMARY, schema.RECEIPT_FIGURES)
    tables = {d.name: sort_table(summary[d.name], d.key) for d in datasets}
    files = {d.name: to_bytes(tables[d.name], d.key) for d in datasets}
    return files | {TABLES: pack_tables({d.name: tables[d.name] for d in schema.SUMMARY})}


class MonthlyCustomers(BatchTask):
    """The month's customers alone: later reports change only with these."""

    month: dt.date = settings.field(Months(default=None))
    dataset, version = CUSTOMERS, schema.version_of((schema.CUSTOMERS,))
    may_run_on_cluster = False
    fingerprint_datasets = (*MonthlySummary.fingerprint_datasets, SUMMARY)

    def requires(self) -> list[MonthlySummary]:
        return [MonthlySummary(month=self.month)]

    def make(self) -> tuple[Files, Metadata]:
        (summary,) = self.requires()
        return lake().read(summary.dataset, summary.name, ["customers"]), {}


def stores_and_employees(day: dt.date) -> tuple[pa.Table, pa.Table]:
    """The stores and employees of every source, in the catalogs that `day` uses."""
    from pipeline.transform.several import merge_named, qualify

    stores, employees, suffixes = [], [], []
    for task in catalogs_for(day):
        catalog, rules, prefix = read_catalog(task), rules_of(task.source), prefix_of(task.source)
        stores.append(qualify(catalog.stores_table(rules), prefix, ""))
        employees.append(qualify(catalog.employees_table(rules), prefix, ""))
        suffixes.append(f" ({point_of_sale_of(task.source).capitalize()})")
    if len(stores) == 1:
        return stores[0], employees[0]
    return merge_named(stores, "name", suffixes), merge_named(employees, "alias", suffixes)
