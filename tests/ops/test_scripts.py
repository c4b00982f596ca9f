"""The scripts of the workflows and containers, run for real with what they call replaced by a
recorder.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from pipeline.deliver.alert import explain_code
from pipeline.settings.environment import known_overrides

RECORDER = """#!/bin/sh
printf '%s\\n' "$*" >>"$RECORD"
case "$*" in *body-file*) cat body.md >>"$RECORD" ;; esac
eval "${ANSWER:-true}"
"""


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def script(nightly: dict, job: str, name: str | None = None) -> str:
    [found] = [
        step["run"]
        for step in nightly["jobs"][job]["steps"]
        if name is None or step.get("name") == name
    ]
    return found


def bash(text: str, folder: Path, code: int = 0, **environment: str) -> str:
    """What `text`, run as GitHub runs it, made its recorder write."""
    record = folder / "record"
    record.touch()
    env = {
        "PATH": f"{folder}/bin:{os.environ['PATH']}",
        "RECORD": str(record),
        "HOME": str(folder),
        **environment,
    }
    command = ["bash", "-eo", "pipefail", "-c", text]
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return record.read_text()


@pytest.mark.parametrize("code", [0, 30, 137, 77])
def test_an_exit_code_is_explained_in_the_words_of_the_runbook(root: Path, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "docker/explain_code.py", str(code)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == (f"what={'; '.join(explain_code(code))}\n" if code else "")


@pytest.mark.parametrize(
    ("code", "what"),
    [("30", "a task failed; run again"), ("", "outside of the pipeline: set-up, credentials")],
)
def test_a_failed_run_opens_an_issue_that_says_what_to_do(
    nightly: dict, tmp_path: Path, code: str, what: str
) -> None:
    put(tmp_path / "bin/gh", RECORDER)
    explained = what if code else ""
    calls = bash(
        script(nightly, "report"),
        tmp_path,
        RESULT="failure",
        CODE=code,
        WHAT=explained,
        RUN="https://run",
    )
    assert (
        "issue create" in calls
        and what in calls
        and "https://run" in calls
        and f"Exit code {code or 'none'}." in calls
    )


def test_a_second_failed_run_adds_to_the_issue_and_a_good_one_closes_it(
    nightly: dict, tmp_path: Path
) -> None:
    put(tmp_path / "bin/gh", RECORDER)
    answer = 'case "$*" in *"issue list"*) echo 12 ;; esac'
    calls = bash(
        script(nightly, "report"),
        tmp_path,
        RESULT="cancelled",
        CODE="",
        WHAT="",
        RUN="https://run",
        ANSWER=answer,
    )
    assert "issue comment 12" in calls and "create --title" not in calls
    calls = bash(
        script(nightly, "report"),
        tmp_path,
        RESULT="success",
        CODE="0",
        WHAT="",
        RUN="https://run",
        ANSWER=answer,
    )
    assert "issue close 12" in calls


def test_a_good_run_without_an_open_issue_says_nothing(nightly: dict, tmp_path: Path) -> None:
    put(tmp_path / "bin/gh", RECORDER)
    calls = bash(
        script(nightly, "report"), tmp_path, RESULT="success", CODE="0", WHAT="", RUN="https://run"
    )
    assert "create --title" not in calls and "close" not in calls


@pytest.mark.parametrize(
    ("date", "month", "arguments"),
    [
        ("", "", "-m pipeline run --local-scheduler --workers 2"),
        ("2026-10-31", "", "-m pipeline run --date 2026-10-31 --local-scheduler --workers 2"),
        (
            "",
            "2026-10",
            (
                "-m luigi --module pipeline MonthlyReport --month 2026-10 --local-scheduler"
                " --workers 2"
            ),
        ),
        (
            "2026-10-31; touch pwned",
            "",
            "-m pipeline run --date 2026-10-31; touch pwned --local-scheduler --workers 2",
        ),
    ],
)
def test_the_workflow_runs_what_its_inputs_say(
    nightly: dict, tmp_path: Path, date: str, month: str, arguments: str
) -> None:
    put(tmp_path / ".venv/bin/python", RECORDER)
    output = tmp_path / "output"
    calls = bash(
        script(nightly, "run", "Run the pipeline"),
        tmp_path,
        DATE=date,
        MONTH=month,
        CODE="/code",
        GITHUB_OUTPUT=str(output),
    )
    assert calls.splitlines() == [arguments, "/code/docker/explain_code.py 0"]
    assert output.read_text() == "code=0\n"
    assert not (tmp_path / "pwned").exists()


def test_the_exit_code_of_the_step_is_that_of_the_run(nightly: dict, tmp_path: Path) -> None:
    put(tmp_path / ".venv/bin/python", RECORDER)
    output = tmp_path / "output"
    bash(
        script(nightly, "run", "Run the pipeline"),
        tmp_path,
        30,
        DATE="",
        MONTH="",
        CODE="/code",
        GITHUB_OUTPUT=str(output),
        ANSWER='case "$*" in *explain_code*) echo "what=a task failed" ;; *) exit 30 ;; esac',
    )
    assert output.read_text() == "code=30\nwhat=a task failed\n"


@pytest.mark.parametrize("visibility", ["public", "private", "internal"])
def test_a_public_repository_shows_no_report(
    nightly: dict, tmp_path: Path, root: Path, visibility: str
) -> None:
    put(tmp_path / "bin/gh", f"#!/bin/sh\necho {visibility}\n")
    put(tmp_path / ".venv/bin/python", RECORDER)
    put(tmp_path / "report/monthly/2026-10/report.md", "# October\n")
    output, summary = tmp_path / "output", tmp_path / "summary"
    bash(
        script(nightly, "run", "The report's first page"),
        tmp_path,
        MONTH="",
        CODE=str(root),
        GITHUB_REPOSITORY="a/b",
        GITHUB_OUTPUT=str(output),
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert summary.exists() is output.exists() is (visibility != "public")


def test_the_nightly_container_notes_its_exit_code_and_goes_on(tmp_path: Path, root: Path) -> None:
    put(tmp_path / "bin/pos", RECORDER)
    put(tmp_path / "bin/python", "#!/bin/sh\n")
    put(
        tmp_path / "bin/sleep",
        '#!/bin/sh\necho "sleep $1" >>"$RECORD"\n[ "$(grep -c sleep "$RECORD")" -lt 2 ]\n',
    )
    text = (root / "docker/nightly.sh").read_text().replace("/tmp/run.code", f"{tmp_path}/run.code")
    second_run_succeeds = '[ "$(grep -c "^run" "$RECORD")" -gt 1 ] || exit 30'
    calls = bash(
        text, tmp_path, 1, ANSWER=second_run_succeeds, RETRY_AFTER="77", NIGHTLY_AT="12:17"
    ).splitlines()
    assert calls[0] == calls[2] == "run --workers 2"
    assert calls[1] == "sleep 77" and 0 < int(calls[3].split()[1]) <= 86400
    assert (tmp_path / "run.code").read_text() == "0\n"


def test_the_container_refuses_its_run_if_the_check_does(tmp_path: Path, root: Path) -> None:
    put(tmp_path / "bin/pos", RECORDER)
    put(tmp_path / "bin/python", RECORDER)
    put(tmp_path / "bin/sleep", "#!/bin/sh\nexit 9\n")
    text = (root / "docker/nightly.sh").read_text().replace("/tmp/run.code", f"{tmp_path}/run.code")
    assert bash(text, tmp_path, 9, ANSWER="exit 1").splitlines() == ["docker/check_source.py"]
    assert (tmp_path / "run.code").read_text() == "1\n"


@pytest.mark.parametrize(
    ("changed", "variables", "code"),
    [
        (("", ""), {}, 1),
        (("", ""), {"POS_URL": "simulator"}, 0),
        (("", ""), {"POS_URL": "https://connect.squareup.com"}, 0),
        (("url = simulator", "url = https://connect.squareup.com"), {}, 0),
    ],
)
def test_a_daily_run_of_the_simulated_shop_needs_a_request(
    tmp_path: Path, root: Path, changed: tuple[str, str], variables: dict[str, str], code: int
) -> None:
    text = (root / "luigi.cfg").read_text(encoding="utf-8")
    put(tmp_path / "luigi.cfg", text.replace(*changed))
    done = subprocess.run(
        [sys.executable, root / "docker/check_source.py"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(root), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert ("names the simulated shop" in done.stderr) is bool(code)


def export(root: Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, root / "docker/export_settings.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root), "VARS": json.dumps(variables)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_variables_of_every_section_are_exported(tmp_path: Path, root: Path) -> None:
    settings = dict.fromkeys(known_overrides(), "1") | {"LAKE_URL": "s3://bucket/lake"}
    done = export(root, tmp_path, **settings, MAIL_HOTS="x", AWS_REGION="y", PIPELINE_COMMIT="z")
    exported = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert exported == settings | {"MAIL_HOTS": "x"}, "the run refuses the misspelled one"
    assert "MONITOR_METRICS_FILE" in exported


@pytest.mark.parametrize("variables", [{}, {"LAKE_URL": "s3://b", "MAIL_TO": "a\nPATH=/x"}])
def test_variables_without_a_lake_or_of_two_lines_are_refused(
    tmp_path: Path, root: Path, variables: dict[str, str]
) -> None:
    done = export(root, tmp_path, **variables)
    assert done.returncode == 1 and "PATH" not in done.stdout


@pytest.mark.parametrize(
    ("commit", "code"), [("3d3c42e5aac5ba805825da76410c181273ba90b1", 0), ("main", 1), ("", 1)]
)
def test_the_code_of_another_repository_is_one_commit(
    nightly: dict, tmp_path: Path, commit: str, code: int
) -> None:
    name = "The code of another repository is named by its full commit"
    bash(script(nightly, "run", name), tmp_path, code, COMMIT=commit)
    bash(script(nightly, "run", name), tmp_path, 1, COMMIT=f"{commit}\n{commit}x")


def healthy(root: Path, tmp_path: Path, **environment: str) -> int:
    code = (root / "docker/healthy.py").read_text().replace("/tmp/run.code", f"{tmp_path}/run.code")
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, timeout=120, check=False
    ).returncode


def test_health_is_that_of_the_last_run_and_of_the_address(tmp_path: Path, root: Path) -> None:
    assert healthy(root, tmp_path) == 0
    (tmp_path / "run.code").write_text("30\n")
    assert healthy(root, tmp_path) != 0
    (tmp_path / "run.code").write_text("0\n")
    assert healthy(root, tmp_path) == 0
    assert healthy(root, tmp_path, HEALTH_URL="http://127.0.0.1:1/") != 0


@pytest.mark.parametrize("packing", ["w", "w:gz"])
def test_a_text_in_a_layer_is_found(tmp_path: Path, root: Path, packing: str) -> None:
    canary, layer, image = secrets.token_hex(16), io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=layer, mode=packing) as tar:
        body = b"x" * (2**20 - 700) + canary.encode()  # where two chunks meet
        file_name = tarfile.TarInfo("app/config.env")
        file_name.size = len(body)
        tar.addfile(file_name, io.BytesIO(body))
    with tarfile.open(fileobj=image, mode="w") as tar:
        file_name = tarfile.TarInfo("blobs/sha256/0")
        file_name.size = len(layer.getvalue())
        tar.addfile(file_name, io.BytesIO(layer.getvalue()))

    def scan(text: str) -> int:
        command = [sys.executable, root / "docker/scan_layers.py", text]
        return subprocess.run(
            command, input=image.getvalue(), capture_output=True, check=False
        ).returncode

    assert scan(canary) == 1 and scan(secrets.token_hex(16)) == 0


def test_the_first_page_has_headline_and_no_dead_pictures(tmp_path: Path, root: Path) -> None:
    section = (
        '<a id="s{0}"></a>\n\n## {0}. Section\n\nFigure {0} ([see'
        " 5](#s5))\n\n![chart](charts/{0}.svg)\n\n"
    )
    sections = "".join(section.format(n) for n in range(1, 6))
    report = put(tmp_path / "report.md", f"# October\n\n{sections}")
    page = subprocess.run(
        ["sh", root / "docker/first_page.sh", report], capture_output=True, text=True, check=True
    ).stdout
    assert page.startswith("# October") and "Figure 3\n" in page and "Figure 4" not in page
    assert "![" not in page and "<a id" not in page and "](#" not in page
