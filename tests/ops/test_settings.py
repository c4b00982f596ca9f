"""Settings: every key has one variable that works everywhere, and nothing runs with another
configuration than the one that was meant.
"""

from __future__ import annotations

import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import luigi
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline import settings
from pipeline.errors import UnclearConfig
from pipeline.logs import OWN_SECRETS
from pipeline.settings.environment import (
    SECTIONS,
    apply_environment,
    check_names,
    known_overrides,
    override_name,
)
from tests.support.runner import ROOT, Runner, run_module

OURS = [(one.__name__, key) for one in SECTIONS for key, _ in one.get_params()]


def test_every_key_of_luigi_cfg_has_one_variable() -> None:
    shipped = ConfigParser(interpolation=None)
    shipped.read(ROOT / "luigi.cfg")
    keys = {(section, key) for section in shipped.sections() for key in shipped[section]}
    overrides = known_overrides()
    assert keys | set(OURS) <= set(overrides.values())
    assert len(set(overrides.values())) == len(overrides) and not set(overrides) & set(OWN_SECRETS)
    assert all(name == override_name(*place) for name, place in overrides.items())


def test_the_guide_lists_every_setting() -> None:
    assert settings.settings_table() in (ROOT / "docs/settings.md").read_text(), (
        "print(pipeline.settings.settings_table()) is the table of docs/settings.md"
    )


@pytest.mark.parametrize("place", OURS, ids=lambda place: override_name(*place))
def test_a_variable_overrides_its_key(place: tuple[str, str]) -> None:
    section, key = place
    parameter = dict(getattr(settings.sections, section).get_params())[key]
    texts = {
        settings.setting_types.Size: "7GB",
        settings.setting_types.LocaleName: "en_GB",
        luigi.BoolParameter: str(not parameter._default).lower(),
        luigi.IntParameter: "7",
        luigi.FloatParameter: "7.5",
        luigi.DateParameter: "2024-02-29",
        luigi.DictParameter: '{"a": "100%"}',
    }
    text = next((texts[kind] for kind in texts if isinstance(parameter, kind)), "100% other")
    config = luigi.configuration.get_config()
    before = config.get(section, key, None, raw=True) if config.has_section(section) else None
    try:
        apply_environment({override_name(section, key): text})
        value = getattr(getattr(settings.sections, section)(), key)
        assert value == parameter.normalize(parameter.parse(text)) != parameter._default
    finally:
        if before is None:
            config.remove_option(section, key)
        else:
            config.set(section, key, before)
        settings.new_run()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("LAKE_URI", "LAKE_URL"),
        ("LAKE_ENDPIONT", "LAKE_ENDPOINT"),
        ("POS_HISTORY_START", "POS_HISTORY_STARTS"),
        ("SHOP_TIME_ZONE", "SHOP_TIMEZONE"),
        ("REPORT_LOCAL", "REPORT_LOCALE"),
        ("MAIL_ALERT_TO", "MAIL_ALERTS_TO"),
        ("ENGINE_NAM", "ENGINE_NAME"),
        ("WEBHOOK_URI", "WEBHOOK_URL"),
        ("CORE_SCHEDULER_URI", "CORE_SCHEDULER_URL"),
        ("CUSTOMER_HASHKEY", "CUSTOMER_HASH_KEY"),
        ("LOYVERSE_TOKN", "LOYVERSE_TOKEN"),
        ("POS_URI", "POS_URL"),
    ],
)
def test_a_misspelled_variable_is_refused(name: str, meant: str) -> None:
    with pytest.raises(UnclearConfig) as refused:
        check_names({name: "x", "PATH": "/bin"})
    assert name in str(refused.value) and f"is {meant} meant?" in str(refused.value)


INNOCENT = {
    "LAKE_SERVICE_HOST": "10.0.0.1",
    "LAKE_SERVICE_PORT_HTTPS": "443",
    "LAKE_PORT": "tcp://10.0.0.1:8333",
    "LAKE_PORT_8333_TCP_ADDR": "10.0.0.1",
    "MAIL_PORT": "tcp://10.0.0.1:25",
    "WEBHOOK_PORT": "tcp://10.0.0.1:80",
    "MAIL_SERVICE_PORT": "25",
    "MAIL_PORT_25_TCP_PROTO": "tcp",
    "MAIL_FROM": "x@example.com",
    "MAIL_FROM_ADDRESS": "x@example.com",
    "MAIL_SERVER": "mail.example.com",
    "MAIL_USERNAME": "x",
    "MAIL_PASSWORD": "x",
    "REPORT_DIR": "/reports",
    "SHOP_ID": "7",
    "SHOP_NAME": "x",
    "LAKE_SOMETHING_ELSE": "x",
    "WEBHOOK_SECRET": "x",
    "POS_LOG": "x",
    "SFTP_PASSWORD": "x",
    "FTP_PASSWORD": "x",
    "MY_WEBHOOK_URL": "x",
    "MAILTO": "root",
    "MAILCHECK": "60",
    "SPARK_HOME": "/opt/spark",
    "SPARK_MASTER_URL": "spark://host:7077",
    "SPARK_MASTER_HOST": "host",
    "WORKER_PORT": "8081",
    "SPARK_LOCAL_IP": "127.0.0.1",
    "WORKER_ID": "3",
    "CORE_PATTERN": "core",
    "REPORT_PORT": "8080",
    "GITHUB_TOKEN": "x",
    "CI": "true",
    "AWS_REGION": "us-east-1",
    "LUIGI_CONFIG_PATH": "x.cfg",
    "lake_urI": "lower case is another program's",
    "POSIXLY_CORRECT": "1",
    **dict.fromkeys(OWN_SECRETS, "x"),
}


@given(st.sets(st.sampled_from(sorted(INNOCENT))))
@example(set(INNOCENT))
def test_variables_of_other_programs_are_left_alone(names: set[str]) -> None:
    check_names({name: INNOCENT[name] for name in names})


def test_a_service_named_mail_does_not_change_the_port() -> None:
    apply_environment({"MAIL_PORT": "tcp://10.0.0.1:25"})
    assert settings.mail().port == 587


def run(runner: Runner, *words: str, **environment: str) -> tuple[int, str]:
    done = run_module(
        *words, folder=runner.folder, environment={**runner.env(), **environment}, timeout=200
    )
    return done.returncode, done.stdout


COMMANDS = [
    ("luigi", "--module", "pipeline", "MonthlyReport", "--local-scheduler"),
    ("luigi", "--module", "pipeline", "Nightly", "--local-scheduler"),
    *[
        ("pipeline", command_name)
        for command_name in ("run", "status", "verify", "lake", "open", "tail")
    ],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_named_configuration_that_is_missing_stops_every_command(
    luigi: Runner, words: tuple[str, ...]
) -> None:
    luigi.command()
    before = sorted(luigi.folder.iterdir())
    code, text = run(luigi, *words, LUIGI_CONFIG_PATH="real-shop.cfg")
    assert code == 35 and "real-shop.cfg names no file" in text and "Traceback" not in text
    assert sorted(luigi.folder.iterdir()) == before


@pytest.mark.parametrize("kind", ["empty name", "folder", "empty file", "link to nothing"])
def test_a_named_configuration_that_luigi_would_pass_over_is_refused(
    luigi: Runner, kind: str
) -> None:
    luigi.command()
    path = luigi.folder / "named.cfg"
    if kind == "folder":
        path.mkdir()
    elif kind == "link to nothing":
        path.symlink_to(luigi.folder / "gone.cfg")
    elif kind != "empty name":
        path.write_text(" \n")
    name = "" if kind == "empty name" else str(path)
    code, text = run(luigi, "pipeline", "status", LUIGI_CONFIG_PATH=name)
    assert code == 35 and "LUIGI_CONFIG_PATH" in text and "Traceback" not in text


@pytest.mark.parametrize("kind", ["missing", "empty", "comments", "cut off", "link to nothing"])
@pytest.mark.parametrize("words", [COMMANDS[1], ("pipeline", "run")], ids=["luigi", "pos"])
def test_without_luigi_cfg_nothing_is_chosen_by_silence(
    tmp_path: Path, kind: str, words: tuple[str, ...]
) -> None:
    runner = Runner(tmp_path)
    runner.command()
    (tmp_path / "overrides.cfg").unlink()
    (tmp_path / "luigi.cfg").unlink()
    shipped = (ROOT / "luigi.cfg").read_text()
    if kind == "link to nothing":
        (tmp_path / "luigi.cfg").symlink_to(tmp_path / "unmounted" / "luigi.cfg")
    elif kind != "missing":
        text = {"empty": "", "comments": "# nothing\n", "cut off": shipped[: shipped.index("[la")]}
        (tmp_path / "luigi.cfg").write_text(text[kind])
    environment = {name: value for name, value in runner.env().items() if "LUIGI" not in name}
    done = run_module(*words, folder=tmp_path, environment=environment, timeout=100)
    assert done.returncode == 35 and "[lake] url" in done.stdout and "luigi.cfg" in done.stdout
    assert "Traceback" not in done.stdout
    assert {path.name for path in tmp_path.iterdir()} <= {"config", "luigi.cfg"}


def test_a_variable_names_the_lake_for_luigi_and_pos_alike(luigi: Runner) -> None:
    luigi.command()
    other = luigi.folder / "other"
    code, text = run(luigi, "pipeline", "verify", LAKE_URL=str(other))
    assert code == 0 and f"{other}: 0 partitions" in text
    for words in (("pipeline", "verify"), COMMANDS[0]):
        code, text = run(luigi, *words, LAKE_URI=str(other))
        assert code == 35 and "is LAKE_URL meant?" in text
    code, text = run(luigi, "pipeline", "status", POS_ALLOWED_LATENESS_DAYS="two")
    assert code == 2 and "the variable POS_ALLOWED_LATENESS_DAYS" in text
