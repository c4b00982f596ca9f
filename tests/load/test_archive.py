"""The archive of a report's version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Corrupt
from pipeline.load.archive import pack, unpack

NAMES = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8})?\.(md|html|pdf)", fullmatch=True)


@given(st.dictionaries(NAMES, st.binary(max_size=200)), st.randoms())
def test_equal_files_give_equal_bytes_in_any_order(files: dict[str, bytes], random: object) -> None:
    names = list(files)
    random.shuffle(names)
    data = pack({name: files[name] for name in names})
    assert data == pack(files)
    assert unpack(data, "it") == files


def test_what_is_no_archive_or_was_altered_is_named() -> None:
    data = pack({"report.md": b"sales " * 100})
    for broken in (b"", data[:-5], data.replace(b"PK\x01\x02", b"PK\x01\x03")):
        with pytest.raises(Corrupt, match=r"versions/1\.zip is not a valid zip file"):
            unpack(broken, "versions/1.zip")
    flipped = bytearray(data)
    flipped[45] ^= 1
    with pytest.raises(Corrupt, match="not a valid zip file"):
        unpack(bytes(flipped), "versions/1.zip")
