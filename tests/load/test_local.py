"""The local folder under harm: killed writers, full disk, missing rights, foreign files."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, Conflict, StorageRefused, StorageUnavailable
from pipeline.load import Stat, Storage, local_files, open_storage
from pipeline.load.local import LocalStorage
from tests.load.processes import join, start
from tests.load.test_races import stops


def in_child(action: Callable[[], None]) -> int:
    """The exit code of a child that does `action`."""
    child = start(action)
    return join(child)


def drafts(storage: Storage) -> list[str]:
    return [path.name for path in (storage.root / ".writing").iterdir() if path.name != "lock"]


def test_drafts_are_private_and_objects_obey_the_umask(folder: Storage) -> None:
    before = os.umask(0o027)
    try:
        folder.put("a/k", b"1")
    finally:
        os.umask(before)
    assert (folder.root / ".writing").stat().st_mode & 0o777 == 0o700
    assert (folder.root / "a/k").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_a_new_lake_is_for_its_owner_only_and_an_old_one_keeps_its_mode(
    tmp_path: Path, umask: int
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old").chmod(0o750)
    before = os.umask(umask)
    try:
        open_storage(str(tmp_path / "above/new")).put("a/k", b"1")
        open_storage(str(tmp_path / "old")).put("a/k", b"1")
    finally:
        os.umask(before)
    assert (tmp_path / "above/new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "old").stat().st_mode & 0o777 == 0o750


@pytest.fixture
def steps(folder: Storage, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What a write syncs, makes, moves and removes, in order; paths below the lake's parent."""
    taken: list[tuple[str, str]] = []
    sync, move, make, unlink = os.fsync, Path.replace, Path.mkdir, Path.unlink

    def note(action: str, path: Path) -> None:
        name = str(path.relative_to(folder.root.parent))
        taken.append((action, "draft" if "/.writing/" in name else name))

    def fsync(handle: int) -> None:
        note("sync", Path(f"/proc/self/fd/{handle}").readlink())
        sync(handle)

    def replace(path: Path, target: Path) -> Path:
        note("move to", target)
        return move(path, target)

    def mkdir(path: Path, *arguments: object, **named: object) -> None:
        note("make", path)
        make(path, *arguments, **named)

    def remove(path: Path, *arguments: object, **named: object) -> None:
        note("remove", path)
        unlink(path, *arguments, **named)

    monkeypatch.setattr("pipeline.load.local.os.fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr(Path, "unlink", remove)
    return taken


def test_a_write_is_on_the_disk_before_its_name_and_its_name_before_it_is_acknowledged(
    folder: Storage, steps: list[tuple[str, str]]
) -> None:
    root = folder.root.name
    folder.put("a/b/k", b"1")
    written = steps[steps.index(("sync", "draft")) :]
    assert written == [
        ("sync", "draft"),
        ("make", f"{root}/a"),
        ("sync", root),
        ("make", f"{root}/a/b"),
        ("sync", f"{root}/a"),
        ("move to", f"{root}/a/b/k"),
        ("sync", f"{root}/a/b"),
    ]
    steps.clear()
    folder.put("a/b/k", b"2")
    assert steps == [
        ("sync", "draft"),
        ("move to", f"{root}/a/b/k"),
        ("sync", f"{root}/a/b"),
    ]


def test_a_new_lake_is_in_its_folder_on_the_disk(
    folder: Storage, steps: list[tuple[str, str]]
) -> None:
    root = folder.root.name
    folder.put("k", b"1")
    built = steps.index(("make", root))
    assert steps[built + 1] == ("sync", "."), "the folder that holds the lake"


def test_a_removal_is_on_the_disk_before_it_is_acknowledged(
    folder: Storage, steps: list[tuple[str, str]]
) -> None:
    folder.put("a/k", b"1")
    steps.clear()
    folder.remove("a/k")
    root = folder.root.name
    assert steps == [("remove", f"{root}/a/k"), ("sync", f"{root}/a")]


def test_a_killed_writer_leaves_no_object_and_its_draft_goes_at_the_next_start(
    folder: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("k", b"old")

    def die() -> None:
        monkeypatch.setattr("pathlib.Path.replace", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        open_storage(str(folder.root)).put("k", b"new")

    assert in_child(die) == -signal.SIGKILL
    assert folder.get("k") == b"old"
    assert [stat.key for stat in folder.list()] == ["k"]
    assert len(drafts(folder)) == 1
    open_storage(str(folder.root)).put("k2", b"1")
    assert drafts(folder) == []


def test_a_draft_that_is_being_written_is_not_removed(folder: Storage) -> None:
    folder.put("k", b"1")
    draft = folder.root / ".writing" / "1-1"
    with draft.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        open_storage(str(folder.root)).put("k2", b"1")
        assert draft.exists()
    open_storage(str(folder.root)).put("k3", b"1")
    assert not draft.exists()


def test_the_lock_of_a_killed_writer_is_free(folder: Storage) -> None:
    folder.put("k", b"1")

    def hold() -> None:
        handle = os.open(folder.root / ".writing" / "lock", os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(hold) == -signal.SIGKILL
    started = time.monotonic()
    folder.put("k", b"2")
    assert time.monotonic() - started < 20


def test_compare_and_rename_are_one_step(folder: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the look made slow, writers that did not wait for each other would all find the key
    free.
    """
    look = LocalStorage._current

    def slowly(self: LocalStorage, key: str) -> Stat | None:
        result = look(self, key)
        time.sleep(0.02)
        return result

    monkeypatch.setattr(LocalStorage, "_current", slowly)

    def claim(number: int) -> bool:
        try:
            folder._write("k", b"%d" % number, True, None)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(claim, range(6))) == 1


@pytest.mark.parametrize("size", [4_000, 100_000])
def test_a_full_disk_is_reported_and_publishes_nothing(folder: Storage, size: int) -> None:
    folder.put("k", b"old")

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
        with pytest.raises(
            StorageRefused,
            match=r"cannot write .*/k: the file size limit is reached; make room and run again",
        ):
            folder.put("k", b"x" * size)
        assert not drafts(folder)

    assert in_child(fill) == 0
    assert folder.get("k") == b"old"


@pytest.mark.skipif(
    os.getuid() != 0 or not Path("/proc").exists(), reason="needs the right to become another user"
)
def test_a_missing_right_is_reported(folder: Storage) -> None:
    folder.put("a/k", b"1")
    (folder.root / "a/k").chmod(0o600)
    for above in folder.root.parents:
        if above.stat().st_mode & 0o011 != 0o011:
            above.chmod(above.stat().st_mode | 0o011)

    def try_all() -> None:
        os.setuid(65534)
        with pytest.raises(
            StorageRefused,
            match=(
                r"cannot read .*/a/k: permission is denied; give this user permission to read there"
            ),
        ):
            folder.get("a/k")
        with pytest.raises(StorageRefused, match=r"cannot write .*/b: permission is denied"):
            folder.put("b", b"1")

    assert in_child(try_all) == 0
    (folder.root / "a").chmod(0o000)

    def try_listing() -> None:
        os.setuid(65534)
        with pytest.raises(StorageRefused, match=r"cannot list"):
            list(folder.list("a/"))

    assert in_child(try_listing) == 0


def test_foreign_files_links_and_folders_do_not_confuse(folder: Storage, tmp_path: Path) -> None:
    folder.put("a/k", b"1")
    (tmp_path / "outside").write_bytes(b"secret")
    (folder.root / "a" / "link").symlink_to(tmp_path / "outside")
    (folder.root / "a" / "loop").symlink_to(folder.root)
    (folder.root / "a" / "empty").mkdir()
    (folder.root / "data (1).parquet").write_bytes(b"x")
    (folder.root / os.fsdecode(b"bad\xff")).write_bytes(b"x")
    assert [stat.key for stat in folder.list()] == [
        "a/k",
        os.fsdecode(b"bad\xff"),
        "data (1).parquet",
    ]
    assert folder.head("a") is None
    assert folder.head("a/k/below") is None
    assert folder.head("a/empty") is None


def test_a_key_below_an_object_is_refused(folder: Storage) -> None:
    folder.put("a", b"1")
    with pytest.raises(StorageRefused, match=r"cannot write .*/a/b"):
        folder.put("a/b", b"1")
    folder.put("c/d", b"1")
    with pytest.raises(StorageRefused, match=r"cannot write .*/c"):
        folder.put("c", b"1")


def test_a_lake_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lake").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"is a file; name a folder"):
        open_storage(str(tmp_path / "lake"))


def test_nothing_is_made_by_looking(folder: Storage) -> None:
    assert list(folder.list()) == []
    assert folder.head("k") is None
    assert not folder.root.exists()


def test_a_process_that_is_stopped_while_it_holds_the_lock_is_named(folder: LocalStorage) -> None:
    """Others wait a while, say whom to wake or end, and go on when that is done; what they would
    have written is not there.
    """
    folder.put("k", b"1")
    folder.lock_seconds = 0.2

    def hold() -> None:
        with folder._locked():
            os.kill(os.getpid(), signal.SIGSTOP)

    for cure in (signal.SIGCONT, signal.SIGKILL):
        holder = start(hold)
        assert stops(holder)
        with pytest.raises(StorageUnavailable, match=rf"process {holder.pid} on .*kill -CONT"):
            folder.put("k", b"2")
        assert folder.get("k") == b"1"
        assert not drafts(folder)
        os.kill(holder.pid, cure)
        join(holder)
        folder.put("k", b"1")


def test_nobody_is_named_who_has_let_go_of_the_lock(folder: LocalStorage) -> None:
    folder.put("k", b"1")
    folder.lock_seconds = 0.05
    with (folder.root / ".writing/lock").open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(StorageUnavailable, match="process unknown has held the lock"):
            folder.put("k", b"2")


def test_threads_that_begin_a_lake_together_do_not_take_it_for_a_vanished_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that has seen no lake goes on after another one has begun it."""
    storage = open_storage(str(tmp_path / "lake"))
    first, begun = threading.Event(), threading.Event()
    is_dir = Path.is_dir

    def slow_is_dir(path: Path) -> bool:
        seen = is_dir(path)
        if path.name == ".writing" and not first.is_set():
            first.set()
            assert begun.wait(60)
        return seen

    monkeypatch.setattr(Path, "is_dir", slow_is_dir)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(storage.put, "late", b"1")
        assert first.wait(60)
        storage.put("early", b"2")
        begun.set()
        late.result()
    assert storage.get("late") == b"1"


def test_a_draft_that_another_process_removes_at_the_same_time_is_no_error(
    folder: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("k", b"1")
    draft = folder.root / ".writing" / "1-1"
    draft.write_bytes(b"")
    take = local_files.take
    monkeypatch.setattr(
        local_files, "take", lambda handle: draft.unlink(missing_ok=True) or take(handle)
    )
    open_storage(str(folder.root)).put("k2", b"1")
    assert drafts(folder) == []
