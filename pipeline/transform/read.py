"""Raw NDJSON to parsed receipts: a page at once; what is refused is found by halving, and judged
record by record.

In: raw objects. Out: the receipts that every rule accepts, as nested Arrow, each with its object
and position; and a Fault for every other record. What the JSON reader (pyarrow's)
accepts is checked, column by column, against the same rules as `judge`, which gives the reason; a record that only the reader refuses (12.3400...0, a lone surrogate in a note) is
written anew by `judge` and parsed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from pipeline.schema.receipt import receipt_schema
from pipeline.transform.columns import Ints
from pipeline.transform.nested import Rows, receipts_of
from pipeline.transform.rules import Rules
from pipeline.transform.validate_columns import validate_columns
from pipeline.transform.validate_record import RejectedRecord, validate_record

CHUNK = 16 << 20
_NEWLINE, _BRACE = b"\n{"


class Raw(NamedTuple):
    """One object of raw/receipts: its batch (window or sweep), its key, its lines."""

    batch: str
    name: str
    ndjson: bytes


@dataclass(frozen=True)
class Read:
    """All receipts of some objects. `good` are the rows of `receipts` that every rule accepts."""

    receipts: Rows
    raw: Ints
    position: Ints
    good: Ints
    rejected: list[RejectedRecord]


def parse(body: bytes, decimals: int) -> pa.RecordBatch:
    """The receipts of whole lines, one a line.

    Raises pyarrow.ArrowInvalid when one of them is not as the schema says. Each line must begin
    with `{`: a line of `null` alone would crash pyarrow's reader.
    """
    page = np.frombuffer(body, "u1")
    ends = np.flatnonzero(page == _NEWLINE)
    starts = np.r_[0, ends + 1]
    starts = starts[:-1] if starts[-1] == len(body) else starts
    if (page[starts] != _BRACE).any():
        raise pa.ArrowInvalid("a line that is no object")
    table = pj.read_json(
        pa.BufferReader(body),
        pj.ReadOptions(use_threads=False, block_size=len(body) + 1),
        pj.ParseOptions(
            explicit_schema=receipt_schema(decimals), unexpected_field_behavior="ignore"
        ),
    )
    if table.num_rows != len(starts):
        raise pa.ArrowInvalid("more than one object on a line")
    table.validate(full=True)
    return table.combine_chunks().to_batches()[0]


def chunks(body: bytes, size: int = CHUNK) -> Iterator[bytes]:
    """`body` in pieces of whole lines of about `size` bytes."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", min(start + size, len(body)) - 1) + 1 or len(body)
        yield body[start:end]
        start = end


def _take(body: bytes, first: int, decimals: int, accepted: list, refused: list) -> int:
    """Parse `body`, whose first line has position `first`; halve it where it is refused. Returns
    its lines.
    """
    try:
        batch = parse(body, decimals)
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        half = len(body) // 2
        middle = next(
            (
                at
                for at in (body.find(b"\n", half) + 1, body.rfind(b"\n", 0, half) + 1)
                if 0 < at < len(body)
            ),
            None,
        )
        if middle:
            before = _take(body[:middle], first, decimals, accepted, refused)
            return before + _take(body[middle:], first + before, decimals, accepted, refused)
        if body.strip():
            refused.append((first, body.rstrip(b"\n")))
        return 1
    accepted.append((batch, np.arange(first, first + batch.num_rows)))
    return batch.num_rows


def read(raws: Sequence[Raw], rules: Rules) -> Read:
    """All records of `raws`: parsed, checked, and the faulty ones apart."""
    batches, owners, positions, rejected = [], [], [], []
    for at, raw in enumerate(raws):
        accepted, refused, first = [], [], 1
        for piece in chunks(raw.ndjson):
            first += _take(piece, first, rules.decimals, accepted, refused)
        for position, body in refused:
            verdict = validate_record(body, rules)
            if isinstance(verdict, bytes):
                try:
                    accepted.append((parse(verdict, rules.decimals), np.array([position])))
                    continue
                except pa.ArrowInvalid as error:
                    verdict = RejectedRecord("refused", detail=str(error)[:200])
            rejected.append(replace(verdict, raw=at, position=position, body=body))
        for batch, decimals in accepted:
            batches.append(batch)
            owners.append(np.full(len(decimals), at))
            positions.append(decimals)
    schema = receipt_schema(rules.decimals)
    whole = pa.Table.from_batches(batches, schema).combine_chunks().to_batches()
    batch = (
        whole[0]
        if whole
        else pa.RecordBatch.from_arrays(
            [pa.nulls(0, field.type) for field in schema], schema=schema
        )
    )
    raw, position = (np.concatenate([np.zeros(0, "i8"), *parts]) for parts in (owners, positions))
    receipts = receipts_of(batch)
    doubt = validate_columns(receipts, rules)
    rejected += _explain_rejected(raws, raw[doubt], position[doubt], rules)
    return Read(receipts, raw, position, np.flatnonzero(~doubt), rejected)


def _explain_rejected(
    raws: Sequence[Raw], owners: Ints, positions: Ints, rules: Rules
) -> list[RejectedRecord]:
    """The faults of records that were parsed and then doubted."""
    rejected = []
    for at in sorted(set(owners.tolist())):
        lines = raws[at].ndjson.split(b"\n")
        for position in positions[owners == at].tolist():
            verdict = validate_record(lines[position - 1], rules)
            rejection = (
                verdict
                if isinstance(verdict, RejectedRecord)
                else RejectedRecord("refused", detail="the rules of the columns refuse it")
            )
            rejected.append(replace(rejection, raw=at, position=position, body=lines[position - 1]))
    return rejected
