"""The wheel: pure Python, two packages, and a first report from a folder that has no checkout.

It is installed into a new environment; what it requires comes from the environment of the tests.
CI runs this on each version of Python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from pipeline import __version__
from tests.ops.monitored import monitor
from tests.support.runner import ROOT

pytestmark = pytest.mark.slow


def run(*command: object, folder: Path, **variables: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | variables
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what git has, so that the checkout stays as it is."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("pipeline", "reports", "config"):
        shutil.copytree(
            ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("setup.cfg", "pyproject.toml", "luigi.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "wheel", ".", "--no-deps", "--no-build-isolation", "-w", output, folder=source)
    (built,) = output.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of a new environment that has the wheel."""
    home = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", "--without-pip", home, folder=home)
    python = home / "bin/python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    run(*pip, "install", "--no-deps", "--no-index", wheel, folder=home)
    (packages,) = home.glob("lib/python*/site-packages")
    # A path in a .pth file; .pth files in that folder, such as this checkout's, are not read.
    (packages / "requirements.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return home / "bin"


def test_the_wheel_is_pure_python_with_two_packages_and_all_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name == f"pos_sales_pipeline-{__version__}-py3-none-any.whl"
    folders = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert folders == {"pipeline", "reports"}
    assert not [name for name in names if re.search(r"\.(so|pyd|c|pyc)$|config\.env$", name)]
    shipped = {
        name
        for folder in ("pipeline", "reports")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in (name := path.relative_to(ROOT).as_posix())
    }
    assert shipped == {name for name in names if ".dist-info/" not in name}


def test_what_init_writes_from_is_the_configuration_of_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in ("luigi.cfg", "config/menu.toml", "config/config.env.example"):
            content = archive.read(f"pipeline/defaults/{Path(name).name}")
            assert content == (ROOT / name).read_bytes()


def test_the_first_report_from_an_empty_folder(programs: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    pos = programs / "pos"
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "POS_NOW": "2026-11-24T18:00:00Z"}
    assert run(pos, "--version", folder=shop, **state) == f"pos {__version__}\n"
    where = "import pipeline, reports; print(pipeline.__file__, reports.__file__)"
    for file in run(programs / "python", "-c", where, folder=shop).split():
        assert file.startswith(str(programs.parent))
    options = ("--source", "simulator", "--history-starts", "2026-11-21", "--yes")
    text = run(pos, "init", *options, folder=shop, **state)
    assert len(re.findall(r"(?m)^  \d+-\d+  (?:SALE|REFUND)", text)) == 3
    assert text.startswith("written to ") and text.endswith("next: pos run\n")
    assert (shop / "config/config.env").stat().st_mode & 0o777 == 0o600
    with monitor() as (url, received):
        metrics = {"PING_URL": url, "MONITOR_METRICS_FILE": str(tmp_path / "pos.prom")}
        text = run(pos, "run", "--local-scheduler", folder=shop, **state, **metrics)
    assert received == [("/ping/1", {"code": 0})]
    assert text.count("run of ") == text.count("last window") == 1, "the counts stand there once"
    assert text.endswith("next           pos open\n")
    assert "leaked" not in text, "DuckDB was imported before gc.freeze()"
    samples = (tmp_path / "pos.prom").read_text(encoding="utf-8")
    assert "pos_run_exit_code 0\n" in samples and 'pos_run_partitions{dataset="sales"}' in samples
    page = run(pos, "open", folder=shop, **state).strip()
    assert Path(page).is_relative_to(shop)
    assert "<html" in Path(page).read_text(encoding="utf-8")
    luigi = (programs / "python", "-m", "luigi", "--module", "pipeline", "MonthlyReport")
    assert "1 complete" in run(*luigi, "--local-scheduler", folder=shop, **state)
