"""Text of a CSV export: encoding, separator, lines, normalized headings."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable

from pipeline.errors import DataError

LARGEST = 64 * 1024 * 1024


def normalize_heading(text: str) -> str:
    """`text` in lower case without accents, invisible marks and needless blanks.

    >>> normalize_heading("\ufeffNÚMERO de\xa0 recibo ")
    'numero de recibo'
    """
    characters = unicodedata.normalize("NFKD", text)
    kept = (
        s for s in characters if s.isspace() or unicodedata.category(s) not in ("Mn", "Cf", "Cc")
    )
    return " ".join("".join(kept).split()).casefold()


def decode(data: bytes) -> str:
    """The text of an export; UTF-16 shows by its byte order mark or its zeros."""
    if len(data) > LARGEST:
        raise DataError(f"it is larger than {LARGEST >> 20} MB; export fewer days")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif 0 in (begin := data[:64]):  # half of the bytes of ASCII are zeros in UTF-16
        is_big = begin[::2].count(0) > begin[1::2].count(0)
        encoding = "utf-16-be" if is_big else "utf-16-le"
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"byte {error.start + 1} is not {encoding.removesuffix('-sig').upper()}; save it as CSV"
            " UTF-8, or use the file as it was downloaded"
        ) from error


def read_rows(text: str, expected: frozenset[str]) -> Iterable[tuple[int, list[str]]]:
    """(line number, cells) of the lines that are not blank.

    The separator is that of a first line `sep=`, else the one that gives the most headings
    among `expected`.
    """
    stripped = text.lstrip("\ufeff\r\n")
    skipped, text = text.count("\n") - stripped.count("\n"), stripped
    first, _, other_lines = text.partition("\n")
    if named := re.fullmatch(r'"?sep=(.)"?[,;\t]*\s*', first, re.IGNORECASE):
        delimiter, text, skipped = named[1], other_lines, skipped + 1
    else:
        delimiter = max(
            ",;\t",
            key=lambda sign: (
                sum(normalize_heading(cell.strip('"')) in expected for cell in first.split(sign)),
                first.count(sign),
            ),
        )
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        yield from (
            (reader.line_num + skipped, cells)
            for cells in reader
            if any(cell.strip() for cell in cells)
        )
    except csv.Error as error:
        raise DataError(
            f"line {reader.line_num + skipped} is not CSV ({error}); use the file as it was"
            " downloaded"
        ) from error
