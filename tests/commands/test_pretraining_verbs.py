"""The verbs `views` and `pretrain`: from prepared scans to a backbone, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.views.rooms import room_mesh
from twist.__main__ import main
from twist.files import write_npz
from twist.geometry.supervoxels import segment_mesh
from twist.network.model import load_tensors

CONFIG = str(Path(__file__).parents[2] / "config")
SETTINGS = (
    "{views: {per_scan: 6, min_points: 60}, pretraining: {iterations: 3}, network: {voxel_size_m: 0.3}}"
)


def make_views(folder: Path, *words: str, dataset: str = "tiny") -> int:
    arguments = ["views", "--config", CONFIG, "--dataset", dataset, "--override", SETTINGS]
    places = {"scene-dir": "scenes", "out-dir": "views", "manifest": "views/000.json"}
    for option, name in places.items():
        arguments += [f"--{option}", str(folder / name)]
    return main([*arguments, *words])


def pretrain(folder: Path) -> int:
    arguments = [
        "pretrain",
        "--device",
        "cpu",
        "--config",
        CONFIG,
        "--dataset",
        "tiny",
        "--override",
        SETTINGS,
    ]
    arguments += ["--method", "csc", "--data", str(folder), "--views", str(folder / "views/000.json")]
    return main([*arguments, "--work", str(folder / "work"), "--out", str(folder / "model.pt")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        scene = room_mesh(name)
        scene.save(tmp_path / "scenes" / f"{name}.npz")
        pieces = segment_mesh(scene.xyz, scene.faces, 0.01, 20)
        write_npz(tmp_path / "supervoxels" / f"{name}.npz", {"supervoxel": pieces})
    return tmp_path


def test_from_prepared_scans_to_a_backbone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_views(folder, "--scenes", "a", "b") == 0
    manifest = json.loads((folder / "views/000.json").read_text())
    assert [facts["views"] for facts in manifest.values()] == [6, 6]
    assert "2 scans, 12 views, " in capsys.readouterr().out
    assert pretrain(folder) == 0
    assert load_tensors(folder / "model.pt")["facts"] == {"method": "csc", "steps": 3, "seed": 0}


def test_scans_without_a_pair_are_left_out_and_said_to_be(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make_views(folder, "--scenes", "a", "b") == 0
    path = folder / "views/000.json"
    manifest = json.loads(path.read_text())
    manifest["b"]["pairs"] = 0
    path.write_text(json.dumps(manifest))
    (folder / "views/b.npz").unlink()
    assert pretrain(folder) == 0
    assert "1 of 2 scans have no pair of views that overlap" in capsys.readouterr().out
    manifest["a"]["pairs"] = 0
    path.write_text(json.dumps(manifest))
    assert pretrain(folder) == 1
    assert "no training scan has a pair of views that overlap" in capsys.readouterr().err


@pytest.mark.parametrize("dataset", ["tiny", "rooms-s3dis"])
def test_frames_are_asked_for_where_there_are_none(
    dataset: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--scenes", "a", "--override", "{views: {source: frames}}"]
    raw = ["--raw", str(folder)] if dataset == "rooms-s3dis" else []
    assert make_views(folder, *words, *raw, dataset=dataset) == 1
    assert "views.source: frames needs --raw with ScanNet's folders" in capsys.readouterr().err


def test_a_scan_that_is_not_prepared_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_views(folder, "--scenes", "c") == 1
    assert "c.npz does not exist; run `prepare` for scene c first" in capsys.readouterr().err


def test_a_damaged_manifest_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "views").mkdir()
    for content in ("[1]", '{"a": {}}', "{"):
        (folder / "views/000.json").write_text(content)
        assert pretrain(folder) == 1
        assert "000.json" in capsys.readouterr().err
