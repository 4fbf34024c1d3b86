"""What is loaded runs no code, and names reach neither a shell nor a file outside their folder."""

from __future__ import annotations

import ast
import hashlib
import io
import pickle
import shlex
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.test_architecture import imports_of
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.files import plain_names, read_names, read_npz
from twist.formats.results import read_predictions
from twist.formats.submission import open_submission
from twist.learning.state import StateFolder
from twist.network.model import Model
from twist.preparation import scene_names
from twist.regions import Regions
from twist.scene import Scene
from twist.selftraining.pseudolabels import PseudoLabels

PACKAGE = Path(__file__).resolve().parents[1] / "twist"


class Trap:
    """Whoever unpickles it makes a file."""

    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self) -> Any:
        return Path.touch, (self.sign,)


def test_the_trap_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()


# --- checkpoints, states, arrays --------------------------------------------------------------------


def as_pickle(trap: Trap) -> bytes:
    return pickle.dumps(trap)


def as_checkpoint(trap: Trap) -> bytes:
    buffer = io.BytesIO()
    torch.save({"format": "twist-model-1", "weights": {"a": torch.zeros(3)}, "facts": trap}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("disguise", [as_pickle, as_checkpoint])
def test_a_model_runs_no_code(disguise: Callable[[Trap], bytes], tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(disguise(Trap(tmp_path / "sprung")))
    with pytest.raises(TwistError, match=r"model\.pt is damaged or not a file of tensors"):
        Model.load(tmp_path / "model.pt")
    assert not (tmp_path / "sprung").exists()


def test_a_state_with_a_right_checksum_runs_no_code(tmp_path: Path) -> None:
    payload = as_checkpoint(Trap(tmp_path / "sprung"))
    head = b"twist-state-1\n" + hashlib.sha256(payload).hexdigest().encode() + b"\n"
    (tmp_path / "state.0").write_bytes(head + payload)
    said: list[str] = []
    assert StateFolder(tmp_path, {}, said.append).load() is None
    assert "state.0: saved state is damaged or not a file of tensors" in said[0]
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("load", [read_npz, Scene.load, PseudoLabels.load, Regions.load])
@pytest.mark.parametrize("packed", [True, False])
def test_arrays_run_no_code(load: Callable[[Path], Any], packed: bool, tmp_path: Path) -> None:
    path, names = tmp_path / "scene.npz", ("xyz", "semantic", "instance", "weight", "index", "offsets")
    content = np.array([Trap(tmp_path / "sprung")], dtype=object)
    if packed:
        np.savez(path, **dict.fromkeys(names, content), allow_pickle=True)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(TwistError, match=r"scene\.npz is damaged"):
        load(path)
    assert not (tmp_path / "sprung").exists()


# --- archives ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", ["../outside.txt", "/etc/hostname", "a/../../outside.txt"])
def test_a_submission_reads_nothing_outside_itself(mask: str, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("1\n1\n")
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as archive:
        archive.writestr("scene0000_00.txt", f"{mask} 3 0.5\n")
        archive.writestr(mask, "1\n1\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "scene0000_00.txt").write_text(f"{mask} 3 0.5\n")
    for place in ("own.zip", "folder"):
        with (
            open_submission(tmp_path / place) as root,
            pytest.raises(TwistError, match=r"scene0000_00\.txt:1"),
        ):
            read_predictions(root / "scene0000_00.txt", 2, SCANNET)


def calls_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {ast.unparse(node.func).split(".")[-1] for node in ast.walk(tree) if isinstance(node, ast.Call)}


def keywords_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg)
    return {f"{node.arg}={ast.unparse(node.value)}" for node in nodes}


def test_the_package_unpacks_unpickles_and_evaluates_nothing() -> None:
    """No archive is ever extracted, so none can write; the other calls would run what a file says."""
    forbidden = {"extractall", "unpack_archive", "system", "popen", "exec", "unsafe_load"}
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        unpacks = {"extract"} if "zipfile" in text or "tarfile" in text else set()
        assert not calls_of(path) & (forbidden | unpacks), path
        assert "pickle.load" not in text, path
        assert not keywords_of(path) & {"shell=True", "allow_pickle=True", "weights_only=False"}, path


def test_the_package_downloads_nothing() -> None:
    """What a run needs lies in its folders; published lists are known by their hash (test_splits.py)."""
    network = {"urllib.request", "http", "http.client", "ftplib", "socket", "ssl", "requests", "httpx"}
    for path in PACKAGE.rglob("*.py"):
        imports = {name for name in imports_of(path, everywhere=True) if not name.startswith("twist.")}
        assert not {".".join(name.split(".")[:n]) for name in imports for n in (1, 2)} & network, path


# --- names ------------------------------------------------------------------------------------------

HOSTILE = (
    "two words", "it's", 'say "no"', "a;touch sprung", "$(touch sprung)", "`touch sprung`", "a&b", "a|b",
    "-rf", "--out", "../outside", "..", ".hidden", "/etc/passwd", "a/b", "a\\b", "a\nb", "a\0b", "*", "~",
    "{x}", "",
)  # fmt: skip
HARMLESS = ("scene0000_00", "Area_1_office_1", "büro-2", "教室_1", "room.v2")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_means_something_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(TwistError, match="is no scene name") as error:
        plain_names(["scene0000_00", name], "list.txt")
    assert "\n" not in str(error.value)


def test_names_of_any_script_are_taken(tmp_path: Path) -> None:
    assert plain_names(HARMLESS, "list.txt") == HARMLESS
    (tmp_path / "list.txt").write_text("\n".join(HARMLESS), encoding="utf-8")
    assert read_names(tmp_path / "list.txt") == HARMLESS


@pytest.mark.parametrize("name", HARMLESS)
def test_a_plain_name_is_one_word_to_a_shell(name: str) -> None:
    said = subprocess.run(["sh", "-c", f"printf %s {name}"], capture_output=True, text=True, check=True)
    assert said.stdout == name
    assert shlex.quote(name) == name or not name.isascii()


def test_lists_and_command_lines_refuse_names_that_leave_their_folder(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("scene0000_00\n../../outside\n")
    with pytest.raises(TwistError, match=r"list\.txt: '\.\./\.\./outside' is no scene name"):
        read_names(tmp_path / "list.txt")
    with pytest.raises(TwistError, match=r"list\.txt: '\.\./\.\./outside' is no scene name"):
        scene_names([], tmp_path / "list.txt")
    with pytest.raises(TwistError, match="--scenes: '/etc/passwd' is no scene name"):
        scene_names(["/etc/passwd"], None)
