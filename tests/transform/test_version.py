"""What rebuilds the lake: another version of a dataset, and each setting of the transform; nothing
else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time

import pytest
from kitchen import DAY, STORE, catalog, line, raw, receipt

from pipeline import settings, targets
from pipeline.load import Lake, open_storage
from pipeline.load.parquet import from_bytes, to_bytes
from pipeline.schema import MONTH_TABLES, version_of
from pipeline.tasks import DailySales, MonthlySales
from pipeline.transform import Rules, build_day, read_menu

RULES = Rules({}, STORE, read_menu("", "menu.toml"), 2)


@pytest.fixture
def day(tmp_path, monkeypatch) -> Iterator[DailySales]:
    """A business day of one receipt, in a lake of its own."""
    lake = Lake(open_storage(str(tmp_path)), run="test")
    monkeypatch.setattr(targets, "lake", lambda: lake)
    monkeypatch.setattr(targets, "check_lake", lambda: None)  # no shop fills this lake
    rule(monkeypatch, RULES)
    monkeypatch.setattr(DailySales, "requires", lambda self: [])
    monkeypatch.setattr(DailySales, "inputs", lambda self: [("raw", "1")])
    monkeypatch.setattr(
        DailySales,
        "make",
        lambda self: (
            {
                d.name: to_bytes(
                    getattr(
                        build_day(
                            DAY, raw(receipt(line("Smash", 10))), catalog(), settings.rules()
                        ),
                        d.name,
                    ),
                    d.order,
                )
                for d in MONTH_TABLES
            },
            {},
        ),
    )
    settings.new_run()
    yield DailySales(date=DAY)
    settings.new_run()


def rule(monkeypatch, rules: Rules) -> None:
    """Let these be the rules that the settings say."""
    for where in ("pipeline.settings.rules", "pipeline.settings.transform.rules"):
        monkeypatch.setattr(where, lambda: rules)


def remake(day: DailySales) -> bool:
    """Whether the day is made again, as Luigi decides it: what is complete is left alone."""
    settings.new_run()
    if day.complete():
        return False
    assert list(day.run()) == []
    settings.new_run()
    assert day.complete()
    return True


@pytest.mark.parametrize("dataset", MONTH_TABLES, ids=lambda dataset: dataset.name)
def test_a_raised_version_rebuilds_the_day(day, monkeypatch, dataset):
    assert remake(day) and not remake(day)
    raised = tuple(replace(d, version=d.version + 1) if d is dataset else d for d in MONTH_TABLES)
    assert (
        DailySales.version == MonthlySales.version == version_of(MONTH_TABLES) != version_of(raised)
    )
    monkeypatch.setattr(DailySales, "version", version_of(raised))
    assert remake(day) and not remake(day)


@pytest.mark.parametrize(
    "change",
    [
        {"default": replace(STORE, timezone="Asia/Tokyo")},
        {"default": replace(STORE, day_starts_at=time(4))},
        {"default": replace(STORE, currency="USD")},
        {"stores": {"s1": replace(STORE, day_starts_at=time(0))}},
        {"menu": read_menu("[items]\nTaco = ['Tako']", "menu.toml")},
        {"decimals": 3},
        {"customer_key": b"key"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_setting_that_shapes_the_rows_rebuilds_the_day(day, monkeypatch, change):
    assert remake(day)
    rule(monkeypatch, replace(RULES, **change))
    assert remake(day) and not remake(day)


def test_other_time_zone_data_rebuilds_the_day(day, monkeypatch):
    assert remake(day)
    monkeypatch.setattr("pipeline.settings.transform.tz_version", lambda: "1999.1")
    assert remake(day) and not remake(day)


def test_words_of_the_menu_that_mean_the_same_rebuild_nothing(day, monkeypatch):
    assert remake(day)
    rule(monkeypatch, replace(RULES, menu=read_menu("# a comment\n", "another name")))
    assert not remake(day)


def test_what_is_read_back_is_what_was_built(day):
    """Each dataset through a write and a read: the schema's types, nullability, sentences and rows."""
    assert remake(day)
    result = build_day(DAY, raw(receipt(line("Smash", 10))), catalog(), RULES)
    for dataset in MONTH_TABLES:
        table = getattr(result, dataset.name)
        assert from_bytes(to_bytes(table, dataset.order)).to_pylist() == table.to_pylist()
    assert date.fromisoformat(day.name) == DAY
