"""The data dictionary, in Markdown: every table of the lake, what one row is, and what each column
means.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline import schema
from pipeline.describe.tables import PARTITIONS, Described

_HEAD = """# Data dictionary

Every table of the lake, made from the schema that each read and write of the pipeline is held to (`pos describe dictionary`).
How to open them: [analyst.md](analyst.md).

- Money is `decimal`, never a float, in the currency of the row's `currency` column; the number of decimals is the largest that
  the shop's currencies have (2 for MXN, 0 for JPY, 3 for KWD). Amounts of refunds are negative in `receipts`, `sales`, `payments`.
- An instant is a `timestamp` in UTC; `sold_at_local` is the store's own clock, without a zone.
- `business_day` is the store's local day, cut over at `day_starts_at`.
- Every table is partitioned by `year` and `month` of the business day, which are in the names of its folders.
- Columns may be null only where it is said.
"""


def data_dictionary(tables: Sequence[Described]) -> str:
    """The whole page."""
    lake = [table for table in tables if table.dataset in schema.LAKE]
    summaries = [table for table in tables if table.dataset not in schema.LAKE]
    return "\n".join(
        [
            _HEAD,
            "## The lake proper\n",
            *map(_section, lake),
            (
                "## Summaries\n\nSmall exact tables of one month; every figure of the reports is"
                " read from them. Amounts are signed as said.\n"
            ),
            *map(_section, summaries),
        ]
    )


def _section(table: Described) -> str:
    dataset = table.dataset
    rows = [
        f"| `{name}` | `{kind}` |"
        f" {_cell(said)}{' Null where unknown.' if column.null and 'null' not in said.lower() else ''} |"
        for (name, kind, said), column in zip(table.columns, dataset.columns, strict=True)
    ]
    order = ", ".join(dataset.order or dataset.key)
    return "\n".join(
        [
            f"### {table.name}\n",
            (
                f"One row: {dataset.grain}. Key: {', '.join(dataset.key)}. Sorted by {order}."
                f" Version {dataset.version}. Folder:"
                f" `{table.location}/{'/'.join(f'{name}=*' for name, *_ in PARTITIONS)}/`\n"
            ),
            "| column | type | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
