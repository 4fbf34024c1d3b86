"""What a result says about its making."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import twist
from twist import provenance


def test_versions_name_what_figures_depend_on() -> None:
    versions = provenance.versions()
    assert versions["twist"] == twist.__version__
    assert versions["numpy"] == np.__version__
    assert {"python", "torch", "scipy"} <= versions.keys()
    assert any(name.startswith("spconv") for name in versions)


def test_what_is_not_installed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "SPCONV_WHEELS", ("spconv-for-a-chip-to-come",))
    assert provenance.versions()["spconv"] is None


def test_facts_of_the_caller_stand_beside_those_found() -> None:
    facts = provenance.provenance(settings_fingerprint="0123", device="NVIDIA H200", wall_seconds=1.23456)
    assert (facts["settings"], facts["device"], facts["wall_seconds"]) == ("0123", "NVIDIA H200", 1.235)
    assert provenance.provenance()["wall_seconds"] is None


def test_what_models_were_trained_with_is_named_once() -> None:
    here, elsewhere = (provenance.training_provenance(device) for device in ("cpu", "NVIDIA H200"))
    facts = provenance.provenance(trained_with=[here, elsewhere, None, dict(here)])
    assert facts["trained_with"] == [here, elsewhere]
    assert "trained_with" not in provenance.provenance(trained_with=[None])


def test_no_revision_outside_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "twist" / "provenance.py"))
    assert provenance.git_revision() is None
    (tmp_path / ".git").mkdir()  # broken
    assert provenance.git_revision() is None


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_revision_says_whether_files_were_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*words: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        command = ["git", "-C", str(tmp_path), *identity, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "twist" / "provenance.py"))
    (tmp_path / "a").write_text("1")
    git("init", "--quiet")
    git("add", "a")
    git("commit", "--quiet", "--message", "first")
    git("tag", "v1")
    assert provenance.git_revision() == git("rev-parse", "HEAD")
    (tmp_path / "a").write_text("2")
    assert provenance.git_revision() == git("rev-parse", "HEAD") + "-dirty"
