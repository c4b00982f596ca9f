"""A month of the benchmarks' shop, counted into the summary tables that reports read: clean, then
summarize, then Parquet.

In: raw bodies by business day (each may hold its neighbours' receipts too). Out:
<folder>/<YYYY-MM>/<table>.parquet, as the lake's own members; raises what the stages raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path


def write_summaries(month: date, bodies: Mapping[date, bytes], folder: Path) -> None:
    """Count the days of `month` and write its tables."""
    import pyarrow as pa

    from benchmarks.contenders import ours
    from pipeline import schema
    from pipeline.load.parquet import to_bytes
    from pipeline.summarize import summarize
    from pipeline.transform import Catalog, Raw, clean
    from tests.reference import settings

    rules, catalog = ours.rules(), Catalog.read(settings.catalog())
    cleaned = [
        clean(day, [Raw("b", "raw/o", body)], catalog, rules) for day, body in bodies.items()
    ]
    tables = {
        d.name: pa.concat_tables([getattr(one, d.name) for one in cleaned]) for d in schema.LAKE
    }
    metadata = {name: sum(one.metadata[name] for one in cleaned) for name in cleaned[0].metadata}
    counted = summarize(
        month,
        **tables,
        stores=catalog.stores_table(rules),
        employees=catalog.employees_table(rules),
        metadata=metadata,
        decimals=2,
    )
    for dataset in schema.SUMMARY:
        path = folder / f"{month:%Y-%m}" / f"{dataset.name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_bytes(counted[dataset.name], dataset.key))
