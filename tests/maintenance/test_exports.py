"""The exports that an erasure looks through: every file of the owner, no hidden one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.load import Lake, open_storage
from pipeline.maintenance.customer_exports import find_exports_with

RECEIPT = "1-1001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lake/backoffice/2026-10").mkdir(parents=True)
    return tmp_path / "lake/backoffice"


@pytest.mark.parametrize("name", [".DS_Store", "._receipts.csv", ".~lock.receipts.csv#", ".env"])
def test_a_hidden_file_is_no_export_and_stops_no_erasure(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\x00\xff\x00 1-1001")
    lake = Lake(open_storage(str(folder.parent)))
    assert lake.files_of_owner("backoffice/") == ()
    assert list(find_exports_with(lake, frozenset({RECEIPT}))) == []


def test_files_of_the_owner_are_looked_through_beside_hidden_ones(folder: Path) -> None:
    (folder / ".DS_Store").write_bytes(b"\x00\xff")
    (folder / "sheet.xlsx").write_bytes(b"PK\x03\x04\xff\xfe\x00")
    (folder / "a.csv").write_text(f"Receipt number,Customer name\n{RECEIPT},Ana\n1-1002,Eva\n")
    (folder / "2026-10/export_files.parquet").write_bytes(b"derived")
    lake = Lake(open_storage(str(folder.parent)))
    sentences = list(find_exports_with(lake, frozenset({RECEIPT})))
    assert [Path(sentence.split(": ")[0]).name for sentence in sentences] == ["a.csv", "sheet.xlsx"]
    assert "1 rows of the customer's receipts name the buyer" in sentences[0]
    assert "not readable as CSV" in sentences[1]


def test_a_row_that_is_shorter_than_the_heading_names_the_buyer_too(folder: Path) -> None:
    """Spreadsheets leave out empty cells at the end of a row."""
    heading = "Customer name,Receipt number,Comment\n"
    (folder / "a.csv").write_text(f"{heading}Ana,{RECEIPT}\n,{RECEIPT}\nEva,1-1002\n")
    (sentence,) = find_exports_with(Lake(open_storage(str(folder.parent))), frozenset({RECEIPT}))
    assert "1 rows of the customer's receipts name the buyer" in sentence
