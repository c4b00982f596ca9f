"""NDJSON to Arrow: small objects together, a refused line alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from pipeline.schema.receipt import receipt_schema
from pipeline.transform.columns import Ints

GROUP_BYTES = 16 << 20
_BLOCK = 1 << 20  # parsed at once: it fits into the processor's cache
_NEWLINE, _BRACE = b"\n{"


class Piece(NamedTuple):
    """Whole lines of object `raw`; `first` is the position of the first, from 1."""

    raw: int
    first: int
    body: bytes

    def lines(self) -> int:
        """How many lines it has."""
        return self.body.count(b"\n") + (not self.body.endswith(b"\n"))


class Parsed(NamedTuple):
    """Receipts, with the object and the position of each."""

    batch: pa.RecordBatch
    raw: Ints
    line: Ints


def parse(body: bytes, decimals: int) -> pa.RecordBatch:
    """The receipts of whole lines, one per line.

    Raises pyarrow.ArrowInvalid when one of them is not as the schema says. Each line must begin
    with `{`: a line of `null` alone would crash pyarrow's reader.
    """
    page = np.frombuffer(body, "u1")
    ends = np.flatnonzero(page == _NEWLINE)
    starts = np.r_[0, ends + 1]
    starts = starts[:-1] if starts[-1] == len(body) else starts
    if (page[starts] != _BRACE).any():
        raise pa.ArrowInvalid("a line is not an object")
    longest = int(np.diff(starts, append=len(body)).max(initial=0))
    table = pj.read_json(
        pa.BufferReader(body),
        pj.ReadOptions(use_threads=False, block_size=max(_BLOCK, longest + 1)),
        pj.ParseOptions(
            explicit_schema=receipt_schema(decimals), unexpected_field_behavior="ignore"
        ),
    )
    if table.num_rows != len(starts):
        raise pa.ArrowInvalid("more than one object on a line")
    table.validate(full=True)
    return table.combine_chunks().to_batches()[0]


def pieces(body: bytes, size: int = GROUP_BYTES) -> Iterator[bytes]:
    """`body` in pieces of whole lines of about `size` bytes."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", min(start + size, len(body)) - 1) + 1 or len(body)
        yield body[start:end]
        start = end


def parse_all(texts: Sequence[bytes], decimals: int) -> tuple[list[Parsed], list[Piece]]:
    """The receipts of all objects, and each line that pyarrow's reader refuses."""
    parsed: list[Parsed] = []
    refused: list[Piece] = []
    for group in _groups(_pieces(texts)):
        if len(group) == 1:
            _parse_halves(group[0], decimals, parsed, refused)
            continue
        # one call for many small objects: each call costs as much as hundreds of receipts
        ended = (p.body if p.body.endswith(b"\n") else p.body + b"\n" for p in group)
        try:
            batch = parse(b"".join(ended), decimals)
        except (pa.ArrowInvalid, pa.ArrowKeyError):
            for piece in group:
                _parse_halves(piece, decimals, parsed, refused)
            continue
        counts = [piece.lines() for piece in group]
        lines = [np.arange(p.first, p.first + n) for p, n in zip(group, counts, strict=True)]
        owners = np.repeat([piece.raw for piece in group], counts)
        parsed.append(Parsed(batch, owners, np.concatenate(lines)))
    return parsed, refused


def _pieces(texts: Sequence[bytes]) -> Iterator[Piece]:
    for raw, text in enumerate(texts):
        first = 1
        for body in pieces(text):
            yield Piece(raw, first, body)
            first += body.count(b"\n")


def _groups(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces of about GROUP_BYTES bytes together."""
    group: list[Piece] = []
    size = 0
    for piece in pieces:
        if group and size + len(piece.body) > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(piece)
        size += len(piece.body)
    if group:
        yield group


def _parse_halves(piece: Piece, decimals: int, parsed: list[Parsed], refused: list[Piece]) -> None:
    """Parse a piece, or its halves, until what the reader refuses is a line alone."""
    raw, first, body = piece
    try:
        batch = parse(body, decimals)
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        half = len(body) // 2
        ends = body.find(b"\n", half) + 1, body.rfind(b"\n", 0, half) + 1
        middle = next((end for end in ends if 0 < end < len(body)), None)
        if middle:
            before = Piece(raw, first, body[:middle])
            _parse_halves(before, decimals, parsed, refused)
            after = Piece(raw, first + before.lines(), body[middle:])
            _parse_halves(after, decimals, parsed, refused)
        elif body.strip():
            refused.append(Piece(raw, first, body.rstrip(b"\n")))
        return
    lines = np.arange(first, first + batch.num_rows)
    parsed.append(Parsed(batch, np.full(len(lines), raw), lines))
