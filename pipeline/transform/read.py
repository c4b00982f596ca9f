"""Raw NDJSON to parsed receipts: a page at once, invalid records one by one.

In: raw objects. Out: the receipts that every rule accepts, as nested Arrow, each with its object
and position, and a RejectedRecord for every other. Where pyarrow's JSON reader refuses a page, the
page is halved until the record is alone. `validate_columns` checks what the reader accepts;
`validate_record` names the reason, or rewrites a record that only the reader refuses (12.3400...0,
a lone surrogate in a note), which is then parsed again.
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
    """One object of raw/receipts: its batch (window or scan), its key, its lines."""

    batch: str
    name: str
    ndjson: bytes


@dataclass(frozen=True)
class Records:
    """All records of some objects; `good` are the valid rows of `receipts`.

    `raw` (index of the object) and `position` (line, from 1) are those of each row of `receipts`.
    """

    receipts: Rows
    raw: Ints
    position: Ints
    good: Ints
    rejected: list[RejectedRecord]

    def owners(self) -> Ints:
        """The object of each good record, then of each rejected one."""
        return np.r_[self.raw[self.good], np.array([r.raw for r in self.rejected], "i8")]

    def positions(self) -> Ints:
        """The position of each good record, then of each rejected one."""
        return np.r_[self.position[self.good], np.array([r.position for r in self.rejected], "i8")]


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
        raise pa.ArrowInvalid("a line is not an object")
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


Accepted = list[tuple[pa.RecordBatch, Ints]]
"""Receipts, and the position of each."""


def _take(
    body: bytes, first: int, decimals: int, accepted: Accepted, refused: list[tuple[int, bytes]]
) -> int:
    """Parse `body`, from position `first` on, or its halves; return its lines."""
    try:
        batch = parse(body, decimals)
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        half = len(body) // 2
        ends = body.find(b"\n", half) + 1, body.rfind(b"\n", 0, half) + 1
        middle = next((end for end in ends if 0 < end < len(body)), None)
        if middle:
            before = _take(body[:middle], first, decimals, accepted, refused)
            return before + _take(body[middle:], first + before, decimals, accepted, refused)
        if body.strip():
            refused.append((first, body.rstrip(b"\n")))
        return 1
    accepted.append((batch, np.arange(first, first + batch.num_rows)))
    return batch.num_rows


def read(raws: Sequence[Raw], rules: Rules) -> Records:
    """All records of `raws`: parsed and validated, the rejected ones apart."""
    batches: list[pa.RecordBatch] = []
    owners, positions = [np.zeros(0, "i8")], [np.zeros(0, "i8")]
    rejected: list[RejectedRecord] = []
    for index, raw in enumerate(raws):
        accepted: Accepted = []
        refused: list[tuple[int, bytes]] = []
        first = 1
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
            rejected.append(replace(verdict, raw=index, position=position, body=body))
        for batch, lines in accepted:
            batches.append(batch)
            owners.append(np.full(len(lines), index))
            positions.append(lines)
    receipts = receipts_of(_join(batches, receipt_schema(rules.decimals)))
    owner, line = np.concatenate(owners), np.concatenate(positions)
    invalid = validate_columns(receipts, rules)
    rejected += _explain_rejected(raws, owner[invalid], line[invalid], rules)
    return Records(receipts, owner, line, np.flatnonzero(~invalid), rejected)


def _join(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    joined = pa.Table.from_batches(batches, schema).combine_chunks().to_batches()
    if joined:
        return joined[0]
    return pa.RecordBatch.from_arrays([pa.nulls(0, f.type) for f in schema], schema=schema)


def _explain_rejected(
    raws: Sequence[Raw], owners: Ints, positions: Ints, rules: Rules
) -> list[RejectedRecord]:
    """The reasons of records that were parsed and that `validate_columns` refuses."""
    rejected = []
    for index in sorted(set(owners.tolist())):
        lines = raws[index].ndjson.split(b"\n")
        for position in positions[owners == index].tolist():
            body = lines[position - 1]
            verdict = validate_record(body, rules)
            if isinstance(verdict, bytes):
                verdict = RejectedRecord("refused", detail="the rules of the columns refuse it")
            rejected.append(replace(verdict, raw=index, position=position, body=body))
    return rejected
