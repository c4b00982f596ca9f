"""Raw NDJSON to parsed receipts: a page at once, invalid records one by one.

In: raw objects. Out: the receipts that every rule accepts, as nested Arrow, each with its object
and position, and a RejectedRecord for every other. Where pyarrow's JSON reader refuses a page, the
page is halved until the record is alone. `validate_columns` checks what the reader accepts;
`validate_record` names the reason, or rewrites a record that only the reader refuses (12.3400...0,
a lone surrogate in a note), which is then parsed again. Records of a point of sale whose JSON is
not canonical are translated first (`Rules.translator`): each makes none, one or two receipts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from pipeline.pos.source import Lists, NotCanonicalError, ToCanonical
from pipeline.schema.receipt import receipt_schema
from pipeline.transform.columns import Ints
from pipeline.transform.nested import Rows, receipts_of
from pipeline.transform.rules import Rules
from pipeline.transform.validate_columns import validate_columns
from pipeline.transform.validate_record import RejectedRecord, read_rejected, validate_record

CHUNK = 16 << 20
_NEWLINE, _BRACE = b"\n{"
_NO_LISTS: Mapping[str, Sequence[object]] = {}


class Raw(NamedTuple):
    """One object of raw/receipts: its batch (window or scan), its key, its lines."""

    batch: str
    name: str
    ndjson: bytes


@dataclass(frozen=True)
class Records:
    """All records of some objects; `good` are the valid rows of `receipts`.

    `raw` (index of the object) and `position` (line, from 1) are those of each row of `receipts`.
    `texts` holds the canonical lines of each object, and `line` the place of each row among them.
    """

    receipts: Rows
    raw: Ints
    position: Ints
    good: Ints
    rejected: list[RejectedRecord]
    texts: Sequence[bytes]
    line: Ints

    def canonical(self, row: int) -> bytes:
        """The canonical JSON of a row of `receipts`."""
        return self.texts[int(self.raw[row])].split(b"\n")[int(self.line[row]) - 1]

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


class _Canonical(NamedTuple):
    """The canonical lines of an object; `origin` is the position of each one's record."""

    ndjson: bytes
    origin: Ints | None = None

    def positions(self, lines: Ints) -> Ints:
        return lines if self.origin is None else self.origin[lines - 1]


def _translate(
    raw: Raw, to_canonical: ToCanonical, rules: Rules
) -> tuple[_Canonical, list[RejectedRecord]]:
    """The canonical lines of an object, and the records that are rejected."""
    lines: list[bytes] = []
    origin: list[int] = []
    rejected: list[RejectedRecord] = []
    for position, body in enumerate(raw.ndjson.split(b"\n"), 1):
        if not body.strip():
            continue
        try:
            receipts = to_canonical(body)
        except NotCanonicalError as error:
            verdict = read_rejected(error.receipt, rules)
            rejected.append(
                replace(
                    verdict,
                    reason=error.reason,
                    pointer=error.pointer,
                    detail=error.detail[:200],
                    position=position,
                    body=body,
                )
            )
            continue
        lines += receipts
        origin += [position] * len(receipts)
    return _Canonical(b"".join(line + b"\n" for line in lines), np.array(origin, "i8")), rejected


def read(raws: Sequence[Raw], rules: Rules, lists: Lists = _NO_LISTS) -> Records:
    """All records of `raws`: parsed and validated, the rejected ones apart.

    `lists` are those of the catalog, which a translator joins to its records.
    """
    batches: list[pa.RecordBatch] = []
    owners, all_lines = [np.zeros(0, "i8")], [np.zeros(0, "i8")]
    rejected: list[RejectedRecord] = []
    texts: list[_Canonical] = []
    to_canonical = rules.translator(lists) if rules.translator else None
    for index, raw in enumerate(raws):
        text = _Canonical(raw.ndjson)
        if to_canonical:
            text, untranslated = _translate(raw, to_canonical, rules)
            rejected += [replace(rejection, raw=index) for rejection in untranslated]
        texts.append(text)
        accepted: Accepted = []
        refused: list[tuple[int, bytes]] = []
        first = 1
        for piece in chunks(text.ndjson):
            first += _take(piece, first, rules.decimals, accepted, refused)
        for line, body in refused:
            verdict = validate_record(body, rules)
            if isinstance(verdict, bytes):
                try:
                    accepted.append((parse(verdict, rules.decimals), np.array([line])))
                    continue
                except pa.ArrowInvalid as error:
                    verdict = RejectedRecord("refused", detail=str(error)[:200])
            rejected.append(_placed(verdict, raws, texts, index, line))
        for batch, lines in accepted:
            batches.append(batch)
            owners.append(np.full(len(lines), index))
            all_lines.append(lines)
    receipts = receipts_of(_join(batches, receipt_schema(rules.decimals)))
    owner, line_of = np.concatenate(owners), np.concatenate(all_lines)
    invalid = validate_columns(receipts, rules)
    rejected += _explain_rejected(raws, texts, owner[invalid], line_of[invalid], rules)
    position = line_of if to_canonical is None else _positions(texts, owner, line_of)
    return Records(
        receipts,
        owner,
        position,
        np.flatnonzero(~invalid),
        rejected,
        [text.ndjson for text in texts],
        line_of,
    )


def _positions(texts: Sequence[_Canonical], owners: Ints, lines: Ints) -> Ints:
    """The position in its object of each canonical line."""
    positions = np.zeros(len(lines), "i8")
    for index in sorted(set(owners.tolist())):
        mine = owners == index
        positions[mine] = texts[index].positions(lines[mine])
    return positions


def _placed(
    verdict: RejectedRecord,
    raws: Sequence[Raw],
    texts: Sequence[_Canonical],
    index: int,
    line: int,
) -> RejectedRecord:
    """A verdict about a canonical line, with the verbatim record that it comes from."""
    position = int(texts[index].positions(np.array([line]))[0])
    body = raws[index].ndjson.split(b"\n")[position - 1]
    return replace(verdict, raw=index, position=position, body=body)


def _join(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    joined = pa.Table.from_batches(batches, schema).combine_chunks().to_batches()
    if joined:
        return joined[0]
    return pa.RecordBatch.from_arrays([pa.nulls(0, f.type) for f in schema], schema=schema)


def _explain_rejected(
    raws: Sequence[Raw], texts: Sequence[_Canonical], owners: Ints, lines: Ints, rules: Rules
) -> list[RejectedRecord]:
    """The reasons of records that were parsed and that `validate_columns` refuses."""
    rejected = []
    for index in sorted(set(owners.tolist())):
        bodies = texts[index].ndjson.split(b"\n")
        for line in lines[owners == index].tolist():
            verdict = validate_record(bodies[line - 1], rules)
            if isinstance(verdict, bytes):
                verdict = RejectedRecord("refused", detail="the rules of the columns refuse it")
            rejected.append(_placed(verdict, raws, texts, index, line))
    return rejected
