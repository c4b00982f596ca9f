"""Documents name only what exists: commands, tasks, options, files, links, settings, variables.

The tables of settings and exit codes are those of the code (tests/support/documents.py).
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import pytest
from luigi.cmdline_parser import CmdlineParser

import pipeline
import pipeline.tasks
from pipeline import cli
from pipeline.logs import OWN_SECRETS
from pipeline.settings.environment import known_overrides
from tests.support.documents import PAGES as ALL_PAGES
from tests.support.documents import ROOT, with_tables

# The changelog names what is gone.
PAGES = [page for page in ALL_PAGES if page.name != "CHANGELOG.md"]
CONFIGURATION = [
    ROOT / name
    for name in ("luigi.cfg", "config/menu.toml", "config/config.env.example", "docker-compose.yml")
]
TEXTS = [*PAGES, *CONFIGURATION, ROOT / "pipeline/cli/describe.py"]
_START = r"(?:^|`|\b(?:run|then|in)[: ]+|&& |\$ )(?:\.venv/bin/)?"
_END = r"(?=`| {2,}#| {3,}|\s*(?:>|\||&&|\\)\s|\s*$|;)"
# What documents name as an example of a mistake, or what other programs define.
FOREIGN_VARIABLES = {
    "LAKE_URI",
    "LAKE_SERVICE_HOST",
    "AWS_ROLE_ARN",
    "GLACIER_IR",
    "DEEP_ARCHIVE",
    "RELEASE",
}


def page_id(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def code_words() -> frozenset[str]:
    """All identifiers of the files that are no documents."""
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    words: set[str] = set()
    for name in names:
        if not name.startswith(("tests/", "docs/")) and not name.endswith(".md"):
            text = (ROOT / name).read_text(
                encoding="utf-8", errors="replace"
            )  # fonts and images too
            words |= set(re.findall(r"\w+", text))
    return frozenset(words)


def named_commands(program: str) -> list[str]:
    """All commands of a program in the texts, without what a shell does with them."""
    names: set[str] = set()
    for page in TEXTS:
        for line in page.read_text(encoding="utf-8").splitlines():
            for command in re.findall(rf"{_START}({program}(?= ).*?){_END}", line.strip("| ")):
                names.add(re.sub(r"<\w+>", "1-1", command).rstrip("| "))
    return sorted(names)


def shell_blocks(page: Path) -> list[str]:
    return [
        re.sub(r"(?m)^ {3}", "", block)
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
    ]


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_shell_blocks_parse(page: Path) -> None:
    for block in shell_blocks(page):
        done = subprocess.run(
            ["sh", "-n"], input=block, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"


@pytest.mark.parametrize("page", ALL_PAGES, ids=page_id)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link, anchor in re.findall(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)", text):
        target = (page.parent / link).resolve() if link else page
        assert target.exists() or link.startswith("/"), link
        assert not anchor or link.startswith("/") or anchor in anchors(target), f"{link}#{anchor}"


@pytest.mark.parametrize("page", TEXTS, ids=page_id)
def test_named_files_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = set(
        re.findall(
            r"(?<![\w/.<>$-])((?:pipeline|reports|docs|docker|config|tests|benchmarks|\.github)/[\w./-]+\w)",
            text,
        )
    )
    lake = re.compile(
        r"reports/(monthly|cumulative|index|\.\.\.)|config/config\.env$|docs/decisions/NNNN"
    )
    missing = {name for name in paths if not (ROOT / name).exists() and not lake.match(name)}
    assert not missing
    modules = set(re.findall(r"`(\w+\.py)`", text))
    assert not {name for name in modules if not any(ROOT.glob(f"*/**/{name}"))}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_tables_from_the_code_are_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert with_tables(text) == text, "write them: python -m tests.support.documents"


@pytest.mark.parametrize("page", TEXTS, ids=page_id)
def test_named_settings_and_variables_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = set(known_overrides().values())
    keys = set(re.findall(r"`\[(\w+)\] ([a-z_-]+)", text))
    assert not {key for key in keys if (key[0], key[1].replace("-", "_")) not in known}
    variables = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", text))
    exist = set(known_overrides()) | set(OWN_SECRETS) | FOREIGN_VARIABLES | code_words()
    assert not variables - exist


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_named_classes_and_lake_folders_exist(page: Path) -> None:
    """Names in CamelCase are classes or tasks; folders with an underscore are the lake's."""
    text = page.read_text(encoding="utf-8")
    classes = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", text))
    assert not classes - code_words()
    layout = (ROOT / "pipeline/load/layout.py").read_text(encoding="utf-8")
    folders = set(re.findall(r"(?<![\w/])(_[a-z]+|versions|editions)/", text))
    assert not {name for name in folders if name not in layout}


def test_documents_name_commands() -> None:
    assert len(named_commands("pos")) > 20
    assert len(named_commands("luigi")) > 5


@pytest.mark.parametrize("command", named_commands("pos"))
def test_pos_takes_what_documents_give_it(command: str) -> None:
    words = shlex.split(command)[1:]
    if len(words) == 1:  # only named
        assert words[0] in cli.COMMANDS
        return
    if words[0] == "help":
        assert words[1] in (*cli.COMMANDS, "COMMAND")
        return
    words = ["c-1" if word in ("ID", "WINDOW") else word for word in words]
    if "--refetch" in words:
        words = [word.replace("c-1", "2026-10-30") for word in words]
    arguments, rest = cli.parser().parse_known_args(words)
    assert arguments.command_name in cli.COMMANDS
    assert not rest or arguments.command_name == "run"


@pytest.mark.parametrize("command", named_commands("luigi"))
def test_luigi_takes_what_documents_give_it(command: str) -> None:
    words = [word for word in shlex.split(command)[1:] if word not in ("...", "X", "TASK")]
    if len(words) > 2:
        assert words[:2] == ["--module", "pipeline"]
        with CmdlineParser.global_instance(words[2:]) as parsed:
            assert type(parsed.get_task_obj()).__module__.startswith(pipeline.tasks.__name__)


def test_run_and_make_have_what_documents_name() -> None:
    names = set()
    for page in TEXTS:
        names |= set(
            re.findall(r"(?m)(?:^|`)(\./run|make) ([a-z]+)\b(?=`| *$| +#| --)", page.read_text())
        )
    assert len(names) > 5
    for program, name in names:
        text = (ROOT / ("run" if program == "./run" else "Makefile")).read_text()
        assert re.search(rf"(?m)^{name}(\)|:)", text), f"{program} {name}"


def test_recipes_name_what_they_change() -> None:
    """Each recipe of CONTRIBUTING: the name that it changes is in the file that it names."""
    text = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    pairs = re.findall(r"`(\w+)`(?: or `(\w+)`)? in `([\w/]+\.py)`", text)
    assert len(pairs) >= 4
    for *names, path in pairs:
        code = (ROOT / path).read_text(encoding="utf-8")
        for name in filter(None, names):
            assert re.search(rf"(?m)^(class |def )?{name}\b", code), f"{name} in {path}"


def test_a_recipe_adds_a_combo() -> None:
    from pipeline.transform import read_menu

    menu = (ROOT / "config/menu.toml").read_text(encoding="utf-8")
    guide = (ROOT / "docs/menu.md").read_text(encoding="utf-8")
    (lunch,) = re.findall(r"```toml\n(\[\[combos\]\]\nname = .*?)```", guide, re.DOTALL)
    before = read_menu(menu, "menu.toml")
    after = read_menu(f"{menu}\n{lunch}", "menu.toml")
    assert len(after.combos) == len(before.combos) + 1


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
    assert settings <= set(known_overrides()) | set(OWN_SECRETS), "each variable is a setting"
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
