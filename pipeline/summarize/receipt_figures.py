"""receipt_figures: one row per receipt, with digests of what it adds to figures.

`figures` covers every column that a table of the summary is counted from, and nothing else: notes,
raw partitions and times of change do not alter it. `source` covers money and state alone, as the
POS sent them, independent of the rules of the menu. A report keeps its own copy: two of them show
which receipts a later version counts differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import takewhile

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.summarize.digest import digest_rows
from pipeline.summarize.quality import LATE_SECONDS
from pipeline.summarize.receipt_keys import KEY_OF, RECEIPT, text_keys
from pipeline.summarize.relations import LakeRows, MonthRows

_BATCH = 1 << 17

_STATE = ("receipt_type", "is_cancelled", "business_day", "employee_id", "cancelled_total")
_COUNTED = (
    "hour(sold_at_local)",
    "customer_id",
    "refund_for IS NULL",
    "created_at < sold_at",
    f"epoch_us(created_at) - epoch_us(sold_at) > {LATE_SECONDS * 1_000_000}",
    "gross",
    "discount",
    "net",
    "tax_included",
    "tax_added",
    "tip",
    "surcharge",
    "surcharge_tax",
    "gift_cards",
    "rounding",
    "total",
    "paid",
    "points_discount",
    "discounts",
)
_PLACE = "dining_option"
_BY_MENU = ("units", "CASE WHEN channel = 'unmapped' THEN dining_option END", "currency", "channel")
_ROW = (
    "item",
    "variant",
    "category",
    "combo",
    "combo_quantity",
    "combo_price",
    "slot",
    "upgrade",
    "is_known",
    "units",
    "unit_price",
    "gross",
    "discount",
    "net",
    "tax_included",
    "cost",
    "modifiers",
)
_PAYMENT = ("tender", "tender_type", "amount")

# rows, and the columns that they add to each digest
_VIEWS = (
    (
        "receipts WHERE NOT is_cancelled",
        (*_STATE, *_COUNTED, *_BY_MENU),
        (*_STATE, *_COUNTED, _PLACE),
    ),
    ("receipts WHERE is_cancelled", (*_STATE, "currency", "channel"), _STATE),
    ("lines", (), ("line", "gross", "discount", "net")),
)
_TABLES = (("sales", _ROW, ()), ("payments", _PAYMENT, _PAYMENT))

_QUERY = """
WITH digests AS (
    SELECT receipt, sum(figures) AS figures, sum(source) AS source FROM row_digests GROUP BY ALL
)
SELECT month, store_id, receipt_number,
    CASE WHEN is_cancelled THEN 'cancelled' ELSE 'counted' END AS state,
    currency, receipt_type, business_day,
        epoch_us(created_at) - epoch_us(sold_at) > 86400000000 AS is_late,
    CASE WHEN is_cancelled THEN cancelled_total ELSE total END AS total,
    left(md5(CAST(digests.figures AS VARCHAR)), 16) AS figures,
    left(md5(CAST(digests.source AS VARCHAR)), 16) AS source
FROM receipts JOIN digests USING (receipt)
UNION ALL BY NAME
SELECT month, coalesce(store_id, '') AS store_id, coalesce(receipt_number, '') AS receipt_number,
    'quarantined' AS state,
    any_value(currency) AS currency, min(receipt_type) AS receipt_type,
        min(business_day) AS business_day,
    false AS is_late, sum(total) AS total,
    left(md5(string_agg(digest, ',' ORDER BY digest)), 16) AS figures,
    left(md5(string_agg(digest, ',' ORDER BY digest)), 16) AS source
FROM (SELECT *, md5(concat_ws(chr(31), reason, coalesce(CAST(total AS VARCHAR), ''))) AS digest
    FROM lake_quarantine)
    LEFT JOIN (SELECT month, store_id, currency FROM stores) USING (month, store_id)
GROUP BY month, store_id, receipt_number
"""

_COMPARED = """
SELECT coalesce(n.receipt_number, b.receipt_number) AS number,
    coalesce(n.store_id, b.store_id) AS store,
    coalesce(n.currency, b.currency, '') AS currency,
    CAST(coalesce(n.business_day, b.business_day) AS VARCHAR) AS day,
    CAST(coalesce(n.total, b.total) AS VARCHAR) AS total,
    CASE WHEN n.state IS NULL THEN 'left'
        WHEN n.state = 'quarantined' THEN 'quarantined'
        WHEN n.state = 'cancelled' AND b.state IS DISTINCT FROM 'cancelled' THEN 'cancelled'
        WHEN b.state IS NOT NULL THEN 'edited'
        WHEN n.receipt_type = 'REFUND' THEN 'refunded'
        WHEN n.is_late THEN 'late' ELSE 'new' END AS why,
    n.source IS DISTINCT FROM b.source AS is_data
FROM now AS n FULL JOIN before AS b USING (store_id, receipt_number)
WHERE n.figures IS DISTINCT FROM b.figures OR n.state IS DISTINCT FROM b.state
ORDER BY abs(coalesce(n.total, b.total)) DESC NULLS LAST, number, store
"""


def prepare_query(connection: duckdb.DuckDBPyConnection, months: Mapping[date, MonthRows]) -> str:
    """The query of receipt_figures; registers each row's digests with `connection`.

    `months` are the rows that `register` has returned.
    """
    is_numbered = all(RECEIPT in rows.receipts.schema.names for rows in months.values())
    key = (RECEIPT, pa.int64() if is_numbered else pa.string())
    digests = [
        pa.Table.from_batches(
            [], pa.schema([key, ("figures", pa.uint64()), ("source", pa.uint64())])
        ),
        *_digests_of_views(connection),
        *_digests_of_tables(months, is_numbered),
    ]
    connection.register("row_digests", pa.concat_tables(digests))
    return _QUERY


def _digests_of_views(connection: duckdb.DuckDBPyConnection) -> Iterator[pa.Table]:
    for rows, figures, source in _VIEWS:
        columns = dict.fromkeys((RECEIPT, *figures, *source))
        reader = connection.sql(f"SELECT {', '.join(columns)} FROM {rows}").to_arrow_reader(_BATCH)
        for batch in reader:
            named = dict(zip(columns, batch.columns, strict=True))
            yield _digests(named[RECEIPT], named, figures, source)


def _digests_of_tables(months: Mapping[date, MonthRows], is_numbered: bool) -> Iterator[pa.Table]:
    """Without SQL: it would spell out the labels, which are encoded here."""
    key = (RECEIPT,) if is_numbered else KEY_OF
    for name, figures, source in _TABLES:
        columns = [*key, "is_cancelled", *dict.fromkeys((*figures, *source))]
        for month, rows in months.items():
            for batch in _batches(getattr(rows, name), columns):
                counted = batch.filter(pc.invert(batch.column("is_cancelled")))
                receipt = counted.column(RECEIPT) if is_numbered else text_keys(month, counted)
                named = dict(zip(counted.schema.names, counted.columns, strict=True))
                yield _digests(receipt, named, figures, source)


def _batches(table: LakeRows, columns: list[str]) -> Iterator[pa.RecordBatch]:
    if isinstance(table, pa.Table):
        yield from table.select(columns).to_batches()
    else:
        yield from table.scanner(columns, batch_readahead=1, fragment_readahead=1).to_batches()


def _digests(
    receipt: pa.Array,
    columns: Mapping[str, pa.Array],
    figures: Sequence[str],
    source: Sequence[str],
) -> pa.Table:
    """receipt, figures and source of each row."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(figures, source, strict=False))
    shared = [name for name, _ in pairs]
    before = digest_rows([columns[name] for name in shared], len(receipt))
    digests = [
        digest_rows([columns[name] for name in names[len(shared) :]], len(receipt), before)
        for names in (figures, source)
    ]
    # a copy: a column of DuckDB's holds all columns of its batch
    keys = pa.concat_arrays([receipt])
    return pa.Table.from_arrays([keys, *digests], [RECEIPT, "figures", "source"])


def changed_receipts(before: pa.Table, now: pa.Table) -> list[dict[str, object]]:
    """Receipts that count differently in `now` than in `before`, the largest first.

    Each with number, store, currency, day, total, why, and whether the POS's own data changed
    (`is_data`).
    """
    if before.equals(now):
        return []
    with duckdb.connect(":memory:") as connection:
        connection.register("before", before)
        connection.register("now", now)
        return connection.sql(_COMPARED).to_arrow_table().to_pylist()
