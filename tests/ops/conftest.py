"""What the operational files say, parsed once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(params=WORKFLOWS, ids=lambda path: f"{path.parent.name}/{path.name}")
def workflow(request: pytest.FixtureRequest) -> dict:
    """One workflow; YAML 1.1 reads its key `on` as True."""
    return yaml.safe_load(request.param.read_text())


@pytest.fixture(scope="session")
def nightly() -> dict:
    return yaml.safe_load((ROOT / ".github/workflows/nightly.yml").read_text())
