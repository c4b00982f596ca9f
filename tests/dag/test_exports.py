"""The POS's own exports in maintenance: an erasure names those that name the buyer; Rebuild and
Verify handle what is built from them.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.load import BACKOFFICE, INVALIDATED, Lake
from pipeline.tasks import Rebuild
from pipeline.tasks.back_office import BackOffice
from tests.dag.in_process import InProcessRun, local
from tests.dag.test_erase import Erasing, everywhere
from tests.dag.test_verify import dates, in_process, receipts_of
from tests.load.invariants import check
from tests.test_settings import configured

NAME = "Persona Privada"


def export(receipts: list[dict], day: str = "2026-10-30", **named: str) -> bytes:
    """A Receipts export of these receipts, on one day; `named`: the customer by receipt number."""
    rows = ["Date,Receipt number,Receipt type,Gross sales,Discounts,Net sales,Customer name"]
    rows += [
        f"{day},{one['receipt_number']},Sale,1.00,0.00,1.00,{named.get(one['receipt_number'], '')}"
        for one in receipts
    ]
    return "\r\n".join(rows).encode()


@pytest.fixture
def erasing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Erasing:
    return Erasing(InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch), monkeypatch)


def test_an_erasure_names_the_exports_that_say_who_bought_and_waits(
    erasing: Erasing, capsys: pytest.CaptureFixture[str]
) -> None:
    storage, receipts = erasing.shop.storage(), receipts_of(erasing.shop.saved)
    mine = next(one for one in receipts if one["customer_id"] == erasing.customer)
    other = next(one for one in receipts if one["customer_id"] == erasing.other)
    folder = erasing.shop.folder / "lake" / "backoffice"
    folder.mkdir()
    (folder / "octubre.csv").write_bytes(export(receipts, **{mine["receipt_number"]: NAME}))
    (folder / "other.csv").write_bytes(
        export(receipts, **{other["receipt_number"]: "Somebody Else"}).decode().encode("utf-16")
    )
    (folder / "sheet.xlsx").write_bytes(b"PK\x03\x04\x80")
    (folder / "excel.csv").write_text(
        f"\ufeffsep=;\r\nFecha;Numero de recibo;Comentario\r\n1/1/26;{mine['receipt_number']};{NAME}",
        encoding="utf-8",
    )
    held = everywhere(storage, erasing.words)
    for options in (["--dry-run"], []):
        assert erasing.erase(*options) == (0 if options else 1)
        said = capsys.readouterr().out
        assert (
            "octubre.csv: 1 rows of the customer's receipts name the buyer" in said
            and "sheet.xlsx: not readable as CSV" in said
        )
        assert "excel.csv: 1 rows of the customer's receipts name the buyer" in said
        assert "other.csv" not in said
        assert everywhere(storage, erasing.words) == held, "nothing was erased"
    (folder / "octubre.csv").write_bytes(export(receipts))
    (folder / "sheet.xlsx").unlink()
    (folder / "excel.csv").unlink()
    assert erasing.erase() == 0
    assert everywhere(storage, [*erasing.words, NAME]) == []


@pytest.mark.parametrize(
    ("shop", "own", "first"),
    [
        ({"day_starts_at": "00:00"}, {}, 10),
        ({"day_starts_at": "05:00"}, {}, 11),
        ({"day_starts_at": "00:00"}, {"day_starts_at": "05:00"}, 11),
        ({"day_starts_at": "05:00"}, {"day_starts_at": "00:00"}, 11),
        ({"day_starts_at": "00:00"}, {"timezone": "America/Tijuana"}, 10),
        ({"day_starts_at": "00:00"}, {"timezone": "America/New_York"}, 10),
    ],
)
def test_the_first_compared_day_is_one_that_the_lake_has_of_every_store(
    shop: dict[str, str], own: dict[str, str], first: int
) -> None:
    """The windows begin with the business day that begins first; receipts before are not read."""
    pos = {"history_starts": "2026-10-10", "now": "2026-11-10T12:00:00+00:00"}
    zone = {"timezone": "America/Mexico_City"}
    with configured(pos=pos, shop={**zone, **shop, "stores": json.dumps({"s1": own})}):
        days = BackOffice(month=date(2026, 10, 1)).days()
        assert days == (date(2026, 10, first), date(2026, 10, 31))
        assert BackOffice(month=date(2026, 11, 1)).days()[0] == date(2026, 11, 1)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcessRun:
    """A lake of one run, beside two exports: of its own days, and of days before its history."""
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    folder = tmp_path / "lake" / "backoffice"
    folder.mkdir(parents=True)
    receipts = receipts_of(shop.saved)
    (folder / "own.csv").write_bytes(export(receipts[:3]))
    (folder / "older.csv").write_bytes(export(receipts[:3], "2026-09-15"))
    return shop


def test_an_export_of_days_that_the_lake_has_not_is_named(
    shop: InProcessRun, caplog: pytest.LogCaptureFixture
) -> None:
    from pipeline.maintenance import EVERYTHING
    from pipeline.tasks import maintenance

    assert shop.run_nightly()
    assert (
        "older.csv is compared with no month: its days, 2026-09-15 to 2026-09-15, are before"
        in caplog.text
    )
    assert "own.csv is compared with no month" not in caplog.text
    with shop.process():
        notes = [str(one) for one in maintenance.find_damage(EVERYTHING, deep=False)]
    assert [
        note
        for note in notes
        if "older.csv: is compared with no month" in note and note.startswith("note")
    ] == notes
    check(shop.storage(), quiet=True)


def test_rebuild_and_verify_deep_know_what_is_built_from_exports(
    shop: InProcessRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shop.run_nightly()
    lake = Lake(shop.storage())
    newest = lake.newest(BACKOFFICE, "2026-10")
    in_process(shop, monkeypatch, "rebuild", lambda command: Rebuild(**dates(command)))
    with shop.process():
        assert main(["rebuild", "--from", "2026-10", "--to", "2026-10"]) == 0
    assert "backoffice 2026-10    as before" in capsys.readouterr().out
    lake.refresh()
    assert [one.fingerprint == INVALIDATED for one in lake.manifests_of(BACKOFFICE, "2026-10")] == [
        False,
        True,
        False,
    ]
    files = lake.read(BACKOFFICE, "2026-10")
    lake.publish(
        BACKOFFICE,
        "2026-10",
        newest.fingerprint,
        {**files, "export_totals": files["export_files"]},
        lake.metadata(BACKOFFICE, "2026-10"),
        expected_manifest=lake.newest(BACKOFFICE, "2026-10"),
    )
    assert [one.dataset for one in shop.verify(deep=True)] == [BACKOFFICE]
