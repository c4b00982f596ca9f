"""The schedules of docs/operation.md: systemd accepts the units, cron's line is one of cron's."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import ExitCode
from tests.support.machine import missing

SYSTEMD = shutil.which("systemd-analyze")


@pytest.fixture
def guide(root: Path) -> str:
    return (root / "docs/operation.md").read_text(encoding="utf-8")


@pytest.fixture
def units(guide: str, tmp_path: Path) -> Path:
    """The units of the guide, with a program and a folder that this machine has."""
    for name in ("pos.service", "pos.timer"):
        (text,) = re.findall(rf"{re.escape(name)}`:\n\n```ini\n(.*?)```", guide, re.DOTALL)
        text = text.replace("/srv/shop/.venv/bin/pos", "/bin/true").replace("/srv/shop", "/")
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_systemd_accepts_the_units(units: Path) -> None:
    if not SYSTEMD:
        missing("systemd-analyze is not installed.")
    files = [units / "pos.service", units / "pos.timer"]
    done = subprocess.run(
        [SYSTEMD, "verify", *files], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    # What it complains about, so that silence means something.
    files[0].write_text(files[0].read_text().replace("Type=oneshot", "Type=once"))
    done = subprocess.run(
        [SYSTEMD, "verify", *files], capture_output=True, text=True, timeout=60, check=False
    )
    assert "service type" in done.stderr


def test_a_run_cut_off_by_the_account_is_no_failure_of_the_unit(guide: str) -> None:
    (codes,) = re.findall(r"(?m)^SuccessExitStatus=(.*)$", guide)
    assert codes == str(int(ExitCode.TRUNCATED))


def test_all_schedules_start_the_same_command_in_the_same_folder(guide: str) -> None:
    (line,) = re.findall(r"## cron\n\n```\n(.*)\n```", guide)
    minute, hour, *rest = line.split(maxsplit=5)
    assert (int(minute) < 60, int(hour) < 24, rest[:3]) == (True, True, ["*", "*", "*"])
    assert "%" not in rest[3], "cron takes it for the end of the line"
    folder, command = rest[3].split(" && ")
    (unit,) = re.findall(r"(?m)^ExecStart=(.*)$", guide)
    (place,) = re.findall(r"(?m)^WorkingDirectory=(.*)$", guide)
    assert shlex.split(folder) == ["cd", place]
    assert shlex.split(command)[:2] == shlex.split(unit)
    assert f"OnCalendar=*-*-* {int(hour):02}:{int(minute):02}\n" in guide
