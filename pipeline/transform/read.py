"""Raw NDJSON to parsed receipts: a page at once, invalid records one by one.

Takes raw objects. Returns the receipts that pass every check, as nested Arrow, each with its
object and position, and a RejectedRecord for every other. Where pyarrow's JSON reader refuses a
page, the page is halved until the record is alone. `validate_columns` checks what the reader
accepts; `validate_record` names the reason, or rewrites a record that only the reader refuses
(12.3400...0, a lone surrogate in a note), which is then parsed again. Records of a point of sale
whose JSON is not canonical are translated first (`Rules.translator`): each makes none, one or two
receipts, which are accepted or rejected together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.pos.source import Lists, NotCanonicalError, ToCanonical
from pipeline.rules import Rules
from pipeline.schema.receipt import RETURN_SUFFIX, receipt_schema
from pipeline.transform.columns import Ints, fixed, ints
from pipeline.transform.nested import Rows, receipts_of
from pipeline.transform.parse import Parsed, parse, parse_all
from pipeline.transform.validate_columns import validate_columns
from pipeline.transform.validate_record import RejectedRecord, read_rejected, validate_record

_NO_LISTS: Mapping[str, Sequence[object]] = {}


class Raw(NamedTuple):
    """One object of raw/receipts: its partition, its key, its lines."""

    partition: str
    name: str
    ndjson: bytes


@dataclass(frozen=True)
class Records:
    """All records of some objects; `accepted` are the valid rows of `receipts`.

    `raw` (index of the object) and `position` (line, from 1) are those of each row of `receipts`.
    `texts` holds the canonical lines of each object, and `line` the index of each row among them.
    `is_translated`: a record may make two receipts, the second with RETURN_SUFFIX.
    """

    receipts: Rows
    raw: Ints
    position: Ints
    accepted: Ints
    rejected: list[RejectedRecord]
    texts: Sequence[bytes]
    line: Ints
    is_translated: bool = False

    def numbers(self) -> pa.Array:
        """The number of each accepted receipt."""
        return self.receipts.column("receipt_number").take(fixed(self.accepted, pa.int64()))

    def record_numbers(self) -> pa.Array:
        """`numbers` without the suffix of the second receipt of a record."""
        numbers = self.numbers()
        if not self.is_translated:
            return numbers
        return pc.replace_substring_regex(numbers, f"{RETURN_SUFFIX}$", "")

    def is_second(self) -> np.ndarray:
        """Whether an accepted receipt is the second of its record; False of each rejected one."""
        own, of_record = (
            ints(pc.binary_length(numbers), "i4")
            for numbers in (self.numbers(), self.record_numbers())
        )
        return np.r_[own != of_record, np.zeros(len(self.rejected), bool)]

    def canonical(self, row: int) -> bytes:
        """The canonical JSON of a row of `receipts`."""
        return self.texts[int(self.raw[row])].split(b"\n")[int(self.line[row]) - 1]

    def owners(self) -> Ints:
        """The object of each accepted record, then of each rejected one."""
        return np.r_[self.raw[self.accepted], np.array([r.raw for r in self.rejected], "i8")]

    def positions(self) -> Ints:
        """The position of each accepted record, then of each rejected one."""
        return np.r_[
            self.position[self.accepted], np.array([r.position for r in self.rejected], "i8")
        ]


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
    rejected: list[RejectedRecord] = []
    texts: list[_Canonical] = []
    to_canonical = rules.translator(lists) if rules.translator else None
    for index, raw in enumerate(raws):
        text = _Canonical(raw.ndjson)
        if to_canonical:
            text, untranslated = _translate(raw, to_canonical, rules)
            rejected += [replace(rejection, raw=index) for rejection in untranslated]
        texts.append(text)
    parsed, refused = parse_all([text.ndjson for text in texts], rules.decimals)
    for piece in refused:
        verdict = validate_record(piece.body, rules)
        if isinstance(verdict, bytes):
            try:
                batch = parse(verdict, rules.decimals)
                parsed.append(Parsed(batch, np.array([piece.raw]), np.array([piece.first])))
                continue
            except pa.ArrowInvalid as error:
                verdict = RejectedRecord("refused", detail=str(error)[:200])
        rejected.append(_placed(verdict, raws, texts, piece.raw, piece.first))
    receipts = receipts_of(_join([part.batch for part in parsed], receipt_schema(rules.decimals)))
    nothing = np.zeros(0, "i8")
    owner = np.concatenate([nothing, *(part.raw for part in parsed)])
    line_of = np.concatenate([nothing, *(part.line for part in parsed)])
    invalid = validate_columns(receipts, rules)
    rejected += _explain_rejected(raws, texts, owner[invalid], line_of[invalid], rules)
    position = line_of
    if to_canonical:
        position = _positions(texts, owner, line_of)
        rejected, invalid = _reject_together(rejected, invalid, receipts, owner, position)
    return Records(
        receipts,
        owner,
        position,
        np.flatnonzero(~invalid),
        rejected,
        [text.ndjson for text in texts],
        line_of,
        to_canonical is not None,
    )


def _reject_together(
    rejected: Sequence[RejectedRecord],
    invalid: np.ndarray,
    receipts: Rows,
    owner: Ints,
    position: Ints,
) -> tuple[list[RejectedRecord], np.ndarray]:
    """The rejected records, each once, and which rows of `receipts` are theirs.

    The reason is that of the receipt that fails; number and money are those of the record's sale.
    """
    records: dict[tuple[int, int], RejectedRecord] = {}
    for rejection in rejected:
        place = (rejection.raw, rejection.position)
        is_first = not (rejection.number or "").endswith(RETURN_SUFFIX)
        if is_first or place not in records:
            records[place] = rejection
    if not records:
        return [], invalid
    width = int(position.max(initial=0)) + 1
    places = [raw * width + line for raw, line in records if line < width]
    is_theirs = np.isin(owner * width + position, np.array(places, "i8"))
    for row in np.flatnonzero(is_theirs & ~invalid).tolist():
        number = receipts.column("receipt_number")[row].as_py()
        if not number.endswith(RETURN_SUFFIX):
            place = (int(owner[row]), int(position[row]))
            records[place] = replace(
                records[place],
                number=number,
                receipt_type=receipts.column("receipt_type")[row].as_py(),
                total=int(receipts.ints("total_money")[row]),
            )
    return list(records.values()), invalid | is_theirs


def _positions(texts: Sequence[_Canonical], owners: Ints, lines: Ints) -> Ints:
    """The position in its object of each canonical line."""
    positions = np.zeros(len(lines), "i8")
    for index in sorted(set(owners.tolist())):
        of_object = owners == index
        positions[of_object] = texts[index].positions(lines[of_object])
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
