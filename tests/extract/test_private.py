"""The pages of a fetch are this user's own: planted folders and links are refused."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.extract.private_folder import make_private
from tests.extract.small_shop import START, fetch_first_windows, numbers, shop
from tests.extract.test_resume import killed_walk

OTHER_USER = 4711
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other users")


def test_a_page_of_another_fetch_or_another_place_is_not_accepted(start, tmp_path: Path) -> None:
    """Frames that this user did write, moved to another file or another offset."""
    _, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    [folder] = tmp_path.glob("pages.*")
    journal = (folder / "journal").read_bytes()
    size = struct.unpack(">I", journal[:4])[0] + 20
    (folder / "journal").write_bytes(journal[size:])  # the second page as the first
    result = fetch_first_windows(source, 2, tmp_path)
    assert len(numbers(result)) == 96 and result.requests == 5
    killed_walk(source, tmp_path, 2, 3, "kept")
    [folder] = tmp_path.glob("pages.*")
    renamed = folder.with_name(folder.name[:-1] + chr(ord(folder.name[-1]) ^ 1))
    folder.rename(renamed)
    result = fetch_first_windows(source, 2, tmp_path)
    assert len(numbers(result)) == 96
    assert result.requests == 5, "the checksum covers the name of the journal too"


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_can_write_to_is_refused(start, tmp_path: Path, mode: int) -> None:
    server, source = start(shop(3))
    root = tmp_path / "state"
    root.mkdir()
    root.chmod(mode)
    with pytest.raises(ConfigError, match="can be written to by other users"):
        fetch_first_windows(source, 1, root)
    assert not server.requests and not list(root.iterdir())


@is_root
@pytest.mark.parametrize("mode", [0o777, 0o700])
def test_a_folder_of_another_user_is_refused(start, tmp_path: Path, mode: int) -> None:
    server, source = start(shop(3))
    root = tmp_path / "state"
    root.mkdir()
    os.chown(root, OTHER_USER, OTHER_USER)
    root.chmod(mode)
    with pytest.raises(ConfigError, match=f"belongs to user {OTHER_USER}"):
        fetch_first_windows(source, 1, root)
    assert not server.requests and not list(root.iterdir())
    root.rmdir()
    above = tmp_path / "above"
    above.mkdir()
    os.chown(above, OTHER_USER, OTHER_USER)
    with pytest.raises(ConfigError, match=f"belongs to user {OTHER_USER}"):
        fetch_first_windows(source, 1, above / "state")


def test_a_link_in_place_of_the_folder_is_refused(start, tmp_path: Path) -> None:
    server, source = start(shop(3))
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="is a link"):
        fetch_first_windows(source, 1, tmp_path / "state")
    assert not server.requests and not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("what", ["folder", "journal", "bucket"])
def test_links_within_the_folder_are_not_followed(start, tmp_path: Path, what: str) -> None:
    _, source = start(shop(96), limit=20)
    killed_walk(source, tmp_path, 2, 3, "kept")
    [folder] = tmp_path.glob("pages.*")
    target = tmp_path / "target"
    if what == "folder":
        folder.rename(target)
        folder.symlink_to(target)
    elif what == "journal":
        (folder / "journal").rename(target)
        (folder / "journal").symlink_to(target)
    else:
        target.write_bytes(b"")
        for bucket in folder.glob("bucket.*"):
            bucket.unlink()
            bucket.symlink_to(target)
    before = target.read_bytes() if target.is_file() else sorted(target.iterdir())
    result = fetch_first_windows(source, 2, tmp_path)
    assert sorted(numbers(result)) == [f"1-{n + 1000}" for n in range(96)]
    assert result.requests == (2 if what == "bucket" else 5)
    assert before == (target.read_bytes() if target.is_file() else sorted(target.iterdir()))


def test_a_folder_that_others_can_read_is_closed(tmp_path: Path) -> None:
    root = tmp_path / "state"
    root.mkdir(mode=0o755)
    assert make_private(root).stat().st_mode & 0o777 == 0o700


def test_a_folder_below_one_that_others_can_write_to_is_refused(tmp_path: Path) -> None:
    """Others could replace it; in a folder with the sticky bit, such as /tmp, they cannot."""
    above = tmp_path / "above"
    above.mkdir()
    above.chmod(0o1777)
    assert make_private(above / "state").is_dir()
    above.chmod(0o777)
    with pytest.raises(ConfigError, match="above can be written to by other users"):
        make_private(above / "state")


def test_a_link_in_place_of_a_bucket_is_not_read(
    start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.extract.page_journal.IN_MEMORY", 0)
    _, source = start(shop(96), limit=20)
    extracted = fetch_first_windows(source, 2, tmp_path / "state")
    bucket = max((tmp_path / "state").glob("pages.*/bucket.*"))
    bucket.rename(tmp_path / "target")
    bucket.symlink_to(tmp_path / "target")
    with pytest.raises(ConfigError, match="cannot be written"):
        numbers(extracted)
