"""Retention of raw: old windows lose notes and card details permanently; everything can still be
rebuilt from them, and no figure changes.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.cli import main
from pipeline.errors import ConfigError
from pipeline.load import Lake, Storage
from pipeline.maintenance.retain import MIN_MONTHS, find_unreadable, kept_since
from pipeline.pos.loyverse.personal_data import OBJECTS, TEXTS, remove_personal_data
from pipeline.tasks import Rebuild
from tests.dag.in_process import NOW, InProcessRun, days_later, local, save_shop
from tests.dag.test_erase import committed, everywhere, totals, versioned
from tests.dag.test_verify import dates, in_process, receipts_of
from tests.load.faults import FaultyStorage, Killed
from tests.load.invariants import check

NOTE, CARD, LINE, YOUNG = (
    "for Aurora 55",
    "4242-1881",
    'without {nuts} \\"please\\"',
    "for Benita 77",
)
LATER = days_later(95)  # the current month is then February


def annotate(folder: Path, *, young: bool = False) -> None:
    """Two notes and a card on every receipt but those of one day; one record cannot be read and
    lies in quarantine.
    """
    receipts = receipts_of(folder)
    for receipt in (item for item in receipts if not item["receipt_date"].startswith("2026-10-30")):
        is_young = receipt["created_at"] > "2026-11"
        receipt["note"] = YOUNG if is_young else NOTE
        receipt["line_items"][0]["line_note"] = LINE
        receipt["payments"][0]["payment_details"] = {"card_number": CARD, "a}b": "{\\", "tries": 2}
    old = [receipt for receipt in receipts if receipt["created_at"] < "2026-10-30"]
    old[0]["total_money"] = "many"
    (folder / "receipts.json").write_text(
        json.dumps(
            {
                "receipts": (
                    receipts if young else [r for r in receipts if r["created_at"] < "2026-11"]
                )
            }
        )
    )


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> InProcessRun:
    """A lake of October's last days; its clock stands in February."""
    place = (
        local(tmp_path / "lake")
        if request.param == "local"
        else versioned(request.getfixturevalue("seaweed"))
    )
    shop = InProcessRun(tmp_path, place, monkeypatch)
    annotate(shop.saved)

    def run_night() -> None:
        assert shop.run_nightly()

    if request.param == "local":
        shop.prepare("annotated", run_night)
    else:
        run_night()
    return shop


def retain(
    shop: InProcessRun,
    monkeypatch: pytest.MonkeyPatch,
    *options: str,
    storage: Storage | None = None,
    at: object = LATER,
) -> int:
    in_process(shop, monkeypatch, "erase", lambda command: Rebuild(**dates(command)))
    shop.at(at)
    with shop.process(storage):
        return main(["retain", "--months", "3", *options])


def summary_digest(storage: Storage) -> str:
    return Lake(storage).newest("summary", "2026-10").digest


def bridge_of(storage: Storage) -> dict[str, object]:
    """The bridge from gross sales to payments in the newest report of October."""
    figures = json.loads(Lake(storage).read("reports/monthly", "2026-10")["figures.json"])
    return {name: row["bridge"] for name, row in figures["currencies"].items()}


@pytest.mark.parametrize("shop", ["versioned"], indirect=True)
def test_old_notes_end_and_nothing_else_does(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    storage, words = shop.storage(), [NOTE, CARD, LINE, "{nuts}"]
    before, summary, bridge = totals(storage), summary_digest(storage), bridge_of(storage)
    assert {key.split("/")[0] for key in everywhere(storage, words)} >= {
        "raw",
        "staging",
        "quarantine",
    }
    keys = {stat.key: stat.etag for stat in storage.list()}
    assert retain(shop, monkeypatch, "--dry-run") == 0
    text = capsys.readouterr().out
    assert "2026-10  " in text
    assert "2 windows and rescans before 2026-11 would be rewritten" in text
    assert retain(shop, monkeypatch, at=NOW) == 0, "in October nothing is old"
    assert keys == {stat.key: stat.etag for stat in storage.list()}, "nothing was written"

    assert retain(shop, monkeypatch) == 0
    assert "raw: 2 windows and rescans before 2026-11 rewritten" in capsys.readouterr().out
    assert everywhere(storage, words) == []
    assert {stat.key for stat in storage.list("raw/receipts/")} == committed(storage), (
        "what was replaced is gone, touched or not"
    )
    assert totals(storage) == before
    assert summary_digest(storage) == summary
    assert bridge_of(storage) == bridge, "the month has closed since, its figures are the same"
    check(storage, quiet=True)
    assert shop.at(NOW).verify(deep=True) == [], "every partition can still be made from raw"
    stands = {stat.key: stat.etag for stat in storage.list() if not stat.key.startswith("_probe/")}
    assert retain(shop, monkeypatch) == 0
    assert stands == {
        stat.key: stat.etag for stat in storage.list() if not stat.key.startswith("_probe/")
    }, "there is nothing left to do"


@pytest.mark.parametrize("shop", ["local"], indirect=True)
def test_what_is_young_stays_verbatim_and_a_late_change_reaches_an_old_month(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = shop.storage()
    assert retain(shop, monkeypatch) == 0
    save_shop(shop.saved, days_later(1))
    annotate(shop.saved, young=True)
    receipts = receipts_of(shop.saved)
    changed = next(
        r for r in receipts if r["created_at"] < "2026-10-31" and r["total_money"] != "many"
    )
    changed |= {"note": YOUNG, "updated_at": "2026-11-01T06:00:00.000Z"}
    (shop.saved / "receipts.json").write_text(json.dumps({"receipts": receipts}))
    assert shop.at(days_later(2)).run_nightly()
    assert totals(storage)["receipts"]
    assert everywhere(storage, [YOUNG])
    error = {row["receipt_number"]: row["updated_at"] for row in totals(storage)["receipts"]}
    assert error[changed["receipt_number"]].isoformat() == "2026-11-01T06:00:00+00:00", (
        "the late change counts in its old month"
    )
    assert retain(shop, monkeypatch) == 0
    held = [
        key.rpartition("/")[2][:7]
        for key in everywhere(storage, [YOUNG, NOTE])
        if key.startswith("raw/")
    ]
    assert held and set(held) == {"2026-11"}, (
        "what October's windows held is gone, what a window of November brought stays"
    )
    check(storage, quiet=True)


@pytest.mark.parametrize("shop", ["local"], indirect=True)
def test_killed_at_each_write_it_is_started_again(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, position, deaths = shop.storage(), 1, 0
    before = totals(storage)
    while True:
        try:
            assert (
                retain(
                    shop,
                    monkeypatch,
                    storage=FaultyStorage(
                        storage, position, after=False, commands=("PUT", "DELETE")
                    ),
                )
                == 0
            )
            break
        except Killed:
            deaths, position = deaths + 1, 3 if position > 12 else position + 1
            assert deaths < 80
            check(storage)
    assert deaths > 8
    assert everywhere(storage, [NOTE, CARD]) == []
    assert totals(storage) == before
    check(storage, quiet=True)


@pytest.mark.parametrize(
    ("line", "stripped"),
    [
        (b'{"note":"a","order":"b"}', b'{"note":null,"order":"b"}'),
        (
            b'{"note" : null,"x":{"line_note": "a\\"}b"}}',
            b'{"note" : null,"x":{"line_note": null}}',
        ),
        (
            b'{"payment_details": {"a":"}","b":"\\\\"},"total":1.10}',
            b'{"payment_details": null,"total":1.10}',
        ),
        (b'{"payment_details":{}, "footnote":"a"}', b'{"payment_details":null, "footnote":"a"}'),
        (b'{"order":"\\"note\\":\\"a\\""}', b'{"order":"\\"note\\":\\"a\\""}'),
        (b'{"note":"never ends', b'{"note":"never ends'),
        (
            b'{"payment_details":{"card":{"number":"42}"},"tries":[1,[2]]},"paid_at":"p"}',
            b'{"payment_details":null,"paid_at":"p"}',
        ),
        (b'{"payment_details" :[{"card":"42"}],"x":[1]}', b'{"payment_details" :null,"x":[1]}'),
        (b'{"note":{"text":"a"},"line_note":[]}', b'{"note":null,"line_note":null}'),
        (b'{"line_note":5512345678}', b'{"line_note":null}'),
        (b'{"line_note": 55 , "note":true}', b'{"line_note": null , "note":null}'),
        (b'{"payment_details":"4242"}', b'{"payment_details":null}'),
        (b'{"payment_details":{"a":"never', b'{"payment_details":{"a":"never'),
        (b'{"payment_details":{"note":"a"', b'{"payment_details":{"note":null'),
        (b'{"note":', b'{"note":'),
        (b'{"note":}', b'{"note":}'),
    ],
)
def test_a_record_is_verbatim_but_for_what_is_taken(line: bytes, stripped: bytes) -> None:
    assert remove_personal_data(line) == stripped
    assert remove_personal_data(stripped) == stripped


DETAILS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(note=DETAILS, line_note=DETAILS, details=DETAILS, other=DETAILS, is_plain=st.booleans())
def test_details_of_any_form_are_taken_and_nothing_else(
    note: object, line_note: object, details: object, other: object, is_plain: bool
) -> None:
    record = {
        "note": note,
        "other": other,
        "line_items": [{"line_note": line_note, "price": 1}],
        "payments": [{"payment_details": details, "name": "Card"}],
    }
    line = json.dumps(record, ensure_ascii=is_plain).encode("utf-8", "surrogatepass")
    assume(b'"other": ' in line and not {*TEXTS, *OBJECTS} & names_in(other))
    stripped = json.loads(remove_personal_data(line).decode("utf-8", "surrogatepass"))
    assert stripped == {
        "note": None,
        "other": other,
        "line_items": [{"line_note": None, "price": 1}],
        "payments": [{"payment_details": None, "name": "Card"}],
    }


def names_in(value: object) -> set[str]:
    """The names of all fields in a value."""
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set()


@pytest.mark.parametrize("shop", ["local"], indirect=True)
def test_a_record_that_is_not_json_is_named(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only a text search can find its notes, so some may stay."""
    assert retain(shop, monkeypatch) == 0
    assert "not JSON" not in capsys.readouterr().out
    lake = Lake(shop.storage(), publish_wait=0)
    bodies = b'{"note":"never ends\n{"note":"another\n{"note":null}\n'
    lake.commit_window("2026-09-05", {date(2026, 9, 5): bodies}, {"start": "x", "end": "y"})
    young = {date(2026, 11, 5): bodies}
    lake.commit_window("2026-11-05", young, {"start": "x", "end": "y"})
    assert retain(shop, monkeypatch, "--dry-run") == 0
    (line,) = (row for row in capsys.readouterr().out.splitlines() if "not JSON" in row)
    assert "2026-09-05." in line and ": 2 records are not JSON" in line
    with shop.process():
        assert [entry.records for entry in find_unreadable(lake, "2026-11")] == [2]


def test_nothing_that_the_transform_reads_is_taken() -> None:
    from pipeline.schema.receipt import RECEIPT, Field

    def names(fields: tuple[Field, ...]) -> set[str]:
        return {field.name for field in fields} | {
            name for field in fields for name in names(field.fields)
        }

    assert not names(RECEIPT) & {*TEXTS, *OBJECTS}


def test_months_are_counted_back_from_the_one_under_way() -> None:
    assert kept_since(LATER.date(), 3) == "2026-11"
    assert kept_since(LATER.date(), 13) == "2026-01"
    assert kept_since(LATER.date(), 14) == "2025-12"
    with pytest.raises(ConfigError, match="at least 3"):
        kept_since(LATER.date(), MIN_MONTHS - 1)
