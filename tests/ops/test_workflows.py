"""The workflows: pinned actions, least permissions, no event text in a script, no cache beside
credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from pipeline.logs import OWN_SECRETS

PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
SHELL_FROM_EVENT = re.compile(r"\$\{\{")
ALLOWED = {
    "ci": {job: {"contents": "read"} for job in ("tests", "lint", "audit", "image")},
    "random inputs": {"tests": {"contents": "read"}},
    "nightly": {"run": {"contents": "read", "id-token": "write"}, "report": {"issues": "write"}},
}


def steps(workflow: dict) -> Iterator[tuple[dict, dict]]:
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            yield job, step


def test_actions_are_pinned_by_commit_and_few(workflow: dict) -> None:
    used = {step["uses"] for _, step in steps(workflow) if "uses" in step}
    assert all(PINNED.fullmatch(action) for action in used)
    assert {action.split("/")[0] for action in used} <= {"actions", "aws-actions"}


def test_every_pin_says_its_version(root) -> None:
    for path in (root / ".github/workflows").glob("*.yml"):
        for line in path.read_text().splitlines():
            assert "uses:" not in line or re.search(r"# v\d+\.\d+\.\d+$", line), line


def test_permissions_are_least(workflow: dict) -> None:
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == ALLOWED[
        workflow["name"]
    ]


def test_triggers_give_no_stranger_our_rights(workflow: dict) -> None:
    triggers = workflow[True]
    assert not {"pull_request_target", "workflow_run", "issue_comment", "issues"} & set(triggers)
    if "id-token" in str(workflow["jobs"]):
        assert set(triggers) == {"schedule", "workflow_dispatch"}


def test_random_inputs_are_fixed_in_ci_and_new_in_a_scheduled_job(root: Path) -> None:
    assert settings.get_profile("fixed").derandomize
    assert not settings.get_profile("random").derandomize
    text = (root / ".github/workflows/random.yml").read_text()
    assert "--hypothesis-profile random" in text and "\n  schedule:\n" in text
    assert "--hypothesis-profile" not in (root / ".github/workflows/ci.yml").read_text()


def test_no_expression_is_pasted_into_a_script(workflow: dict) -> None:
    for _, step in steps(workflow):
        assert not SHELL_FROM_EVENT.search(step.get("run", "")), "hand it over in env"


def test_the_token_of_the_checkout_is_not_left_behind(workflow: dict) -> None:
    for _, step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_every_job_ends_in_time_and_runs_do_not_meet(workflow: dict) -> None:
    assert workflow["concurrency"]["group"]
    assert all(0 < job["timeout-minutes"] <= 150 for job in workflow["jobs"].values())
    assert all(
        re.fullmatch(r"ubuntu-\d\d\.04", job["runs-on"]) for job in workflow["jobs"].values()
    )


def test_no_cache_is_restored_where_credentials_are(nightly: dict) -> None:
    for _, step in steps(nightly):
        assert "cache" not in step.get("uses", "") and "cache" not in step.get("with", {})


def test_secrets_go_only_to_the_step_that_needs_them(workflow: dict) -> None:
    used = set(re.findall(r"secrets\.(\w+)", str(workflow)))
    assert used <= set(OWN_SECRETS), "AWS is entered by OIDC; nothing of it is stored"
    assert "secrets." not in str({k: v for k, v in workflow.items() if k != "jobs"})
    for job in workflow["jobs"].values():
        assert "secrets." not in str(job.get("env", {}))
        assert all("secrets." not in str({**step, "env": {}}) for step in job["steps"])


def test_the_run_enters_aws_by_its_environment(nightly: dict) -> None:
    job = nightly["jobs"]["run"]
    assert job["environment"] == "lake", "the role's trust policy names it"
    [entry] = [step for step in job["steps"] if step.get("uses", "").startswith("aws-actions/")]
    assert entry["with"]["role-to-assume"] == "${{ vars.AWS_ROLE_ARN }}"
    assert not {"aws-access-key-id", "aws-secret-access-key"} & set(entry["with"])
    assert nightly["concurrency"] == {"group": "nightly", "cancel-in-progress": False}
    assert set(nightly[True]["workflow_dispatch"]["inputs"]) == {"date", "month"}


def test_the_run_gets_every_secret_and_no_address_of_a_vendor(nightly: dict, root: Path) -> None:
    [run] = [step for step in nightly["jobs"]["run"]["steps"] if step.get("id") == "work"]
    assert {name: value for name, value in run["env"].items() if "secrets." in value} == {
        name: f"${{{{ secrets.{name} }}}}" for name in OWN_SECRETS
    }
    text = (root / ".github/workflows/nightly.yml").read_text(encoding="utf-8")
    assert not re.search(r"loyverse|square", re.sub("LOYVERSE_TOKEN|SQUARE_TOKEN", "", text)), (
        "it would send the token of one vendor to another"
    )


def test_code_of_another_repository_is_checked_out_at_a_full_commit(nightly: dict) -> None:
    job = nightly["jobs"]["run"]
    names = [step.get("name") or step["uses"].partition("@")[0] for step in job["steps"]]
    own, code = (step for step in job["steps"] if step.get("uses", "").startswith("actions/check"))
    assert "repository" not in own["with"] and "if" not in own
    assert code["with"]["repository"] == "${{ vars.PIPELINE_REPOSITORY }}"
    assert code["with"]["ref"] == "${{ vars.PIPELINE_COMMIT }}"
    [check] = [step for step in job["steps"] if "PIPELINE_COMMIT" in str(step.get("env"))]
    assert check["if"] == code["if"] == "vars.PIPELINE_REPOSITORY != ''"
    assert names.index(check["name"]) == job["steps"].index(code) - 1
    assert job["env"]["CODE"] == job["env"]["PYTHONPATH"]
    assert code["with"]["path"] in job["env"]["CODE"]


def test_the_run_installs_locked_packages_only(nightly: dict) -> None:
    for _, step in steps(nightly):
        for line in step.get("run", "").splitlines():
            if "pip install" in line:
                assert line.split(" install ")[1].split() == [
                    *("--no-input", "-q", "--require-hashes", "--only-binary", ":all:"),
                    *("-r", '"$CODE/requirements.txt"'),
                ]


def test_every_failure_is_reported(nightly: dict) -> None:
    report = nightly["jobs"]["report"]
    assert report["if"] == "always()" and report["needs"] == "run"


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_ci_covers_the_supported_pythons(root, python: str) -> None:
    text = (root / ".github/workflows/ci.yml").read_text()
    assert f'"{python}"' in text and f"Python :: {python}\n" in (root / "setup.cfg").read_text()
