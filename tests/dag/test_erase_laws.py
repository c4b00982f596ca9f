"""What `pos erase` refuses has changed nothing, and after an erasure every command works.

The keys of the lake and of the settings change between the commands.
"""

from __future__ import annotations

import random
import secrets
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.maintenance.erase import pseudonym
from pipeline.tasks import Nightly, Rebuild
from pipeline.tasks.backfill import Backfill
from pipeline.tasks.raw import Rescan
from tests.dag.in_process import FIRST, LAST, NOW, InProcessRun, content, local
from tests.dag.test_erase import CUSTOMER, Erasing, everywhere
from tests.dag.test_verify import dates, in_process
from tests.support.inputs import tries

pytestmark = pytest.mark.slow
KEYS = {"none": None, "first": secrets.token_hex(16), "second": secrets.token_hex(16)}
LATER = NOW + timedelta(days=1)


class KeyedLake(Erasing):
    """A lake of two runs under a key of KEYS, and the commands with a key that may be another."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, key: str):
        self.shop = InProcessRun(folder, local(folder / "lake"), monkeypatch)
        self._patch, self.customer, self.other = monkeypatch, CUSTOMER, "another"
        self.use_key(key)
        self.shop.prepare(f"erase-laws-{key}", self.run_days)
        self.sell_until(LATER)
        self.is_erased, self._rescans = False, 0

    def use_key(self, name: str) -> None:
        if value := KEYS[name]:
            self._patch.setenv("CUSTOMER_HASH_KEY", value)
        else:
            self._patch.delenv("CUSTOMER_HASH_KEY", raising=False)

    def erase(self, *options: str) -> int:
        in_process(self.shop, self._patch, "erase", lambda command: Rebuild(**dates(command)))
        before = content(self.shop.storage())
        with self.shop.process():
            code = main(["erase", "--customer", self.customer, *options])
        assert code in {0, 2}
        if code or options:
            assert content(self.shop.storage()) == before, "nothing was written"
        else:
            self.is_erased = True
        return code

    def accept_key(self) -> int:
        before = content(self.shop.storage())
        with self.shop.process():
            code = main(["lake", "--accept-key"])
        assert code == 0 or content(self.shop.storage()) == before
        return code

    def read_again(self) -> bool:
        """Whether a run, a rescan and a backfill, which fetch receipts again, go well."""
        self._rescans += 1
        rescan = Rescan(date=LAST, days=2, requested_at=f"20261101T12{self._rescans:04}")
        return all(
            self.shop.run_nightly(make=make)
            for make in (Nightly, lambda: rescan, lambda: Backfill(first=FIRST, last=LAST))
        )

    @property
    def traces(self) -> list[str]:
        """Where the customer stands, under each key."""
        hashed = [pseudonym(self.customer, key.encode()) for key in KEYS.values() if key]
        return everywhere(self.shop.storage(), [self.customer, *hashed])


@pytest.mark.parametrize(
    ("recorded", "used"),
    [
        ("none", "none"),
        ("none", "first"),
        ("first", "none"),
        ("first", "first"),
        ("first", "second"),
    ],
)
def test_a_refused_erasure_changes_nothing_and_says_what_to_do(
    recorded: str,
    used: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lake = KeyedLake(tmp_path, monkeypatch, recorded)
    lake.use_key(used)
    is_allowed = recorded == used != "none"
    assert (lake.erase("--dry-run") == 0) == is_allowed
    listed = capsys.readouterr()
    assert "windows name the customer" in listed.out
    objects = [line.split(": ")[0] for line in listed.out.splitlines() if " of window " in line]
    assert sorted(objects) == sorted(set(objects)), "an object of two dates is listed once"
    assert (lake.erase() == 0) == is_allowed
    refused = capsys.readouterr().err
    if not is_allowed:
        assert refused in listed.err, "a dry run says it too"
        assert ("pos lake --accept-key" in refused) == ((recorded == "none") or used != "none")
        lake.use_key("first" if recorded == "none" else recorded)
        assert lake.accept_key() == 0
        assert lake.erase() == 0
    assert lake.traces == []
    assert lake.read_again()
    assert lake.traces == []
    assert lake.shop.verify(deep=True) == []


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("inputs/labour.csv", b"date,store,hours,wages\n2026-10-30,\xff,1,2\n"),
        ("inputs/labour.csv", b"day,hours\n"),
    ],
    ids=["encoding", "heading"],
)
def test_what_the_rebuild_would_refuse_is_refused_before_raw_is_changed(
    key: str,
    data: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lake = KeyedLake(tmp_path, monkeypatch, "first")
    lake.shop.storage().put(key, data)
    assert lake.erase("--dry-run") == 2
    assert lake.erase() == 2
    assert key in capsys.readouterr().err
    lake.shop.storage().remove(key)
    assert lake.erase() == 0
    assert lake.traces == []


@pytest.mark.parametrize(
    "words",
    [["retain", "--months", "3"], ["rebuild", "--from", "2026-10", "--to", "2026-10"]],
    ids=lambda words: words[0],
)
def test_other_commands_of_maintenance_refuse_another_key_before_they_change_anything(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lake = KeyedLake(tmp_path, monkeypatch, "first")
    lake.use_key("second")
    before = content(lake.shop.storage())
    with lake.shop.process():
        assert main(words) == 2
    assert "CUSTOMER_HASH_KEY is another one" in capsys.readouterr().err
    assert content(lake.shop.storage()) == before


def walk(lake: KeyedLake, choices: random.Random) -> list[str]:
    """Commands under keys that change; returns the steps."""
    steps = []
    while len(steps) < 9:
        step = choices.choice(["erase", "accept", "read", *KEYS])
        steps.append(step)
        if step in KEYS:
            lake.use_key(step)
        elif step == "accept":
            lake.accept_key()
        elif step == "read":
            before = content(lake.shop.storage())
            if not lake.read_again():
                assert content(lake.shop.storage()) == before, steps
        elif lake.erase() == 0:
            assert lake.read_again(), steps
        assert not lake.is_erased or lake.traces == [], steps
    return steps


@pytest.mark.parametrize("seed", range(tries(2, 12)))
def test_whatever_is_done_with_the_keys_an_erased_customer_stays_erased(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices = random.Random(tries(str(seed), secrets.token_hex(8)))
    lake = KeyedLake(tmp_path, monkeypatch, choices.choice([*KEYS]))
    walk(lake, choices)


def test_an_erasure_that_waits_for_a_key_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The set-up of `pos init` has no key: a new one is accepted first, and months are rebuilt."""
    lake = KeyedLake(tmp_path, monkeypatch, "none")
    assert lake.erase() == 2
    lake.use_key("first")
    assert lake.erase() == 2
    assert lake.read_again() is False
    assert lake.accept_key() == 0 == lake.erase()
    lake.use_key("none")
    assert lake.accept_key() == 2, "the list of the erased customers needs its key"
    assert lake.erase() == 2
    assert lake.traces == []
