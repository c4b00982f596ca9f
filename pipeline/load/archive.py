"""The files of a report's version as one zip file, and back.

The order and the dates in it depend on the files alone. Raises Corrupt for bytes that are not such
a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from pipeline.errors import Corrupt

_BEGIN = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can have
_LEVEL = 1  # a twentieth larger than the usual level, in half of its time


def pack(files: Mapping[str, bytes]) -> bytes:
    """The files as one zip file."""
    sink = BytesIO()
    with ZipFile(sink, "w") as archive:
        for name in sorted(files):
            entry = ZipInfo(name, _BEGIN)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name], ZIP_DEFLATED, _LEVEL)
    return sink.getvalue()


def unpack(data: bytes, uri: str) -> dict[str, bytes]:
    """The files of a zip file by name; `uri` is for messages."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise Corrupt(f"{uri} is not a valid zip file: {error}") from error
