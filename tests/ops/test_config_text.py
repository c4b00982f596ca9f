"""A configuration that an editor saved with a byte order mark is refused in one sentence."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from pipeline.cli import main


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
