"""What a submission needs: hidden test scenes are prepared and predicted for it alone. Dry runs only."""

from __future__ import annotations

import pytest

from tests.workflow.project import Project

LISTS = {"train": ("scene0000_00", "scene0001_00"), "val": ("scene0002_00",), "test": ("scene0707_00",)}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A data set ``own`` in ScanNet's layout, of empty files."""
    project = Project(tmp_path_factory.mktemp("submitted"))
    raw = project.folder / "raw"
    for part, names in LISTS.items():
        for name in names:
            folder = raw / ("scans_test" if part == "test" else "scans") / name
            folder.mkdir(parents=True)
            for ending in ("_vh_clean_2.ply", ".aggregation.json", "_vh_clean_2.0.010000.segs.json", ".txt"):
                (folder / (name + ending)).touch()
        (raw / f"scannetv2_{part}.txt").write_text("\n".join(names))
    (project.folder / "config/datasets/own.yaml").write_text(
        "preset: small\ndata: {format: scannet, raw: raw, own_lists: true, scenes_per_job: 1}\n"
        "selftraining: {rounds: 2}\n"
    )
    return project


def test_scored_scenes_are_submitted_from_the_last_rounds_predictions(project: Project) -> None:
    plan = project.plan("results/own_50pct/submission-val.zip")
    assert (plan["prepare"], plan["train_round"], plan["predict"], plan["submission"]) == (3, 2, 1, 1)
    assert "evaluate" not in plan
    assert "predict_hidden" not in plan


def test_hidden_scenes_are_prepared_and_predicted_for_a_submission(project: Project) -> None:
    plan = project.plan("results/own_50pct/submission-test.zip")
    assert (plan["prepare"], plan["supervoxels"], plan["predict_hidden"]) == (4, 4, 1)
    assert "predict" not in plan


def test_generated_data_have_no_hidden_scenes(project: Project) -> None:
    done = project.attempt("results/tiny_50pct/submission-test.zip")
    assert done.returncode == 1
    assert "only ScanNet has hidden test scenes" in done.stdout
