"""Folders in, figures out: both forms give the same, and what does not fit is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from twist.__main__ import main
from twist.classes import S3DIS, SCANNET
from twist.errors import TwistError
from twist.files import read_json
from twist.formats.results import write_ground_truth, write_predictions
from twist.regions import Regions
from twist.scene import Scene
from twist.scoring.average_precision import average_precision
from twist.scoring.evaluation import evaluate_official, evaluate_run
from twist.scoring.matching import match_scene
from twist.scoring.record import eval_record, record_as_text

NAMES = ["scene0000_00", "scene0000_01", "scene0001_00"]
CHAIR, TABLE = SCANNET.names.index("chair"), SCANNET.names.index("table")

CONFIG = Path(__file__).resolve().parents[2] / "config"


def make_scene(name: str, seed: int) -> tuple[Scene, Regions]:
    random = np.random.default_rng(seed)
    points = 1000
    scene = Scene(
        name=name,
        xyz=random.random((points, 3)).astype(np.float32),
        rgb=np.zeros((points, 3), np.uint8),
        faces=np.zeros((0, 3), np.int32),
        semantic=np.repeat(random.choice([-1, 0, CHAIR, TABLE], 8), 125).astype(np.int32),
        instance=np.repeat(np.arange(8), 125).astype(np.int32),
    )
    ids = np.roll(scene.instance, random.integers(-60, 60))
    predictions = Regions.from_ids(ids)
    return scene, predictions.with_labels(random.choice([0, CHAIR, TABLE], 8), random.random(8))


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Three scenes in both forms: scenes/ and predictions/ as npz, gt/ and pred/ as text, val.txt."""
    for seed, name in enumerate(NAMES):
        scene, predictions = make_scene(name, seed)
        scene.save(tmp_path / "scenes" / f"{name}.npz")
        predictions.save(tmp_path / "predictions" / f"{name}.npz")
        write_ground_truth(tmp_path / "gt" / f"{name}.txt", scene.semantic, scene.instance, SCANNET)
        write_predictions(tmp_path / "pred" / f"{name}.txt", predictions, SCANNET)
    (tmp_path / "val.txt").write_text("\n".join(NAMES) + "\n")
    return tmp_path


def run(folders: Path) -> dict:
    scores = evaluate_run(NAMES, folders / "scenes", folders / "predictions", SCANNET)
    return eval_record(scores, dataset="scannet", provenance={})


def test_both_forms_give_the_same_record(folders: Path) -> None:
    official = evaluate_official(folders / "gt", folders / "pred", SCANNET)
    record = run(folders)
    assert eval_record(official, dataset="scannet", provenance={}) == record
    assert 0 < record["mAP"] < record["AP25"] < 100  # the comparison is of real figures


def test_the_record_holds_percent_and_null() -> None:
    semantic, instance = np.repeat([CHAIR, -1], 500), np.zeros(1000, int)
    perfect = Regions.from_ids(np.repeat([0, -1], 500)).with_labels(np.array([CHAIR]), np.array([0.5]))
    scores = average_precision([match_scene(semantic, instance, perfect, SCANNET)], SCANNET)
    record = eval_record(scores, dataset="rooms", ratio_pct=5.0, method="twist", seed=1, provenance={"x": 1})
    assert record["classes"]["chair"] == {"AP": 100.0, "AP50": 100.0, "AP25": 100.0, "instances": 1}
    assert record["classes"]["table"] == {"AP": None, "AP50": None, "AP25": None, "instances": 0}
    assert list(record["classes"]) == [name for name in SCANNET.names if name not in ("wall", "floor")]
    assert (record["mAP"], record["dataset"], record["ratio_pct"], record["rounds"]) == (
        100.0,
        "rooms",
        5.0,
        None,
    )
    json.dumps(record, allow_nan=False)


def test_the_text_has_a_line_a_class_their_mean_and_what_was_left_out(folders: Path) -> None:
    lines = record_as_text(run(folders)).splitlines()
    assert len(lines) == 1 + 18 + 1 + 1
    assert lines[1].split() == ["cabinet", "0", "-", "-", "-"]
    assert lines[-2].startswith("mean")
    assert "3 scenes" in lines[-1]


def test_a_run_without_any_figure(tmp_path: Path) -> None:
    scene, _ = make_scene("a", 0)
    Scene(**{**vars(scene), "semantic": np.full(1000, -1, np.int32)}).save(tmp_path / "a.npz")
    Regions.empty(1000).save(tmp_path / "p" / "a.npz")
    record = eval_record(evaluate_run(["a"], tmp_path, tmp_path / "p", SCANNET), dataset="x", provenance={})
    assert record["mAP"] is record["AP50"] is record["AP25"] is record["mAP_50_95"] is None
    assert record_as_text(record).splitlines()[-2].split() == ["mean", "0", "-", "-", "-"]


def test_errors_name_the_scene(folders: Path) -> None:
    Regions.empty(999).save(folders / "predictions" / f"{NAMES[1]}.npz")
    with pytest.raises(TwistError, match=f"scene {NAMES[1]}: .*999 points.*1000 labels"):
        run(folders)
    (folders / "predictions" / f"{NAMES[1]}.npz").unlink()
    with pytest.raises(TwistError, match=f"scene {NAMES[1]}: .*does not exist"):
        run(folders)


def test_a_scene_without_labels_is_refused(folders: Path) -> None:
    scene, _ = make_scene(NAMES[2], 2)
    scene.without_labels().save(folders / "scenes" / f"{NAMES[2]}.npz")
    with pytest.raises(TwistError, match=f"scene {NAMES[2]}: it came without labels"):
        run(folders)


@pytest.mark.parametrize("names", [[], ["a", "a"]])
def test_no_scenes_or_one_twice_are_refused(names: list[str], tmp_path: Path) -> None:
    with pytest.raises(TwistError, match="each only once"):
        evaluate_run(names, tmp_path, tmp_path, SCANNET)


def command(folders: Path, *words: str) -> tuple[int, Path]:
    out = folders / "eval.json"
    return main(["evaluate", "--out", str(out), *words]), out


def test_command_on_the_text_format(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = command(folders, "--gt", str(folders / "gt"), "--pred", str(folders / "pred"))
    record = read_json(out)
    assert code == 0
    assert record["classes"] == run(folders)["classes"]
    assert (
        record["ratio_pct"] is record["method"] is record["seed"] is record["provenance"]["settings"] is None
    )
    assert "refrigerator" in capsys.readouterr().out


def test_command_on_a_run(folders: Path) -> None:
    files = ["--scenes", folders / "scenes", "--predictions", folders / "predictions"]
    about = ["--run", "rooms_5pct-alpha0.1-seed3", "--round", "2", "--config", str(CONFIG)]
    code, out = command(folders, *map(str, files), "--list", str(folders / "val.txt"), *about)
    record = read_json(out)
    assert code == 0
    assert record["mAP"] == run(folders)["mAP"]
    expected = ["rooms", 5.0, "twist", "-alpha0.1-seed3", 3, 2, 3]
    keys = ("dataset", "ratio_pct", "method", "variant", "seed", "rounds", "scenes")
    assert [record[key] for key in keys] == expected
    assert record["provenance"]["versions"]["numpy"] == np.__version__


def test_command_takes_the_class_table_and_a_fingerprint_from_the_data_set(folders: Path) -> None:
    words = ["--gt", folders / "gt", "--pred", folders / "pred", "--dataset", "s3dis", "--config", CONFIG]
    _, out = command(folders, *map(str, words))
    record = read_json(out)
    assert list(record["classes"]) == list(S3DIS.names)
    assert len(record["provenance"]["settings"]) == 16


@pytest.mark.parametrize(
    "words",
    [
        ["--gt", "a"],
        ["--gt", "a", "--pred", "b", "--list", "c"],
        ["--scenes", "a", "--predictions", "b"],
        ["--gt", "a", "--pred", "b", "--run", "colour=red"],
        ["--gt", "a", "--pred", "b", "--dataset", "nowhere"],
    ],
)
def test_command_refuses_half_a_form_and_unknown_runs(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = command(tmp_path, *words)
    assert code == 1
    assert not out.exists()
    assert capsys.readouterr().err.count("\n") == 1
