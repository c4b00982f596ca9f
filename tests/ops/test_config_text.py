"""What an editor saves in another encoding is read, or refused in one sentence."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest

from pipeline import settings
from pipeline.cli import check_text, main
from pipeline.errors import ConfigError, UnclearConfig
from pipeline.settings import environment
from pipeline.settings.run_context import new_run


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_a_byte_order_mark_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mark: bytes,
) -> None:
    path = tmp_path / "mine.cfg"
    path.write_bytes(mark + b"[pos]\n")
    monkeypatch.setenv("LUIGI_CONFIG_PATH", str(path))
    assert main(["status"]) == 2
    assert f"{path} begins with a byte order mark" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[pos]\n# año\n".encode("cp1252"), "line 2 is not UTF-8 text; save it as UTF-8"),
        (b"[pos]\nnot a setting\n", "cannot be read: Source contains parsing errors"),
        (b"[pos]\nnow =\n[pos]\n", "[line 3]: section 'pos' already exists"),
        (b"[shop]\ncurrency = MXN\ncurrency = USD\n", "[line 3]: option 'currency'"),
        (b"currency = MXN\n", "no section headers"),
    ],
)
def test_a_configuration_that_luigi_cannot_read_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: bytes,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("luigi.cfg").write_bytes(text)
    assert main(["status"]) == 2
    error = capsys.readouterr().err
    assert said in error and "luigi.cfg" in error and len(error.splitlines()) == 1


def test_capitals_tell_two_settings_apart_as_in_luigi(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[resources]\nKey = 1\nkey = 2\n")
    check_text(str(tmp_path / "luigi.cfg"))


@pytest.mark.parametrize("name", ["menu.toml", "goals.toml"])
def test_files_of_the_owner_may_have_a_mark_and_name_other_encodings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path, is_menu = tmp_path / name, name == "menu.toml"
    section, key = ("shop", "menu") if is_menu else ("report", "goals")
    table = "[items]\n" if is_menu else "[goals]\n"
    monkeypatch.setattr(getattr(settings.sections, section)(), key, str(path))
    path.write_bytes(codecs.BOM_UTF8 + f"{table}# año\n".encode())
    new_run()
    settings.plans()
    path.write_bytes(f"{table}# año\n".encode("cp1252"))
    new_run()
    with pytest.raises(ConfigError, match=rf"\[{section}\] {key} = .*{name}: line 2 is not UTF-8"):
        settings.plans()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_secrets_are_read_in_any_encoding_of_their_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOYVERSE_TOKEN", "")
    monkeypatch.delenv("LOYVERSE_TOKEN")
    environment.PRIVATE_FILE.parent.mkdir()
    environment.read_private_file()
    environment.PRIVATE_FILE.write_bytes("LOYVERSE_TOKEN=secret\n# contraseña\n".encode(encoding))
    environment.read_private_file()
    assert settings.token("loyverse") == "secret"
    monkeypatch.setattr("os.access", lambda _, mode: mode == os.F_OK)
    with pytest.raises(UnclearConfig, match="this user may not read it; run as its owner"):
        settings.check_folder()
