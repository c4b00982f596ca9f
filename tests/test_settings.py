"""Every key of luigi.cfg has its effect or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import luigi
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline.tasks
from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.transform import day_bounds

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
