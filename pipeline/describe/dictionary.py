"""The data dictionary in Markdown: tables, grains, meanings of columns."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline import schema
from pipeline.describe.tables import PARTITIONS, TableDescription

_HEAD = """# Data dictionary

Every table of the lake, generated from the schema (`pos describe dictionary`).
[analyst.md](analyst.md) shows how to query them.

- Money is `decimal`, never a float, in the currency of the row's `currency` column. The number of
  decimals is the largest of the shop's currencies (2 for MXN, 0 for JPY, 3 for KWD). Amounts of
  refunds are negative in `receipts`, `sales`, `payments`; prices and costs of one unit are not.
- An instant is a `timestamp` in UTC, which DuckDB shows in the time zone of its session. A local
  time of the store (`sold_at_local`, `first_sold_at`, ...) has no zone.
- `business_day` is the store's local day, which starts at `day_starts_at`.
- Every table is partitioned by `year` and `month` (folder names) of the business day, `outside` by
  those of the day of arrival (`received`).
- A column has nulls only where its meaning says so.
"""
_SUMMARIES = """## Summaries

Small exact tables of one month; the reports read every figure from them. Each column
states the sign of its amounts. Add up amounts and units, but not `receipts` of items, categories,
combos, discounts or customers: one receipt is in several of these rows. `summary_stores` and
`summary_employees` have a row for each month: join them on `year` and `month` too.
"""


def data_dictionary(tables: Sequence[TableDescription]) -> str:
    """Return the page."""
    lake = [_section(table) for table in tables if table.dataset not in schema.SUMMARY]
    summaries = [_section(table) for table in tables if table.dataset in schema.SUMMARY]
    return "\n".join([_HEAD, "## Lake tables\n", *lake, _SUMMARIES, *summaries])


def _section(table: TableDescription) -> str:
    dataset = table.dataset
    rows = []
    for (name, kind, meaning), column in zip(table.columns, dataset.columns, strict=True):
        null = " Null where unknown." if column.null and "null" not in meaning.lower() else ""
        text = meaning.replace("|", "\\|")
        rows.append(f"| `{name}` | `{kind}` | {text}{null} |")
    order = ", ".join(dataset.order or dataset.key)
    folders = "/".join(f"{name}=*" for name, *_ in PARTITIONS)
    facts = (
        f"One row: {dataset.grain}. Key: {', '.join(dataset.key)}. Sorted by {order}."
        f" Version {dataset.version}. Folder: `{table.location}/{folders}/`\n"
    )
    head = ["| column | type | meaning |", "|---|---|---|"]
    return "\n".join([f"### {table.name}\n", facts, *head, *rows, ""])
