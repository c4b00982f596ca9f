"""Raw is committed again with less in it: what is edited, what goes, what stays to the byte."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from pipeline.load import RAW_RECEIPTS, Lake, decompress, open_storage
from pipeline.load.raw_keys import parse_raw
from pipeline.load.raw_objects import cut_frame
from pipeline.maintenance.audit import audit
from pipeline.maintenance.erase import ErasingSource, erase_customer, erased_entry, read_erased
from pipeline.maintenance.findings import EVERYTHING
from pipeline.maintenance.retain import find_aged, retain
from pipeline.maintenance.rewrite import find_edited, remove_old_versions, rewrite
from pipeline.pos.loyverse import reader
from pipeline.pos.source import Record
from pipeline.pos.square import reader as square

SEP_5, OCT_5, OCT_6 = date(2026, 9, 5), date(2026, 10, 5), date(2026, 10, 6)
WINDOWS = {
    "2026-09-05": {SEP_5: b'{"receipt_number":"1","note":"ana"}\n'},
    "2026-10-05": {
        OCT_5: b'{"receipt_number":"2","note":"ana"}\n{"receipt_number":"3","note":null}\n',
        OCT_6: b'{"receipt_number":"4","customer_id":"c1"}\n',
    },
}
TIMES = {OCT_5: "0900-1130"}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(open_storage(str(tmp_path / "lake")), "run", publish_wait=0)
    for partition, objects in WINDOWS.items():
        lake.commit_window(partition, objects, {"start": partition}, TIMES)
    return lake


def contents(lake: Lake) -> dict[tuple[str, date | None], bytes]:
    """What each raw object holds, committed or not, by partition and date of sale."""
    entries = [entry for stat in lake.storage.list(f"{RAW_RECEIPTS}/") for entry in parse_raw(stat)]
    texts = {
        (e.partition, e.sold): decompress(cut_frame(e, lake.storage.get(e.stored))) for e in entries
    }
    assert len(texts) == len(entries), "one entry for each date of a partition"
    return texts


def committed(lake: Lake) -> dict[tuple[str, date | None], bytes]:
    """What another process reads of all partitions."""
    other = Lake(lake.storage, "other", publish_wait=0)
    return {(e.partition, e.sold): other.read_raw(e) for e in other.raw_objects(SEP_5, OCT_6)}


def test_only_what_the_edit_changes_is_changed_and_nothing_replaced_is_left(lake: Lake) -> None:
    before_edit = contents(lake)
    assert rewrite(lake, reader.remove_personal_data) == ["2026-09-05", "2026-10-05"]
    after = {key: text.replace(b'"ana"', b"null") for key, text in before_edit.items()}
    assert contents(lake) == committed(lake) == after
    (rewritten,) = lake.raw_objects(OCT_5, OCT_5)
    assert rewritten.times == TIMES[OCT_5]
    assert lake.metadata(RAW_RECEIPTS, "2026-10-05") == {"start": "2026-10-05"}
    assert [manifest.number for manifest in lake.manifests_of(RAW_RECEIPTS, "2026-10-05")] == [1, 2]
    assert rewrite(lake, reader.remove_personal_data) == [], "nothing is left to do"
    assert list(audit(lake, EVERYTHING)) == [], "what was replaced is not missing"


def test_records_that_an_edit_writes_anew_stay_on_a_line_each(tmp_path: Path) -> None:
    """An edit gets a record and returns a record; Square's writes a changed one as new JSON."""
    lake = Lake(open_storage(str(tmp_path / "lake")), "run", publish_wait=0)
    records = [b'{"id": "%d", "note": "ana"}' % number for number in range(3)] + [b'{"id": "4"}']
    ndjson = b"".join(record + b"\n" for record in records)
    lake.commit_window("2026-10-05", {OCT_5: ndjson}, {"start": "2026-10-05"})
    edited = [square.remove_personal_data(record) for record in records]
    assert edited[0] == b'{"id":"0","note":null}' and edited[3] == records[3]
    assert rewrite(lake, square.remove_personal_data) == ["2026-10-05"]
    assert set(contents(lake).values()) == {b"".join(record + b"\n" for record in edited)}
    assert rewrite(lake, square.remove_personal_data) == []


def test_only_the_selected_partitions_are_edited(lake: Lake) -> None:
    before_edit = contents(lake)
    assert [item.records for item in find_aged(lake, reader, "2026-10")] == [1]
    assert retain(lake, reader, "2026-10") == ["2026-09-05"]
    key = ("2026-09-05", SEP_5)
    assert (
        contents(lake)
        == committed(lake)
        == {**before_edit, key: WINDOWS["2026-09-05"][SEP_5].replace(b'"ana"', b"null")}
    )
    assert list(find_edited(lake, reader.remove_personal_data, "2026-10")) == []


def test_of_windows_committed_together_only_those_before_the_month_are_edited(
    tmp_path: Path,
) -> None:
    sep_30, oct_1 = date(2026, 9, 30), date(2026, 10, 1)
    lake = Lake(open_storage(str(tmp_path / "lake")), "run", publish_wait=0)
    body = b'{"receipt_number":"1","note":"ana"}\n'
    with lake.commit_queue() as commits:
        for day in (sep_30, oct_1):
            commits.add(day, {SEP_5: body, day: body}, {"records": 2, "start": str(day)}, {})
    edited = {("2026-09-30", SEP_5), ("2026-09-30", sep_30)}
    assert rewrite(lake, reader.remove_personal_data, "2026-10") == ["2026-09-30"]
    texts = {
        (day, sold): body.replace(b'"ana"', b"null") if (day, sold) in edited else body
        for day, sold in (*edited, ("2026-10-01", SEP_5), ("2026-10-01", oct_1))
    }
    assert contents(lake) == committed(lake) == texts
    assert lake.window_metadata("2026-10-01") == {"records": 2, "start": "2026-10-01"}
    assert list(audit(lake, EVERYTHING)) == []


def test_an_object_that_no_run_committed_is_removed_where_the_edit_would_change_it(
    lake: Lake,
) -> None:
    stat = next(lake.storage.list(f"{RAW_RECEIPTS}/"))
    left = stat.key.replace(parse_raw(stat)[0].partition_digest, "0" * 16)
    assert left != stat.key
    lake.storage.put(left, lake.storage.get(stat.key))
    rewrite(lake, reader.remove_personal_data)
    assert lake.storage.head(left) is None
    assert b"ana" not in b"".join(contents(lake).values())


def test_an_erased_customer_is_listed_by_a_word_that_is_no_identifier(lake: Lake) -> None:
    key = b"k" * 32
    assert read_erased(lake.storage, key) == frozenset()
    assert erase_customer(lake, reader, "c1", key) == ["2026-10-05"]
    assert read_erased(lake.storage, key) == {erased_entry("c1", key)}
    assert committed(lake)["2026-10-05", OCT_6] == b'{"receipt_number":"4","customer_id":null}\n'


def test_a_receipt_that_is_requested_alone_names_no_erased_customer() -> None:
    class Source:
        connection_id = "shop"

        def __init__(self) -> None:
            self.reader = reader

        def receipt(self, number: str) -> Record | None:
            body = json.dumps({"receipt_number": number, "customer_id": "c1"}).encode()
            return reader.read_record(body) if number == "4" else None

    key = b"k" * 32
    source = ErasingSource(Source(), frozenset({erased_entry("c1", key)}), key)
    assert json.loads(source.receipt("4").body)["customer_id"] is None
    assert source.receipt("5") is None
    assert source.connection_id == "shop"


def test_a_store_without_versions_has_none_to_clear(lake: Lake) -> None:
    assert remove_old_versions(lake.storage, ("staging/", "quarantine/")) == 0


def test_a_customer_that_cannot_be_read_is_left_as_it_is() -> None:
    body = b'{"receipt_number":"4","customer_id":"\\q"}'
    assert reader.remove_customers(body, lambda _: True) == body
