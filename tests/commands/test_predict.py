"""predict: scans of several formats, units and verticals, with the same answer; and scans that are none."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.raw_scans import ply_bytes
from tests.scan_files import pcd_bytes
from tests.synthetic import CHAIR, FLOOR, tiny_settings
from twist.__main__ import main
from twist.classes import SCANNET
from twist.formats.ply import read_ply
from twist.inspection.frame import AXES
from twist.network.extraction import Extraction, FeatureExtraction
from twist.network.model import Model
from twist.regions import Regions

N = 60


def landscape() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A floor of 4.2 x 4.2 m with a block on it, a point every 7 cm: (P, 3) metres, (P, 3) uint8, (F, 3)."""
    side = np.arange(N) * 0.07
    x, y = (grid.ravel() for grid in np.meshgrid(side, side, indexing="ij"))
    block = (np.abs(x - 2) < 0.6) & (np.abs(y - 2) < 0.6)
    xyz = np.stack([x, y, 0.5 * block], axis=1).astype(np.float32)
    corner = (np.arange(N - 1)[:, None] * N + np.arange(N - 1)).ravel()
    faces = np.concatenate(
        [[corner, corner + N, corner + 1], [corner + N, corner + N + 1, corner + 1]], axis=1
    )
    rgb = np.where(block[:, None], [200, 40, 40], [90, 100, 110]).astype(np.uint8)
    return xyz, rgb, faces.T.astype(np.int32)


XYZ, RGB, FACES = landscape()
BLOCK = XYZ[:, 2] > 0


def ply(xyz: np.ndarray = XYZ) -> bytes:
    vertex = dict(zip("xyz", xyz.T.astype(np.float32), strict=True))
    return ply_bytes(vertex | dict(zip(("red", "green", "blue"), RGB.T, strict=True)), FACES)


def double_ply(xyz: np.ndarray) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(xyz)}"]
    lines += [*(f"property double {axis}" for axis in "xyz"), "end_header", ""]
    return "\n".join(lines).encode() + xyz.astype("<f8").tobytes()


def text(xyz: np.ndarray = XYZ) -> bytes:
    return "".join(" ".join(repr(float(value)) for value in row) + "\n" for row in xyz).encode()


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that takes for a chair what is 20 cm above the floor: it needs the right unit and vertical."""

    def by_height(self: FeatureExtraction, features: torch.Tensor, *_: object) -> Extraction:
        logits = torch.zeros(len(features), len(SCANNET))
        logits[:, FLOOR] = 9
        logits[features[:, 0] > 0.2, CHAIR] = 18
        return Extraction(torch.zeros(len(features), 4), logits, torch.zeros(len(features), 3))

    monkeypatch.setattr(FeatureExtraction, "forward", by_height)
    return save_model(tmp_path / "model.pt")


def save_model(path: Path, **facts: Any) -> Path:
    settings = tiny_settings(network={"features": ["height"]})
    Model(settings.network, SCANNET).save(
        path, **{"settings": settings.to_dict(), "spacing_m": None, **facts}
    )
    return path


def predict(folder: Path, name: str, data: bytes, *words: str) -> tuple[Regions, list[dict[str, str]]]:
    """The regions and the rows of the table that are found in a file."""
    (folder / name).write_bytes(data)
    assert (
        main(
            [
                "predict",
                str(folder / name),
                "--model",
                str(folder / "model.pt"),
                "--out",
                str(folder / "out"),
                *words,
            ]
        )
        == 0
    )
    assert (folder / "out" / "viewer.html").is_file()
    with open(folder / "out" / "instances.csv", encoding="utf-8") as handle:
        return Regions.load(folder / "out" / "predictions.npz"), list(csv.DictReader(handle))


def refusal(folder: Path, name: str, data: bytes, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that a scan is refused with; nothing is written."""
    (folder / name).write_bytes(data)
    out = folder / "out"
    assert (
        main(["predict", str(folder / name), "--model", str(folder / "model.pt"), "--out", str(out), *words])
        == 1
    )
    error = capsys.readouterr().err
    assert error.startswith("twist predict: ")
    assert error.count("\n") == 1
    assert not out.exists()
    return error


def assert_finds_the_block(regions: Regions, rows: list[dict[str, str]], scale: float = 1.0) -> None:
    assert [sorted(regions[k].tolist()) for k in range(len(regions))] == [np.flatnonzero(BLOCK).tolist()]
    assert [(row["class"], int(row["points"])) for row in rows] == [("chair", int(BLOCK.sum()))]
    assert regions.size_of_scene == len(XYZ)
    low, high = XYZ[BLOCK].min(axis=0) * scale, XYZ[BLOCK].max(axis=0) * scale
    np.testing.assert_allclose([float(rows[0][f"min_{axis}"]) for axis in "xyz"], low, atol=1e-3 * scale)
    np.testing.assert_allclose([float(rows[0][f"max_{axis}"]) for axis in "xyz"], high, atol=1e-3 * scale)


# --- kinds of input ------------------------------------------------------------------------------


def test_a_coloured_mesh(tmp_path: Path, model: Path) -> None:
    assert_finds_the_block(*predict(tmp_path, "scan.ply", ply()))
    painted = read_ply(tmp_path / "out" / "instances.ply")
    np.testing.assert_array_equal(painted.xyz, XYZ)
    np.testing.assert_array_equal(painted.faces, FACES)
    np.testing.assert_array_equal(painted.vertex["instance"], np.where(BLOCK, 0, -1))
    chair, floor = SCANNET.label_ids[CHAIR], SCANNET.label_ids[FLOOR]
    np.testing.assert_array_equal(painted.vertex["label"], np.where(BLOCK, chair, floor))
    assert len(np.unique(painted.rgb[BLOCK], axis=0)) == 1
    np.testing.assert_array_equal(painted.rgb[~BLOCK], 255 - (255 - RGB[~BLOCK]) // 2)
    facts = json.loads((tmp_path / "out" / "scan.json").read_text())
    assert {key: facts[key] for key in ("scan", "unit", "up", "points", "instances")} == {
        "scan": "scan.ply", "unit": "m", "up": "z", "points": len(XYZ), "instances": 1
    }  # fmt: skip


@pytest.mark.parametrize("encoding", ["ascii", "binary", "binary_compressed"])
def test_a_coloured_point_cloud(tmp_path: Path, model: Path, encoding: str) -> None:
    assert_finds_the_block(*predict(tmp_path, "scan.pcd", pcd_bytes(XYZ, RGB, encoding)))


def test_coordinates_alone(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert_finds_the_block(*predict(tmp_path, "scan.xyz", text()))
    told = capsys.readouterr().out
    assert "note: no colours" in told
    assert "note: no faces: normals are estimated" in told
    assert "1 instances (1 chair)" in told


def test_a_file_under_a_wrong_name(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert_finds_the_block(*predict(tmp_path, "scan.pcd", ply()))
    assert "note: the file is PLY, though its name says PCD" in capsys.readouterr().out


def test_millimetres_with_y_upwards(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Results stand in the file's own unit and axes."""
    turned = XYZ * 1000 @ np.array(AXES["y"], np.float32)
    regions, rows = predict(tmp_path, "scan.ply", ply(turned), "--up", "y")
    assert regions[0].tolist() == np.flatnonzero(BLOCK).tolist()
    assert float(rows[0]["centre_y"]) == pytest.approx(500)
    assert float(rows[0]["max_z"]) == pytest.approx(-1000 * XYZ[BLOCK, 1].min(), abs=0.01)
    assert "note: taken as millimetres" in capsys.readouterr().out
    assert_finds_the_block(*predict(tmp_path, "scan.ply", ply(XYZ * 1000)), scale=1000)


def test_a_wrong_unit_that_is_given_is_believed(tmp_path: Path, model: Path) -> None:
    assert len(predict(tmp_path, "scan.ply", ply(), "--unit", "cm")[0]) == 0


@pytest.mark.parametrize("name", ["scan.ply", "scan.txt"])
def test_coordinates_of_a_survey_keep_their_millimetres(tmp_path: Path, model: Path, name: str) -> None:
    """Half a million metres east, four million north: nothing is rounded on the way in or out."""
    origin = np.array([500_000.123, 4_000_000.456, 120.0])
    far = XYZ.astype(np.float64) + origin
    regions, rows = predict(tmp_path, name, text(far) if name == "scan.txt" else double_ply(far))
    assert regions[0].tolist() == np.flatnonzero(BLOCK).tolist()
    low = [float(rows[0][f"min_{axis}"]) for axis in "xyz"]
    np.testing.assert_allclose(low, far[BLOCK].min(axis=0), rtol=0, atol=1e-4)
    written = read_ply(tmp_path / "out" / "instances.ply").columns("x", "y", "z")
    np.testing.assert_array_equal(written, far)


def test_a_spacing_below_zero_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["predict", "scan.ply", "--model", "model.pt", "--out", str(tmp_path), "--spacing=-1"])
    assert "'-1' is not a distance in metres, 0 or more" in capsys.readouterr().err


def test_a_scan_denser_than_the_training_is_thinned_and_every_point_answered(
    tmp_path: Path, model: Path
) -> None:
    save_model(model, spacing_m=0.12)
    regions, rows = predict(
        tmp_path, "scan.ply", ply(), "--override", "prediction: {min_points: 5}\nproposals: {radius_m: 0.4}"
    )
    assert_finds_the_block(regions, rows)
    facts = json.loads((tmp_path / "out" / "scan.json").read_text())
    assert facts["points_taken"] < facts["points"] / 4
    predict(tmp_path, "scan.ply", ply(), "--spacing", "0")
    assert json.loads((tmp_path / "out" / "scan.json").read_text())["points_taken"] == len(XYZ)


def test_tiles_change_nothing_here(tmp_path: Path, model: Path) -> None:
    limits = "inference: {voxels_max: 1000, margin_m: 0.3}"
    assert_finds_the_block(*predict(tmp_path, "scan.ply", ply(), "--override", limits))


# --- degenerate ones -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"0 0 0\n", b"1 2 3\n" * 3000, b"0 0 0\n1 1 1\n"], ids=["one", "equal", "two"]
)
def test_too_few_places_hold_nothing(
    tmp_path: Path, model: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    regions, rows = predict(tmp_path, "scan.xyz", data)
    assert (len(regions), regions.size_of_scene, rows) == (0, data.count(b"\n"), [])
    assert "0 instances (none)" in capsys.readouterr().out
    header = (tmp_path / "out" / "instances.csv").read_text()
    assert header.startswith("instance,class,score,points,centre_x")


def test_points_without_coordinates_are_in_no_instance(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    xyz = XYZ.copy()
    lost = np.flatnonzero(BLOCK)[::9]
    xyz[lost, 1] = np.nan
    regions, rows = predict(tmp_path, "scan.pcd", pcd_bytes(xyz, RGB, "binary"))
    assert regions[0].tolist() == np.setdiff1d(np.flatnonzero(BLOCK), lost).tolist()
    assert np.isfinite([float(rows[0][key]) for key in ("centre_y", "min_y", "max_y")]).all()
    assert f"{len(lost)} of {len(XYZ)} points have no coordinates" in capsys.readouterr().out
    assert set(read_ply(tmp_path / "out" / "instances.ply").vertex["label"][lost]) == {0}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("scan.xyz", b"nan nan nan\n" * 4, "all 4 points have NaN or infinite coordinates"),
        ("scan.xyz", b"\n", "has no points"),
        ("scan.ply", ply()[:-999], "truncated"),
        ("scan.pcd", pcd_bytes(XYZ, RGB, "binary")[:-999], "truncated"),
        ("scan.ply", text(), "not a PLY file"),
        ("scan.docx", text(), "of no format that is read"),
        ("scan.xyz", text(XYZ * 1e7), "give its unit with --unit m|cm|mm|in|ft"),
    ],
)
def test_what_is_no_scan_is_one_line(
    tmp_path: Path, model: Path, name: str, data: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refusal(tmp_path, name, data, capsys)


def test_several_models_answer_together(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a note tells where they are fewer than their run predicts with."""
    together = tiny_settings(network={"features": ["height"]}, prediction={"ensemble": 2}).to_dict()
    second = save_model(tmp_path / "second.pt", settings=together)
    save_model(model, settings=together)
    assert_finds_the_block(*predict(tmp_path, "scan.ply", ply(), "--model", str(second)))
    assert "predict together" not in capsys.readouterr().out
    assert len(json.loads((tmp_path / "out" / "scan.json").read_text())["models"]) == 2
    predict(tmp_path, "scan.ply", ply())
    assert "note: by its settings 2 models predict together" in capsys.readouterr().out


def test_a_model_without_settings_needs_its_run(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Model(tiny_settings(network={"features": ["height"]}).network, SCANNET).save(model, steps=3)
    assert "name the run, such as --run rooms_5pct" in refusal(tmp_path, "scan.ply", ply(), capsys)
    regions, _ = predict(tmp_path, "scan.ply", ply(), "--run", "rooms_5pct")
    assert len(regions) == 1
    assert BLOCK[regions[0]].mean() > 0.75  # as whole supervoxels, which that run's settings ask for


def test_a_model_that_is_none(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.write_bytes(b"PK\x03\x04 not a model")
    assert "model.pt is damaged or not a file of tensors" in refusal(tmp_path, "scan.ply", ply(), capsys)


def test_the_network_of_a_model_cannot_be_overridden(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(tmp_path, "scan.ply", ply(), capsys, "--override", "network: {voxel_size_m: 0.7}")
    assert "model.pt was trained with another network" in said
    same = Model.load(model).settings.voxel_size_m
    predict(tmp_path, "scan.ply", ply(), "--override", f"network: {{voxel_size_m: {same}}}")
