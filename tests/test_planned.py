"""The kept configuration: whole, one for the same content, and what commands read."""

from __future__ import annotations

from pathlib import Path

import pytest

from twist.errors import TwistError
from twist.planned import VARIABLE, config_folder, keep_configuration


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config" / "presets").mkdir(parents=True)
    (tmp_path / "config" / "config.yaml").write_text("settings: {}\n")
    (tmp_path / "config" / "presets" / "small.yaml").write_text("training: {passes: 3}\n")
    (tmp_path / "config" / "notes.txt").write_text("not YAML\n")
    return tmp_path / "config"


def test_the_same_content_is_kept_once(config: Path, tmp_path: Path) -> None:
    kept = keep_configuration(config, tmp_path / "kept")
    assert keep_configuration(config, tmp_path / "kept") == kept
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [kept.name]
    names = sorted(str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file())
    assert names == ["config.yaml", "presets/small.yaml"]
    (config / "presets" / "small.yaml").write_text("training: {passes: 4}\n")
    assert keep_configuration(config, tmp_path / "kept") != kept
    assert (kept / "presets" / "small.yaml").read_text() == "training: {passes: 3}\n"


def test_a_file_under_another_name_is_another_configuration(config: Path, tmp_path: Path) -> None:
    kept = keep_configuration(config, tmp_path / "kept")
    (config / "presets" / "small.yaml").rename(config / "presets" / "large.yaml")
    assert keep_configuration(config, tmp_path / "kept") != kept


def test_a_damaged_copy_is_mended(config: Path, tmp_path: Path) -> None:
    """As a power cut leaves it."""
    kept = keep_configuration(config, tmp_path / "kept")
    (kept / "presets" / "small.yaml").write_text("")
    (kept / "config.yaml").unlink()
    assert keep_configuration(config, tmp_path / "kept") == kept
    assert (kept / "presets" / "small.yaml").read_text() == "training: {passes: 3}\n"
    assert (kept / "config.yaml").read_text() == "settings: {}\n"


def test_links_are_followed_and_an_editors_files_are_not_looked_at(config: Path, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "mine.yaml").write_text("preset: small\n")
    (config / "datasets").symlink_to(tmp_path / "shared")
    (config / ".#config.yaml").symlink_to("someone@somewhere.123")
    kept = keep_configuration(config, tmp_path / "kept")
    assert (kept / "datasets" / "mine.yaml").read_text() == "preset: small\n"
    (config / "gone.yaml").symlink_to("nowhere")
    with pytest.raises(TwistError, match=r"gone\.yaml: No such file"):
        keep_configuration(config, tmp_path / "kept")


def test_commands_read_what_their_workflow_was_planned_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert config_folder() == Path("config")
    monkeypatch.setenv(VARIABLE, "kept/one")
    assert config_folder() == Path("kept/one")
