"""The owner puts the POS's own export into the lake: that month's report is rebuilt and says
whether it reconciles.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime

from tests.dag.test_daily_runs import ran
from tests.summarize.export_csv import PRIVATE, Shop, day_of, newest, receipts_csv
from tests.support.fake_pos import FakePos, served
from tests.support.workbook import sheets


def test_an_export_rebuilds_its_months_report_and_no_other(quiet_pos: FakePos) -> None:
    fake_pos = quiet_pos.set_clock(datetime(2026, 11, 3, 12, tzinfo=UTC))
    fake_pos.run_nightly()
    reports = fake_pos.luigi.folder / "lake/reports/monthly"
    assert "exports" not in fake_pos.figures()["currencies"]["MXN"]["bridge"]
    november = sorted((reports / "2026-11/versions").iterdir())
    shops = defaultdict(lambda: Shop("America/Mexico_City", 2))
    raw = newest(
        json.dumps(entry).encode()
        for entry in served(
            fake_pos.server, datetime(2026, 9, 1, tzinfo=UTC), fake_pos.server.now()
        )
    )
    october = [
        entry
        for entry in raw
        if date(2026, 10, 29) <= day_of(entry, shops[entry["store_id"]]) <= date(2026, 10, 31)
    ]
    folder = fake_pos.luigi.folder / "lake/backoffice"
    folder.mkdir(exist_ok=True)
    (folder / "Recibos de octubre.csv").write_bytes(receipts_csv(october, shops))
    (folder / "receipts-2026-10-01-2026-10-31.xlsx").write_bytes(b"PK\x03\x04\x80")
    log = fake_pos.run_nightly()
    assert "receipts-2026-10-01-2026-10-31.xlsx cannot be compared with 2026-10" in log
    good, bad = fake_pos.figures()["currencies"]["MXN"]["bridge"]["exports"]
    assert (good["compared"], good["differing"], good["difference"], good["problem"]) == (
        len(october),
        0,
        "0.00",
        None,
    )
    assert "UTF-8" in bad["problem"] and bad["compared"] == 0
    shown = (reports / "2026-10/report.md").read_text(encoding="utf-8")
    assert bad["problem"].endswith("use the file as it was downloaded")
    assert bad["problem"] in shown.replace("\\", ""), "a reason is shown whole, with its remedy"
    assert (
        f"difference **$0.00** on {len(october)} receipts of “Recibos de octubre.csv”".replace(
            "$", "\\$"
        )
        in shown
    )
    assert len(november) == 1 and november == sorted((reports / "2026-11/versions").iterdir())
    assert len(list((reports / "2026-10/versions").iterdir())) == 2
    (folder / "Recibos de octubre.csv").write_bytes(receipts_csv(october[1:], shops))
    fake_pos.luigi.is_drawn = True
    fake_pos.run_nightly()
    good = fake_pos.figures()["currencies"]["MXN"]["bridge"]["exports"][0]
    assert (
        good["differing"] == 1
        and fake_pos.figures()["currencies"]["MXN"]["attention"]["light"] == "red"
    )
    shown = (reports / "2026-10/report.md").read_text(encoding="utf-8")
    assert "Not in the export, 1 receipt: export the days again" in shown
    code, output = fake_pos.luigi.pos("exports", "--month", "2026-10")
    assert code == 0 and "1 differ, net by" in output
    assert f"{october[0]['receipt_number']}  gross_sales: export -, lake" in output
    assert "  receipt_not_in_export: only the lake has it" in output
    assert "receipts-2026-10-01-2026-10-31.xlsx: cannot be compared" in output
    workbook = sheets((reports / "2026-10/tables.xlsx").read_bytes())
    assert october[0]["receipt_number"] in [row[0] for row in workbook["export-differences"]]
    written = [
        path
        for path in (fake_pos.luigi.folder / "lake").rglob("*")
        if path.is_file() and path.parent != folder
    ]
    assert not [path for path in written if PRIVATE.encode() in path.read_bytes()]
    assert ran(fake_pos.run_nightly()) == []
