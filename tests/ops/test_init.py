"""`pos init`: what it asks and writes, and that it overwrites nothing."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from configparser import ConfigParser
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline import cli, settings, transform
from pipeline.cli.init import comment_examples
from pipeline.lakes import connect
from pipeline.pos.square import reader as square
from pipeline.simulator import Shop
from pipeline.transform import Catalog, read_menu
from tests.support.runner import ROOT
from tests.support.server import serve, serve_square
from tests.support.square_events import EventShop

NOON = datetime(2026, 11, 24, 18, tzinfo=UTC)  # in Mexico City; both shops are open


def init(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "init", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "POS_NOW": NOON.isoformat(), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def configuration(folder: Path) -> ConfigParser:
    parser = ConfigParser()
    parser.read(folder / "luigi.cfg")
    return parser


@pytest.mark.slow
def test_the_last_receipts_of_a_shop_with_a_token(tmp_path: Path) -> None:
    with serve(Shop(), now=lambda: NOON) as server:
        options = ["--source", "loyverse", "--url", f"{server.url}", "--yes", "--currency", "MXN"]
        done = init(tmp_path, *options, LOYVERSE_TOKEN=server.token)
    assert done.returncode == 0, done.stderr
    receipts = re.findall(
        r"(?m)^  \d+-\d+  (?:SALE|REFUND)  20\d\d-\d\d-\d\d \d\d:\d\d  -?[\d.]+ MXN$", done.stdout
    )
    assert len(receipts) == len(set(receipts)) == 3
    assert server.token not in done.stdout + done.stderr + (tmp_path / "luigi.cfg").read_text()
    secrets = tmp_path / "config/config.env"
    assert f"LOYVERSE_TOKEN={server.token}\n" in secrets.read_text()
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert "config/config.env" in (tmp_path / ".gitignore").read_text().splitlines()


@pytest.mark.slow
def test_the_last_receipts_of_a_shop_on_square(tmp_path: Path) -> None:
    shop = EventShop(Shop())
    with serve_square(shop, now=lambda: NOON) as server:
        options = ["--source", "square", "--url", server.url, "--yes"]
        done = init(tmp_path, *options, SQUARE_TOKEN=server.token)
    assert done.returncode == 0, done.stderr
    lines = re.findall(r"(?m)^  \S+  (?:SALE|REFUND)  20[\d-]+ [\d:]+  -?[\d.]+ MXN$", done.stdout)
    assert len(lines) == len(set(lines)) == 3, done.stdout
    assert f"SQUARE_TOKEN={server.token}\n" in (tmp_path / "config/config.env").read_text()


@pytest.mark.slow
def test_the_time_zone_of_a_square_location_is_compared_with_the_settings(tmp_path: Path) -> None:
    with serve_square(EventShop(Shop()), now=lambda: NOON) as server:
        options = ["--source", "square", "--url", server.url, "--timezone", "America/Bogota"]
        done = init(tmp_path, *options, "--yes", SQUARE_TOKEN=server.token)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "[shop] timezone = America/Bogota" in done.stderr
    assert "America/Mexico_City" in done.stderr


def test_the_catalog_is_read_in_its_canonical_form(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As every other reader of a catalog does; Square's lists have other names."""
    order = {"id": "A", "location_id": "L", "state": "COMPLETED", "updated_at": NOON.isoformat()}
    record = square.read_record(json.dumps(order).encode())
    lists: dict[str, list[bytes]] = {name: [] for name in square.CATALOG}
    source = SimpleNamespace(
        reader=square,
        receipts=lambda *_: [SimpleNamespace(records=[record])],
        catalog=lambda: lists | {"stores": [b'{"id":"L","name":"Centro"}']},
    )
    read: list[Catalog] = []

    def explain(number: str, raws: object, catalog: Catalog, rules: object) -> object:
        read.append(catalog)
        return SimpleNamespace(receipt=None, text=number)

    for name, value in {"check_folder": None, "check": None, "now": NOON, "rules": None}.items():
        monkeypatch.setattr(settings, name, lambda value=value: value)
    monkeypatch.setattr(connect, "connect", lambda: source)
    monkeypatch.setattr(connect, "account_of", lambda _: "Square")
    monkeypatch.setattr(transform, "explain", explain)
    monkeypatch.setattr("pipeline.tasks.raw.check_stores", lambda *_: None)
    assert cli.main(["init", "--test"]) == 0
    assert "last receipts" in capsys.readouterr().out
    assert [set(catalog.raw) for catalog in read] == [set(square.to_canonical_catalog({}))]


@pytest.mark.slow
def test_a_refused_token_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with serve(Shop()) as server:
        done = init(
            tmp_path, "--source", "loyverse", "--url", server.url, "--yes", LOYVERSE_TOKEN="wrong"
        )
    assert done.returncode == 2
    assert "Unauthorized" in done.stderr and "Traceback" not in done.stderr


def test_options_become_the_configuration(tmp_path: Path) -> None:
    options = {
        "timezone": "Europe/Madrid",
        "currency": "EUR",
        "locale": "es_ES",
        "history-starts": "2026-02-03",
        "lake": "s3://shop/lake",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    done = init(tmp_path, "--source", "loyverse", "--limited-history", "--yes", *words)
    assert done.returncode == 0, done.stderr
    assert "put LOYVERSE_TOKEN into config/config.env" in done.stdout
    own = configuration(tmp_path)
    assert dict(own["pos"]) | {"url": ""} == {
        **configuration(ROOT)["pos"],
        "url": "",
        "limited_history": "true",
        "history_starts": "2026-02-03",
    }
    assert own["pos"]["url"].startswith("https://")
    assert (own["shop"]["timezone"], own["shop"]["currency"]) == ("Europe/Madrid", "EUR")
    assert (own["report"]["locale"], own["lake"]["url"]) == ("es_ES", "s3://shop/lake")
    assert dict(own["retcode"].items()) == dict(configuration(ROOT)["retcode"])


def test_the_files_name_no_file_that_is_not_there(tmp_path: Path) -> None:
    done = init(tmp_path, "--source", "simulator", "--yes")
    assert done.returncode == 0, done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".gitignore"]
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "config.env.example" not in text, path
        named = {name.rstrip(".") for name in re.findall(r"config/[\w.]+", text)}
        assert {name for name in named if not (tmp_path / name).is_file()} == set(), path
        if "docs/" in text:
            assert "repository of pos-sales-pipeline" in text.splitlines()[0], path


@pytest.mark.parametrize("name", ["luigi.cfg", "config/menu.toml", "config/config.env"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / name).write_text("mine")
    done = init(tmp_path, "--source", "simulator", "--yes")
    assert done.returncode == 2 and name in done.stderr
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [tmp_path / name]
    assert (tmp_path / name).read_text() == "mine"


def test_without_a_terminal_a_missing_value_is_an_error(tmp_path: Path) -> None:
    done = init(tmp_path, "--source", "simulator")
    assert done.returncode == 2 and "--timezone is not given" in done.stderr
    assert not list(tmp_path.iterdir())


def test_questions_are_asked_and_the_token_is_not_shown(tmp_path: Path) -> None:
    answers = ["loyverse", "a-token-typed-in", "America/Bogota", "", "COP", "es_CO", "", ""]
    main, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "init", "--url", "http://127.0.0.1:9/v1.0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
    )
    os.close(other)
    shown = ""
    for answer in answers:
        while not shown.endswith(("): ", "]: ")):
            shown += os.read(main, 1000).decode()
        os.write(main, f"{answer}\n".encode())
        shown += "\n"
    while not (tmp_path / "config/config.env").exists() and process.poll() is None:
        shown += os.read(main, 1000).decode()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    os.close(main)
    assert "a-token-typed-in" not in shown
    assert "LOYVERSE_TOKEN=a-token-typed-in\n" in (tmp_path / "config/config.env").read_text()
    own = configuration(tmp_path)
    assert (own["shop"]["timezone"], own["shop"]["currency"]) == ("America/Bogota", "COP")
    assert own["shop"]["day_starts_at"] == configuration(ROOT)["shop"]["day_starts_at"]
    assert own["report"]["locale"] == "es_CO"


def test_a_shop_of_your_own_gets_no_names_of_the_simulated_one() -> None:
    shipped = (ROOT / "config/menu.toml").read_text(encoding="utf-8")
    menu = read_menu(comment_examples(shipped), "menu.toml")
    everything = read_menu(shipped, "menu.toml")
    assert everything.combos and not menu.combos
    assert menu.data["channels"] == everything.data["channels"]


def test_the_help_begins_with_a_way_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    text = capsys.readouterr().out
    assert text.index("pos init") < text.index("pos run") < text.index("pos open")
