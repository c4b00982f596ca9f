"""Every key of luigi.cfg has its effect or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import luigi
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline.tasks
from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.extract.rate_limit import LATENCY
from pipeline.lakes.connect import connect
from pipeline.pos.api import ApiClient
from pipeline.pos.square import reader
from pipeline.transform import day_bounds
from reports import read_plans

SECTIONS = sorted(
    section
    for section in luigi.task_register.Register.task_names()
    if section in {"pos", "shop", "lake", "report", "mail", "webhook", "engine", "spark"}
)


@contextmanager
def configured(**sections: dict[str, str]) -> Iterator[None]:
    """The settings with other values in some sections, none of them remembered."""
    config = luigi.configuration.get_config()
    before = {name: dict(config.items(name)) for name in sections if config.has_section(name)}
    for name, options in sections.items():
        for option, value in options.items():
            config.set(name, option, value)
    settings.new_run()
    try:
        yield
    finally:
        for name in sections:
            config.remove_section(name)
            for option, value in before.get(name, {}).items():
                config.set(name, option, value)
        settings.new_run()


def test_every_section_is_held_to_its_keys() -> None:
    assert len(SECTIONS) == 8


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("key", ["no_such_key", "urll"])
def test_an_unknown_key_of_any_section_is_refused(section: str, key: str) -> None:
    with (
        configured(**{section: {key: "1"}}),
        pytest.raises(ConfigError, match=rf"\[{section}\] {key} is not a setting"),
    ):
        settings.check_spelling()
    settings.check_spelling()


@pytest.mark.parametrize("section", ["engin", "sparc", "reports", "mails"])
def test_a_misspelt_section_is_refused(section: str) -> None:
    with (
        configured(**{section: {"name": "1"}}),
        pytest.raises(ConfigError, match=rf"\[{section}\] is no section of luigi.cfg; is "),
    ):
        settings.check_spelling()


@given(
    st.integers(0, 1400), st.integers(-3, 3), st.sampled_from(["America/Mexico_City", "Asia/Tokyo"])
)
def test_a_day_is_the_last_one_only_after_its_window_has_settled(
    minutes: int, around: int, zone: str
) -> None:
    with configured(shop={"timezone": zone}):
        end = day_bounds(date(2026, 10, 12), settings.default_store())[1]
    instant = end + timedelta(minutes=minutes + around)
    with configured(
        shop={"timezone": zone},
        pos={"close_delay_minutes": str(minutes), "now": instant.astimezone(UTC).isoformat()},
    ):
        assert settings.last_day() == date(2026, 10, 12 if around >= 0 else 11)


def test_the_settle_time_is_half_an_hour_by_default() -> None:
    with configured(pos={"now": datetime(2026, 10, 13, 11, 29, 59, tzinfo=UTC).isoformat()}):
        assert settings.last_day() == date(2026, 10, 11)
    with configured(pos={"now": datetime(2026, 10, 13, 11, 30, tzinfo=UTC).isoformat()}):
        assert settings.last_day() == date(2026, 10, 12)


@pytest.mark.parametrize("paper", ["us-letter", "a4"])
def test_a_paper_of_the_reports_is_accepted(paper: str) -> None:
    with configured(report={"paper": paper}):
        assert settings.paper() == paper


def test_another_paper_is_refused() -> None:
    with (
        configured(report={"paper": "a5"}),
        pytest.raises(ConfigError, match=r"\[report\] paper = 'a5': use us-letter or a4"),
    ):
        settings.paper()


def test_the_weekend_is_some_weekdays_in_any_case_and_order() -> None:
    with configured(report={"weekend": " Sun ,sat"}):
        assert settings.weekend() == (5, 6)


@pytest.mark.parametrize("weekend", ["", "sat;sun", "sat,sunday", "mon,tue,wed,thu,fri,sat,sun"])
def test_a_weekend_without_a_weekday_or_without_a_working_day_is_refused(weekend: str) -> None:
    with (
        configured(report={"weekend": weekend}),
        pytest.raises(ConfigError, match=r"\[report\] weekend = .*: list some of mon, tue"),
    ):
        settings.weekend()


@pytest.mark.parametrize("values", ['{"currency_decimals": 2}', '"USD"', '{"currency": null}'])
def test_a_setting_of_a_store_that_is_no_text_is_refused(values: str) -> None:
    with (
        configured(shop={"stores": f'{{"s1": {values}}}'}),
        pytest.raises(ConfigError, match=r"\[shop\] stores: s1: write text in quotes"),
    ):
        settings.stores()


def test_a_store_has_the_settings_of_the_shop_but_for_its_own() -> None:
    with configured(shop={"timezone": "Asia/Tokyo", "stores": '{"s1": {"currency": "JPY"}}'}):
        store = settings.stores()["s1"]
        assert (store.timezone, store.currency, store.decimals) == ("Asia/Tokyo", "JPY", 0)


def test_the_name_of_a_lake_tells_bucket_and_endpoint_apart() -> None:
    """Two lakes of one name on two servers have states of their own on this machine."""
    names, folders = [], []
    for endpoint in ("", "http://127.0.0.1:9000"):
        with configured(lake={"url": "s3://bucket/shop/", "endpoint": endpoint}):
            names.append(settings.lake_name())
            folders.append(settings.lake_state_folder().name)
    assert names == ["s3://bucket/shop", "s3://bucket/shop on http://127.0.0.1:9000"]
    assert folders[0].startswith("shop-")
    assert len(set(folders)) == 2


def test_the_token_is_the_one_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQUARE_TOKEN", "word")
    assert settings.token("square") == "word"
    with pytest.raises(ConfigError, match=r"no access token: set LOYVERSE_TOKEN"):
        settings.token("loyverse")


@pytest.mark.parametrize("is_counted", [True, False])
def test_open_orders_are_counted_only_on_request(is_counted: bool) -> None:
    expected = reader.counting_open_orders if is_counted else reader.translator
    with configured(pos={"source": "square", "count_open_orders": str(is_counted).lower()}):
        assert settings.rules().translator is expected


@pytest.mark.parametrize("is_in_environment", [True, False])
def test_a_value_that_cannot_be_read_is_named_with_its_place(
    monkeypatch: pytest.MonkeyPatch, is_in_environment: bool
) -> None:
    if is_in_environment:
        monkeypatch.setenv("POS_MAX_DAYS_LATE", "many")
    place = "the variable POS_MAX_DAYS_LATE" if is_in_environment else "luigi.cfg"
    with (
        configured(pos={"max_days_late": "many"}),
        pytest.raises(ConfigError, match=rf"\[pos\] max_days_late = many in {place} cannot be"),
    ):
        settings.pos()


def test_the_plans_are_those_of_the_owners_files(tmp_path: Path) -> None:
    goals = '[goals]\n"2026-10" = 1000\n'
    (tmp_path / "goals.toml").write_text(goals)
    files = {"goals": str(tmp_path / "goals.toml"), "calendar": "", "fees": str(tmp_path / "none")}
    with configured(report=files):
        dayparts = settings.menu().data.get("dayparts")
        assert settings.plans() == read_plans(goals=goals, dayparts=dayparts)
        assert settings.plans() != read_plans(dayparts=dayparts)


@pytest.mark.parametrize(
    ("file", "text", "key"),
    [
        ("goals", '[goals]\n"2026-10" = 1000\n', r"goals.toml: \[goals\]: .*MXN, USD"),
        ("fees", '["Card"]\npercent = 3\nfixed = 2\n', r'fees.toml: \["Card"\] fixed: .*MXN, USD'),
        ("labour", "2026-10-01,,8,100\n", "labour.csv: line 2: .*MXN, USD"),
    ],
)
def test_an_amount_of_no_currency_is_refused_where_stores_have_several(
    tmp_path: Path, file: str, text: str, key: str
) -> None:
    (tmp_path / "plan.toml").write_text(text)
    report = {"goals": "", "calendar": "", "fees": ""}
    labour = f"date,store,hours,wages\n{text}" if file == "labour" else ""
    report |= {} if labour else {file: str(tmp_path / "plan.toml")}
    with configured(report=report):
        assert settings.plans(labour), "one currency"
    stores = {"stores": '{"s1": {"currency": "USD"}}'}
    with configured(report=report, shop=stores), pytest.raises(ConfigError, match=key):
        settings.plans(labour)


def test_plans_of_stores_and_percentages_serve_several_currencies(tmp_path: Path) -> None:
    (tmp_path / "goals.toml").write_text('[goals]\n[stores.Centro]\n"2026-10" = 1000\n')
    (tmp_path / "fees.toml").write_text('["Card"]\npercent = 3\nfixed = 0\n')
    report = {name: str(tmp_path / f"{name}.toml") for name in ("goals", "fees")}
    rows = "date,store,hours,wages\n2026-10-01,Centro,8,100\n"
    with configured(report=report, shop={"stores": '{"s1": {"currency": "USD"}}'}):
        plans = settings.plans(rows)
        assert plans.goals.keys() == {"Centro"}
        assert plans.fees[0].rate and plans.labour[0].store == "Centro"


@pytest.mark.parametrize(
    ("options", "rates"),
    [
        ({}, [(300, 300), (600, 300)]),
        ({"rate_seconds": "60"}, [(300, 300), (600, 300)]),
        ({"rate_requests": "100"}, [(100, 300)] * 2),
        ({"rate_requests": "100", "rate_seconds": "60"}, [(100, 60)] * 2),
        ({"rate_requests": "0"}, [None] * 2),
    ],
)
def test_each_point_of_sale_has_a_rate_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: dict[str, str], rates: list
) -> None:
    used = []
    for name in ("loyverse", "square"):
        monkeypatch.setenv(f"{name.upper()}_TOKEN", "token")
        pos = {"source": name, "url": "https://pos.example.com", "state_folder": str(tmp_path)}
        with configured(pos=pos | options):
            pace = cast(ApiClient, connect())._http._rate_limiter
        used.append(pace and (pace.requests, pace.seconds - LATENCY))
    assert used == rates
