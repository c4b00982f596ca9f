"""One lake of a store on Loyverse and a store on Square: the union of two lakes of one source."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest
from luigi.scheduler import Scheduler

from pipeline import settings
from pipeline.cli import erase, status
from pipeline.cli import lake as lake_command
from pipeline.cli.status import current_status
from pipeline.errors import ConfigError, ExitCode, OtherLake
from pipeline.lakes import check_lake, raw_sources
from pipeline.lakes.connect import connect
from pipeline.load import open_storage
from pipeline.maintenance.erase import erase_customer, find_named
from pipeline.simulator.ids import millis, stamp
from pipeline.tasks import MonthlySales, MonthlySummary, RawCatalog, RawReceipts
from pipeline.tasks.maintenance import find_damage, month_range
from pipeline.tasks.raw import windows_of_all
from pipeline.transform.several import IDENTIFIERS
from tests.dag.in_process import content, save_shop
from tests.pos.group import FIRST, LAST, NOW, Group, group

__all__ = ["group"]
pytestmark = [pytest.mark.real_server, pytest.mark.slow]

SOURCES = ("loyverse", "square")
TABLES = ("receipts", "sales", "payments", "quarantine", "items", "customers", "staff", "days")


def qualified(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a lake of Square alone, as a lake of both has it."""
    named = {
        name: f"square:{value}" if name in IDENTIFIERS and value is not None else value
        for name, value in row.items()
    }
    if "record" in named:
        named["record"] = f"sources/square/{named['record']}"
    return named


def in_order(rows: Iterator[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)


def union_of(group: Group, name: str) -> list[str]:
    """The rows of the two lakes of one source each."""
    square = map(qualified, group.rows(name, "square"))
    return in_order([*group.rows(name, "loyverse"), *square])


def content_of(folder: Path) -> dict[str, str]:
    """All that a lake says, manifests and commit records by their names."""
    return {
        key: "" if "_manifests/" in key or "_commits/" in key else digest
        for key, digest in content(open_storage(str(folder))).items()
    }


def manifests(folder: Path, dataset: str) -> list[str]:
    return sorted(path.name for path in (folder / "_manifests" / dataset).rglob("*.json"))


def open_order(group: Group, **fields: Any) -> dict[str, Any]:
    """A paid order at the Square store, of the evening of 29 October."""
    moment = NOW - timedelta(hours=36)
    money = {"amount": 12300, "currency": "MXN"}
    line = {
        "uid": "1",
        "name": "Smash",
        "quantity": "1",
        "base_price_money": money,
        "variation_total_price_money": money,
        "total_money": money,
    }
    return {
        "id": "planted",
        "location_id": group.square.locations(millis(NOW))[0]["id"],
        "state": "COMPLETED",
        "version": 1,
        **dict.fromkeys(("created_at", "updated_at", "closed_at"), stamp(millis(moment))),
        "line_items": [line],
        "total_money": money,
        "tenders": [{"id": "t", "type": "CASH", "amount_money": money}],
        **fields,
    }


def test_the_lake_of_both_is_the_union_of_the_lakes_of_each(group: Group) -> None:
    group.square.plant(open_order(group, state="OPEN", id="waits"), NOW - timedelta(hours=36))
    for source, name in (("loyverse, square", "both"), *zip(SOURCES, SOURCES, strict=True)):
        assert group.run(MonthlySummary, source, name)
    assert len(group.rows("receipts", "loyverse")) > 5 < len(group.rows("receipts", "square"))
    assert [row["reason"] for row in group.rows("quarantine")] == ["paid_not_closed"]
    for name in TABLES:
        assert in_order(group.rows(name)) == union_of(group, name), name
    names = {row["store_id"]: row["name"] for row in group.rows("stores")}
    (loyverse,), (square,) = (group.rows("stores", name) for name in SOURCES)
    assert loyverse["name"] == square["name"], "the simulator names both alike"
    assert names == {
        loyverse["store_id"]: f"{loyverse['name']} (Loyverse)",
        f"square:{square['store_id']}": f"{square['name']} (Square)",
    }
    lake_of_both = group.folder / "both"
    before = content_of(lake_of_both)

    assert group.run(MonthlySummary, "loyverse, square")
    assert content_of(lake_of_both) == before, "a second run changes nothing"

    assert group.run(MonthlySummary, "square, loyverse", "turned")
    assert content_of(group.folder / "turned") == before, "nor does the order"

    with group.process():
        assert [str(finding) for finding in find_damage(month_range(None, None), deep=False)] == []
    (broken, *_) = (lake_of_both / "sources" / "square" / "raw" / "receipts").rglob("*.zst")
    broken.write_bytes(b"")
    with group.process():
        wrong = [str(finding) for finding in find_damage(month_range(None, None), deep=False)]
    assert any("sources/square/raw/receipts" in text and "altered" in text for text in wrong)


def test_equal_numbers_stores_and_customers_of_two_sources_stay_two(
    group: Group, capsys: pytest.CaptureFixture[str]
) -> None:
    assert group.run(MonthlySales, "loyverse", "loyverse")
    sold = next(r for r in group.rows("receipts", "loyverse") if r["receipt_type"] == "SALE")
    twin = {"id": sold["receipt_number"], "customer_id": "c-1", "location_id": sold["store_id"]}
    group.loyverse.change(sold["receipt_number"], NOW - timedelta(hours=30), customer_id="c-1")
    place = {**group.square.locations(millis(NOW))[0], "id": sold["store_id"]}
    group.places.append(place)
    group.square.plant(open_order(group, **twin), NOW - timedelta(hours=36))
    assert group.run(MonthlySummary)
    number = sold["receipt_number"]
    twins = {
        row["receipt_number"]: (row["store_id"], row["customer_id"], str(row["total"]))
        for row in group.rows("receipts")
        if row["receipt_number"].endswith(number)
    }
    assert twins == {
        number: (sold["store_id"], "c-1", str(sold["total"])),
        f"square:{number}": (f"square:{sold['store_id']}", "square:c-1", "123.00"),
    }
    customers = [row["customer_id"] for row in group.rows("customers")]
    assert customers.count("c-1") == customers.count("square:c-1") == 1

    with group.process():
        with pytest.raises(ConfigError, match="set CUSTOMER_HASH_KEY"):  # listed all the same
            erase.run(Namespace(customer="c-1", dry_run=True))
        shown = capsys.readouterr().out
        assert "2 receipts in 2 windows" in shown and "/sources/square/raw/receipts" in shown
        for raw in raw_sources():
            assert erase_customer(raw.lake, raw.reader, "c-1", token_bytes(16))
            assert not list(find_named(raw.lake, raw.reader, "c-1"))


def test_a_window_is_not_batched_with_those_of_another_source() -> None:
    """Luigi would call it done with them, as the tasks of the first source bear no parameter."""
    scheduler = Scheduler(resources={"pos_api": 1})
    scheduler.add_task_batcher(
        worker="worker", task_family="RawReceipts", batched_args=["date"], max_batch_size=10
    )
    for day, source in product((FIRST, FIRST + timedelta(days=1)), ("", "square")):
        task = RawReceipts(date=day, source=source)
        scheduler.add_task(
            worker="worker",
            task_id=task.task_id,
            family=task.task_family,
            params=task.to_str_params(only_significant=True),
            resources=task.process_resources(),
            priority=0 if source else 1,
            batchable=True,
        )
    work = scheduler.get_work(worker="worker")["batch_task_ids"]
    assert len(work) == 2 and not any("square" in name for name in work)


def test_an_edit_in_a_source_touches_only_its_days(group: Group) -> None:
    assert group.run(MonthlySales)
    staging = group.folder / "both" / "_manifests" / "staging"

    def made() -> dict[str, int]:
        return {day.name: len(list(day.iterdir())) for day in staging.iterdir()}

    before = made()
    assert set(before) == {str(FIRST + timedelta(days=n)) for n in range(3)}
    raw = manifests(group.folder / "both", "raw/receipts")
    edited = NOW + timedelta(hours=1)
    sale = open_order(group, updated_at=stamp(millis(edited)))
    group.square.plant(sale, edited)
    group.clock["now"] = NOW + timedelta(days=1)
    assert group.run(MonthlySales)
    assert made() == {**before, "2026-10-29": 2, "2026-10-31": 1}
    after = manifests(group.folder / "both", "raw/receipts")
    assert len(after) == len(raw) + 1, "the one new window of Loyverse"
    numbers = [row["receipt_number"] for row in group.rows("receipts")]
    assert numbers.count("square:planted") == 1


def test_a_source_that_is_down_does_not_stop_the_other(
    group: Group, capsys: pytest.CaptureFixture[str]
) -> None:
    group.addresses["square"], address = "http://127.0.0.1:9", group.addresses["square"]
    assert not group.run(MonthlySales)
    with group.process():
        done = {task.source: task.complete() for task in windows_of_all(LAST, LAST)}
        assert done == {"": True, "square": False}
        assert status.run(Namespace()) == ExitCode.STALE
        by_source = current_status().sources
        assert {name: each["last_window"] for name, each in by_source.items()} == {
            "loyverse": str(LAST),
            "square": None,
        }
        shown = capsys.readouterr().out
        assert "square         nothing has been extracted yet   STALE" in shown
    assert not (group.folder / "both" / "receipts").exists(), "no day is counted by half"
    group.addresses["square"] = address
    assert group.run(MonthlySales)
    with group.process():
        assert status.run(Namespace()) == ExitCode.DONE
        by_source = current_status().sources
        assert {each["last_window"] for each in by_source.values()} == {str(LAST)}


def test_a_source_is_added_and_removed_on_purpose_only(group: Group) -> None:
    assert group.run(MonthlySales, "square", "shop")
    before = content_of(group.folder / "shop")
    assert not group.run(MonthlySales, "loyverse, square", "shop")
    assert content_of(group.folder / "shop") == before
    words = r"names loyverse too.*pos lake --accept-source"
    with group.process("loyverse, square", "shop"), pytest.raises(OtherLake, match=words):
        check_lake()
    with group.process("loyverse, square", "shop"):
        accepted = Namespace(accept_source=True, accept_key=False, forget=False)
        assert lake_command.run(accepted) == 0
    assert group.run(MonthlySales, "loyverse, square", "shop")
    numbers = {row["receipt_number"] for row in group.rows("receipts", "shop")}
    assert any(number.startswith("loyverse:1-") for number in numbers)
    assert any(":" not in number for number in numbers), "Square was first, and keeps its names"
    for alone in SOURCES:
        with group.process(alone, "shop"), pytest.raises(OtherLake, match="does not name"):
            check_lake()
        with group.process(alone, "shop"), pytest.raises(OtherLake, match="does not name"):
            current_status()


def test_saved_files_of_one_source_stand_beside_the_api_of_another(group: Group) -> None:
    receipts = save_shop(group.folder / "saved", NOW)
    group.pos = {"saved_from": "loyverse", "folder": str(group.folder / "saved")}
    assert group.run(MonthlySales, "square, files")
    numbers = {row["receipt_number"] for row in group.rows("receipts")}
    saved = {number for number in numbers if not number.startswith("square:")}
    assert saved and saved <= {receipt["receipt_number"] for receipt in receipts}
    assert numbers - saved


def test_contradictory_settings_are_refused(group: Group) -> None:
    for options, words in (
        ({"source": "loyverse, loyverse"}, "names loyverse twice"),
        ({"source": "loyverse, files", "folder": "saved"}, "names loyverse twice"),
        ({"url": "https://api.example.com"}, "write one for each source"),
        ({"url": '{"loyverse": "https://a"}'}, "one text for each of loyverse, square"),
        ({"url": '{"loyverse": "simulator", "square": "https://a"}'}, "never share a lake"),
        ({"url": "{loyverse"}, "is not JSON"),
    ):
        group.pos = options
        with group.process(), pytest.raises(ConfigError, match=words):
            settings.check()


def test_a_store_in_another_currency_or_time_zone_is_refused(group: Group) -> None:
    group.shop = {"timezone": "America/New_York"}
    with (
        group.process(),
        pytest.raises(ConfigError, match=r"America/Mexico_City.*square:") as error,
    ):
        RawCatalog(date=LAST, source="square").fetch()
    assert "[shop] stores" in str(error.value)
    group.shop = {"currency": "USD"}
    with group.process(), pytest.raises(ConfigError, match="loyverse says MXN"):
        RawCatalog(date=LAST).fetch()


def test_one_source_refuses_another_time_zone_and_quarantines_another_currency(
    group: Group,
) -> None:
    group.shop = {"timezone": "America/New_York"}
    with group.process("square", "square"), pytest.raises(ConfigError) as error:
        RawCatalog(date=LAST).fetch()
    with group.process("square", "square"):
        rows = [json.loads(row) for row in connect("square").catalog()["stores"]]
    stores = {row["id"]: {"timezone": "America/Mexico_City"} for row in rows}
    for words in ("[shop] timezone = America/New_York", "America/Mexico_City", json.dumps(stores)):
        assert words in str(error.value)
    assert not group.run(MonthlySales, "square", "square"), "no day is built in the wrong zone"
    with group.process("square", "square"):
        assert LAST.isoformat() in raw_sources()[0].lake.windows(), "receipts are extracted"
    group.shop |= {"stores": json.dumps(stores)}
    assert group.run(MonthlySales, "square", "square"), "the setting that the message names"
    group.shop = {"currency": "USD"}
    assert group.run(MonthlySales, "square", "dollars")
    assert {row["reason"] for row in group.rows("quarantine", "dollars")} == {"other_currency"}
