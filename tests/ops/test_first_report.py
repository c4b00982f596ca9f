"""The guide to the first report, followed with its own settings while its first month is under way;
and the README's example receipt.
"""

from __future__ import annotations

import json
import re
from configparser import ConfigParser
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from pipeline import settings
from pipeline.simulator import Query, Shop
from tests.support.runner import Runner


def millis(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)


def test_the_steps_of_the_guide_work_in_the_first_month(luigi: Runner, root: Path) -> None:
    guide = (root / "docs/first-report.md").read_text(encoding="utf-8")
    own = ConfigParser()
    own.read_string(re.findall(r"```ini\n(.*?)```", guide, re.DOTALL)[0])
    own["pos"]["url"] = "simulator"
    first = date.fromisoformat(own["pos"]["history_starts"])
    own["pos"]["now"] = f"{first + timedelta(days=4)}T18:00:00Z"
    for section in own.sections():
        luigi.configure(section, **own[section])
    commands = re.findall(r"(?m)^pos (.*)$", guide)
    assert {command.split()[0] for command in commands} >= {"run", "open", "unmapped"}
    month = f"{first:%Y-%m}"
    steps = [command for command in commands if not command.startswith(("lake", "init"))]
    luigi.is_drawn = True
    for command in [*steps, f"open --month {month}", "unmapped", "open --cumulative"]:
        code, text = luigi.pos(*command.split())
        assert code == 0 and "Traceback" not in text, f"pos {command}: {code}\n{text}"
        if command.startswith("open"):
            assert Path(text.strip()).is_file(), text
            assert f"/{month}/" in text


@pytest.mark.parametrize(
    ("history", "today", "month"),
    [
        ("2026-11-01", "2026-11-20", "2026-11"),
        ("2026-11-15", "2026-11-20", "2026-11"),
        ("2026-10-15", "2026-11-20", "2026-10"),
        ("2023-11-01", "2026-11-20", "2026-10"),
        ("2026-11-01", "2026-12-01", "2026-11"),
    ],
)
def test_the_month_by_default_is_one_that_the_lake_has(
    monkeypatch: pytest.MonkeyPatch, history: str, today: str, month: str
) -> None:
    class Pos:
        history_starts = date.fromisoformat(history)

    closed = date.fromisoformat(today) - timedelta(days=1)
    monkeypatch.setattr("pipeline.settings.clock.pos", Pos)
    monkeypatch.setattr("pipeline.settings.clock.last_day", lambda: closed)
    assert f"{settings.default_month():%Y-%m}" == month


def test_the_receipt_that_the_readme_explains_is_sold_in_the_month_that_it_names(
    root: Path,
) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    (number,) = set(re.findall(r"pos explain (\d+-\d+)", readme))
    (month,) = set(re.findall(r"MonthlyReport --month (\S+)", readme))
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    query = Query(created_min=millis(first), created_max=millis(after))
    texts = (entry.read() for entry in Shop().receipts(millis(after), query))
    records = (json.loads(text) for text in texts if number.encode() in text)
    receipt = next(record for record in records if record["receipt_number"] == number)
    assert receipt["receipt_type"] == "SALE" and not receipt["cancelled_at"]
    assert any("Combo" in line["item_name"] for line in receipt["line_items"])
