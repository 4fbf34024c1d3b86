"""Folders in, figures out: both forms give the same, and what does not fit is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from twist.__main__ import main
from twist.classes import S3DIS, SCANNET, ClassTable
from twist.errors import TwistError
from twist.files import read_json
from twist.formats.results import write_ground_truth, write_predictions
from twist.formats.submission import write_submission
from twist.regions import Regions
from twist.scene import Scene
from twist.scoring.evaluation import (
    Evaluation,
    evaluate,
    evaluate_official,
    evaluate_run,
    evaluate_submission,
)
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


def cells(evaluation: Evaluation) -> np.ndarray:
    """(classes, 11 thresholds and 4 figures of S3DIS): every figure of an evaluation."""
    coverage = evaluation.coverage
    columns = [coverage.precision, coverage.recall, coverage.coverage, coverage.weighted]
    return np.column_stack([evaluation.ap.ap, *columns])


def test_both_forms_give_the_same_record(folders: Path) -> None:
    official = evaluate_official(folders / "gt", folders / "pred", SCANNET)
    record = run(folders)
    assert eval_record(official, dataset="scannet", provenance={}) == record
    assert 0 < record["mAP"] < record["AP25"] < 100  # the comparison is of real figures


@pytest.mark.parametrize("table", [SCANNET, S3DIS], ids=lambda table: table.name)
@pytest.mark.parametrize("name", ["submission", "submission.zip"])
def test_a_submission_read_back_scores_the_same_in_all_cells(
    table: ClassTable, name: str, tmp_path: Path
) -> None:
    random = np.random.default_rng(5)
    names = [f"scene{k:04d}_00" for k in range(12)]
    predicted = {}
    for number, scene_name in enumerate(names):
        scene, _ = make_scene(scene_name, number)
        labels = random.choice([*table.things, -1], 8)
        Scene(**{**vars(scene), "semantic": np.repeat(labels, 125).astype(np.int32)}).save(
            tmp_path / "scenes" / f"{scene_name}.npz"
        )
        guesses = [Regions.from_ids(np.roll(scene.instance, int(shift))) for shift in (7, 30, 50)]
        joined = Regions.concatenate(guesses, len(scene)) if number else Regions.empty(len(scene))
        joined = joined.with_labels(
            np.tile(np.maximum(labels, 2), 3)[: len(joined)], random.random(len(joined))
        )
        joined.save(tmp_path / "predictions" / f"{scene_name}.npz")
        predicted[scene_name] = joined
    write_submission(tmp_path / name, predicted.items(), table)
    direct = cells(evaluate_run(names, tmp_path / "scenes", tmp_path / "predictions", table))
    again = cells(evaluate_submission(names, tmp_path / "scenes", tmp_path / name, table))
    assert direct.shape == (len(table.things), 15)
    np.testing.assert_array_equal(again, direct)
    assert ((direct > 0) & (direct < 1)).sum() > 30


def test_nothing_but_the_listed_scenes_may_be_submitted(folders: Path) -> None:
    with pytest.raises(TwistError, match=rf"only in .*pred: {NAMES[2]} "):
        evaluate_submission(NAMES[:2], folders / "scenes", folders / "pred", SCANNET)
    (folders / "pred" / f"{NAMES[0]}.txt").unlink()
    with pytest.raises(TwistError, match=rf"only in the list of scenes: {NAMES[0]} "):
        evaluate_submission(NAMES, folders / "scenes", folders / "pred", SCANNET)


def test_the_record_holds_percent_and_null() -> None:
    truth = np.repeat([CHAIR, -1], 500), np.zeros(1000, int)
    perfect = Regions.from_ids(np.repeat([0, -1], 500)).with_labels(np.array([CHAIR]), np.array([0.5]))
    scores = evaluate(["a"], lambda _: truth, lambda _, points: perfect, SCANNET)
    record = eval_record(scores, dataset="rooms", ratio_pct=5.0, method="twist", seed=1, provenance={"x": 1})
    assert record["classes"]["chair"] == {
        "AP": 100.0, "AP50": 100.0, "AP25": 100.0, "instances": 1,
        "Prec": 100.0, "Rec": 100.0, "Cov": 100.0, "WCov": 100.0,
    }  # fmt: skip
    assert record["classes"]["table"] == {
        "AP": None, "AP50": None, "AP25": None, "instances": 0,
        "Prec": None, "Rec": None, "Cov": None, "WCov": None,
    }  # fmt: skip
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
    assert lines[1].split() == ["cabinet", "0", *"-------"]
    record = run(folders)
    means = [record[key] for key in ("mAP", "AP50", "AP25", "mPrec", "mRec", "mCov", "mWCov")]
    assert lines[-2].split()[2:] == [f"{mean:.1f}" for mean in means]
    assert "3 scenes" in lines[-1]


def test_a_run_without_any_figure(tmp_path: Path) -> None:
    scene, _ = make_scene("a", 0)
    Scene(**{**vars(scene), "semantic": np.full(1000, -1, np.int32)}).save(tmp_path / "a.npz")
    Regions.empty(1000).save(tmp_path / "p" / "a.npz")
    record = eval_record(evaluate_run(["a"], tmp_path, tmp_path / "p", SCANNET), dataset="x", provenance={})
    assert record["mAP"] is record["AP50"] is record["AP25"] is record["mAP_50_95"] is None
    assert record_as_text(record).splitlines()[-2].split() == ["mean", "0", *"-------"]


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


def test_command_on_an_exported_submission(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--predictions", folders / "predictions", "--list", folders / "val.txt"]
    out = folders / "submission.zip"
    assert main(["export-submission", *map(str, words), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: 3 scenes, 24 predictions\n"
    words = ["--pred", out, "--scenes", folders / "scenes", "--list", folders / "val.txt"]
    code, out = command(folders, *map(str, words))
    assert code == 0
    assert read_json(out)["classes"] == run(folders)["classes"]


def test_command_scores_s3dis_predictions_in_the_text_format(folders: Path) -> None:
    for name in NAMES:
        scene, predictions = make_scene(name, 0)
        write_ground_truth(folders / "gt" / f"{name}.txt", scene.semantic, scene.instance, S3DIS)
        write_predictions(folders / "pred" / f"{name}.txt", predictions, S3DIS)
    _, out = command(
        folders, "--gt", str(folders / "gt"), "--pred", str(folders / "pred"), "--classes", "s3dis"
    )
    record = read_json(out)
    scores = evaluate(
        NAMES, lambda name: labels(make_scene(name, 0)[0]), lambda name, _: make_scene(name, 0)[1], S3DIS
    )
    assert record["classes"] == eval_record(scores, dataset="", provenance={})["classes"]
    assert record["classes"]["ceiling"]["instances"] > 0


def labels(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    return scene.semantic, scene.instance


@pytest.mark.parametrize(
    ("names", "complaint"),
    [("", "lists 0 scenes"), ("a a", "lists 2 scenes"), (f"{NAMES[0]} a b", "lacks 2 of 3 scenes, first a")],
)
def test_export_refuses_what_is_no_whole_submission(
    names: str, complaint: str, folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folders / "val.txt").write_text(names)
    words = [
        "--predictions",
        folders / "predictions",
        "--list",
        folders / "val.txt",
        "--out",
        folders / "s.zip",
    ]
    assert main(["export-submission", *map(str, words)]) == 1
    assert complaint in capsys.readouterr().err
    assert not (folders / "s.zip").exists()


def test_the_manifests_of_all_shards_count(folders: Path) -> None:
    shards = [folders / f"shard{k}.json" for k in range(2)]
    for shard in shards:
        shard.write_text('{"device": "cpu", "wall_seconds": 1000, "trained_with": [{"device": "old"}]}')
    words = ["--gt", folders / "gt", "--pred", folders / "pred", "--predicted", *shards]
    code, out = command(folders, *map(str, words))
    assert code == 0
    origin = read_json(out)["provenance"]
    assert origin["device"] == "cpu"
    assert origin["trained_with"] == [{"device": "old"}]
    assert 2000 <= origin["wall_seconds"] < 3000


def test_a_damaged_manifest_is_named(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folders / "predictions.json").write_text('{"device": "cpu"}')
    words = ["--gt", folders / "gt", "--pred", folders / "pred", "--predicted", folders / "predictions.json"]
    code, _ = command(folders, *map(str, words))
    assert code == 1
    complaint = "predictions.json: not a manifest of predict-scenes: 'wall_seconds' is missing"
    assert complaint in capsys.readouterr().err


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
        ["--gt", "a", "--predictions", "b"],
        ["--gt", "a", "--scenes", "b", "--list", "c", "--pred", "d"],
        ["--scenes", "a", "--list", "b", "--pred", "c", "--predictions", "d"],
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
