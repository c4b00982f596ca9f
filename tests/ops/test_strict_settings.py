"""A setting has one form: what reads differently when it is written back is refused, with the key
and the accepted form, before any work begins.
"""

from __future__ import annotations

from collections.abc import Iterator

import luigi as luigi_module
import pytest
from babel import Locale
from babel.numbers import get_currency_precision, list_currencies
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.schema.iso4217 import DECIMALS
from pipeline.settings import (
    DayParameter,
    MonthParameter,
    Number,
    check_mail,
    sections,
    strict,
    transform,
)
from pipeline.settings.run_context import new_run
from tests.support.inputs import tries
from tests.support.runner import Runner

HALF_UNDERSTOOD = [
    "05.30",
    "05:30+02:00",
    "5:30",
    "24:00",
    "T05:30",
    "05:30:00",
    "2026-1",
    "2026-13",
    "202610",
    "2026-W40",
    "20261031",
    "2026-10-32",
    "2026-1-5",
    "1_0",
    "+5",
    "-5",
    "0x5",
    "1e3",
    "nan",
]
NEAR = st.text("0123456789:.+-TZ_/ e\u0663", max_size=12) | st.sampled_from(HALF_UNDERSTOOD)


def months_before(parse, write, text: str) -> str | None:
    """`text` read and written again; None where it is refused."""
    try:
        return write(parse(text))
    except ValueError:
        return None


@examples(max_examples=tries(150, 400))
@given(text=NEAR)
@pytest.mark.parametrize(
    ("parse", "write"),
    [
        (strict.parse_day, lambda day: f"{day:%Y-%m-%d}"),
        (strict.parse_month, lambda day: f"{day:%Y-%m}"),
        (strict.parse_time, lambda time: f"{time:%H:%M}"),
    ],
    ids=["day", "month", "time"],
)
def test_what_is_accepted_reads_back_as_it_was_written(parse, write, text):
    assert months_before(parse, write, text) in (None, text)


@given(number=st.integers(0, 10**9), day=st.dates(), time=st.times())
def test_the_accepted_forms_are_read(number, day, time):
    assert strict.parse_integer(str(number)) == number
    assert strict.parse_day(day.isoformat()) == day
    assert strict.parse_month(day.isoformat()[:7]) == day.replace(day=1)
    assert f"{strict.parse_time(f'{time:%H:%M}'):%H:%M}" == f"{time:%H:%M}"


@examples(max_examples=tries(100, 300))
@given(text=NEAR)
def test_numbers_are_digits(text):
    for parse in (strict.parse_integer, strict.parse_seconds):
        if months_before(parse, str, text) is not None:
            assert set(text) <= set("0123456789.") and text[0].isdigit()


LOCALES = st.from_regex(r"[a-zA-Z]{1,3}([_-][a-zA-Z0-9]{2,4})?(\.UTF-8|@euro)?", fullmatch=True)


@examples(max_examples=tries(150, 400))
@given(text=LOCALES | st.sampled_from(["en_US.UTF-8", "es_mx", "pt_BR", "en_MX", "en_Latn_US", ""]))
def test_a_locale_is_one_that_reports_can_be_written_in(text):
    try:
        accepted = strict.parse_locale(text)
    except ValueError:
        return
    assert str(Locale.parse(accepted)) == text and text.split("_")[0] in strict.LANGUAGES


@pytest.mark.parametrize("text", ["es", "en", "es_MX", "en_US", "en_GB", "es_CO", "es_419"])
def test_locales_of_spanish_and_english_are_accepted(text):
    assert strict.parse_locale(text) == text


@pytest.fixture
def config() -> Iterator[luigi_module.configuration.LuigiConfigParser]:
    """Luigi's configuration, put back afterwards."""
    parser = luigi_module.configuration.get_config()
    before = {name: dict(parser.items(name, raw=True)) for name in parser.sections()}
    yield parser
    for name in parser.sections():
        parser.remove_section(name)
    parser.read_dict(before)
    new_run()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pos.history_starts", "2026-1-1"),
        ("pos.close_delay_minutes", "-5"),
        ("pos.allowed_lateness_days", "1_0"),
        ("pos.limited_history", "yes"),
        ("pos.request_seconds", "nan"),
        ("pos.max_retry_wait_seconds", "1e3"),
        ("lake.memory", "1"),
        ("lake.memory", "lots"),
        ("report.locale", "en_US.UTF-8"),
        ("report.locale", "pt_BR"),
        ("mail.port", "70000"),
        ("webhook.alerts", "1"),
    ],
)
def test_a_value_in_another_form_is_refused_with_its_key(config, key, value):
    section, name = key.split(".")
    if not config.has_section(section):
        config.add_section(section)
    config.set(section, name, value)
    new_run()
    with pytest.raises(ConfigError) as refused:
        getattr(sections, section)()
    assert f"[{section}] {name} = {value}" in str(refused.value)
    assert f"write it as in: {name} = " in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("to", "owner@example.com en_US.UTF-8", "[mail] to: entry 1"),
        ("alerts_to", "a@example.com, b@example.com pt_BR", "[mail] alerts_to: entry 2"),
        ("security", "ssl", "[mail] security = 'ssl': use starttls or tls"),
    ],
)
def test_mail_settings_are_checked_before_any_work(config, name, value, sentence):
    if not config.has_section("mail"):
        config.add_section("mail")
    config.set("mail", name, value)
    new_run()
    with pytest.raises(ConfigError) as refused:
        check_mail()
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (MonthParameter, "2026-1"),
        (MonthParameter, "202610"),
        (DayParameter, "2026-1-5"),
        (DayParameter, "20261031"),
        (Number, "1_0"),
    ],
)
def test_a_parameter_in_another_form_is_refused(parameter, text):
    with pytest.raises(ConfigError, match=text):
        parameter().parse(text)


@pytest.mark.parametrize("value", ["05.30", "05:30+02:00", "5:30", "24:00", "05:30:15"])
def test_an_ambiguous_start_of_day_stops_before_any_work(luigi: Runner, value: str) -> None:
    luigi.configure("shop", day_starts_at=value)
    code, text = luigi.pos("status")
    assert code == 2 and f"[shop]: day_starts_at = '{value}' is not a time such as 05:00" in text


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("engine", "workers", "two"), ("engine", "name", "locl"), ("spark", "wait_seconds", "soon")],
)
def test_what_builds_is_checked_before_any_work(
    luigi: Runner, section: str, key: str, value: str
) -> None:
    luigi.configure(section, **{key: value})
    log = luigi("Nightly", code=35)
    assert f"[{section}] {key} = " in log and value in log
    assert not (luigi.folder / "lake").exists()


def test_decimals_are_those_of_iso_4217():
    assert len(DECIMALS) == 165
    assert {code: DECIMALS[code] for code in ("RSD", "JPY", "KWD", "CLF", "HUF", "ISK")} == {
        "RSD": 2,
        "JPY": 0,
        "KWD": 3,
        "CLF": 4,
        "HUF": 2,
        "ISK": 0,
    }
    assert set(DECIMALS) <= {*list_currencies(), "XAD", "XCG", "ZWG"}
    shown = {code: get_currency_precision(code) for code in DECIMALS}
    assert {code for code in DECIMALS if shown[code] > DECIMALS[code]} == set()
    assert " ".join(sorted(code for code in DECIMALS if shown[code] < DECIMALS[code])) == (
        "AFN ALL IQD IRR KPW LAK LBP MGA MMK RSD SOS SYP YER"
    ), "CLDR shows these with fewer decimals than ISO 4217 counts; look at what has changed"


def test_a_setting_overrides_the_decimals(monkeypatch):
    def decimals(currency: str, setting: str) -> int:
        return transform._decimals_of("[shop]", currency, setting)

    assert [decimals("RSD", ""), decimals("RSD", "0"), decimals("XAU", "3")] == [2, 0, 3]
    for setting in ("2.0", "-1", "5", "two"):
        with pytest.raises(ConfigError, match=r"\[shop\]: currency_decimals"):
            decimals("RSD", setting)
    with pytest.raises(ConfigError, match="set currency_decimals"):
        decimals("XAU", "")
