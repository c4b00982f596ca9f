"""The operator's guides: their shell parses, what they name is there, and the trust policy lets in
one environment only.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

import pipeline
from pipeline.settings.environment import SECRETS, known_overrides

GUIDES = [
    "analyst.md",
    "aws.md",
    "delivery.md",
    "docker.md",
    "emr.md",
    "first-report.md",
    "github-actions.md",
    "luigid.md",
    "migrating.md",
    "scaling.md",
]


def blocks(root: Path, guide: str) -> list[str]:
    return [
        re.sub(r"(?m)^ {3}", "", block)
        for block in re.findall(r"```sh\n(.*?)```", (root / "docs" / guide).read_text(), re.DOTALL)
    ]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_shell_block_parses(root: Path, guide: str) -> None:
    for block in blocks(root, guide):
        done = subprocess.run(
            ["sh", "-n"], input=block, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"


@pytest.mark.parametrize("guide", GUIDES)
def test_every_file_that_a_guide_names_is_there(root: Path, guide: str) -> None:
    text = (root / "docs" / guide).read_text()
    named = set(
        re.findall(
            r"`?((?:docker|docs|config|\.github)/[\w./-]+\.(?:sh|py|cfg|json|toml|yml|md|example))",
            text,
        )
    )
    assert named or "](" in text
    assert not [path for path in named if not (root / path).is_file()]
    for link in re.findall(r"\]\((?!https?://)([^)#]+)", text):
        assert (root / "docs" / link).is_file(), link


@pytest.mark.parametrize("guide", GUIDES)
def test_every_task_that_a_guide_runs_exists(root: Path, guide: str) -> None:
    assert set(re.findall(r"--module pipeline (\w+)", (root / "docs" / guide).read_text())) <= set(
        pipeline.__all__
    )


def test_profiles_services_and_ports_of_the_guide_are_those_of_compose(
    root: Path, compose: dict
) -> None:
    text = (root / "docs/docker.md").read_text()
    profiles = {
        profile
        for service in compose["services"].values()
        for profile in service.get("profiles", [])
    }
    assert set(re.findall(r"--profile (\w+)", text)) == profiles
    ports = set(re.findall(r":-(\d+)}:", (root / "docker-compose.yml").read_text()))
    assert set(re.findall(r"127\.0\.0\.1:(\d+)>", text)) == ports


def test_variables_and_inputs_of_the_guide_are_those_of_the_workflow(root: Path) -> None:
    guide, workflow = (
        (root / "docs/github-actions.md").read_text(),
        (root / ".github/workflows/nightly.yml").read_text(),
    )
    named = set(re.findall(r"gh (?:variable|secret) set (\w+) --env lake", guide))
    read = set(re.findall(r"(?:vars|secrets)\.(\w+)", workflow))
    assert all(f"`{name}`" in guide or name in named for name in read)
    settings = set(re.findall(r"`((?:POS|LAKE|MAIL|WEBHOOK)_[A-Z_]+)`", guide)) | (named - read)
    assert settings <= set(known_overrides()) | set(SECRETS), "each variable is a setting"
    assert "toJSON(vars)" in workflow
    assert set(re.findall(r"-f (\w+)=", guide)) == {"date", "month"}


def test_the_trust_policy_lets_in_one_environment_of_one_repository(root: Path) -> None:
    [policy] = re.findall(
        r"cat >trust\.json <<EOF\n(.*?)\nEOF", (root / "docs/aws.md").read_text(), re.DOTALL
    )
    [statement] = json.loads(policy)["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity" and set(
        statement["Condition"]
    ) == {"StringEquals"}
    assert statement["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:$REPOSITORY:environment:lake",
    }
    assert "*" not in policy
