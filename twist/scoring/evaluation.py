"""Score folders of predictions, scene by scene: the workflow's npz files, or the benchmark's text format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twist.classes import ClassTable
from twist.errors import TwistError, naming
from twist.formats.results import read_ground_truth, read_predictions
from twist.formats.submission import open_submission, same_scenes, scenes_of
from twist.regions import Regions
from twist.scene import Scene
from twist.scoring.average_precision import Scores, average_precision
from twist.scoring.coverage import CoverageScores, cover_scene, coverage_scores
from twist.scoring.matching import SceneMatches, check_fit, match_scene, number_instances

#: Class index and instance id of each point of a scene, (N,) integers each.
Truth = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Evaluation:
    """All figures of one set of predictions: ScanNet's average precision, S3DIS's precision and coverage."""

    ap: Scores
    coverage: CoverageScores


def evaluate(
    scene_names: Sequence[str],
    truth_of: Callable[[str], Truth],
    predictions_of: Callable[[str, int], Regions],
    table: ClassTable,
) -> Evaluation:
    """Score scenes by name, with one of them in memory at a time.

    predictions_of: (name, number of points) -> predictions
    Raises TwistError naming the scene that cannot be read or does not fit.
    """
    matches, coverages = [], []
    for name in scene_names:
        with naming(f"scene {name}"):
            semantic, instance = truth_of(name)
            predictions = predictions_of(name, len(semantic))
            check_fit(semantic, instance, predictions, table)
            truth = number_instances(semantic, instance, table)
            matches.append(match_scene(semantic, instance, predictions, table, truth))
            coverages.append(cover_scene(semantic, instance, predictions, table, truth))
    return Evaluation(average_precision(matches, table), coverage_scores(coverages, table))


def evaluate_run(
    scene_names: Sequence[str], scene_folder: str | Path, prediction_folder: str | Path, table: ClassTable
) -> Evaluation:
    """Score ``prediction_folder/NAME.npz`` (Regions) against ``scene_folder/NAME.npz`` (Scene).

    Raises TwistError naming the scene where a file is missing, has no labels or does not fit, and for no
    scenes or one listed twice.
    """
    _check_names(scene_names)

    def predictions_of(name: str, _: int) -> Regions:
        return Regions.load(Path(prediction_folder) / f"{name}.npz")

    return evaluate(scene_names, _prepared(scene_folder), predictions_of, table)


def match_run(
    scene_names: Sequence[str], scene_folder: str | Path, prediction_folder: str | Path, table: ClassTable
) -> list[SceneMatches]:
    """The matches of each scene that ``evaluate_run`` scores. Raises TwistError likewise."""
    _check_names(scene_names)
    truth_of, matches = _prepared(scene_folder), []
    for name in scene_names:
        with naming(f"scene {name}"):
            predictions = Regions.load(Path(prediction_folder) / f"{name}.npz")
            matches.append(match_scene(*truth_of(name), predictions, table))
    return matches


def evaluate_submission(
    scene_names: Sequence[str], scene_folder: str | Path, submission: str | Path, table: ClassTable
) -> Evaluation:
    """Score a submission in the benchmark's text format, folder or zip, against prepared scenes.

    Raises TwistError as ``evaluate_run``, and where the submission lacks a scene or has one more.
    """
    _check_names(scene_names)
    with open_submission(submission) as root:
        same_scenes(set(scene_names), "the list of scenes", scenes_of(root), submission)
        return evaluate(
            scene_names,
            _prepared(scene_folder),
            lambda name, size: read_predictions(root / f"{name}.txt", size, table),
            table,
        )


def evaluate_official(truth_folder: str | Path, submission: str | Path, table: ClassTable) -> Evaluation:
    """Score a submission, folder or zip, against ground truth in the benchmark's text format.

    Raises TwistError for scenes on one side only, and naming file and line for what cannot be read.
    """
    truth = Path(truth_folder)
    if not truth.is_dir():
        raise TwistError(f"{truth} is not a folder")
    with open_submission(submission) as root:
        names = same_scenes(scenes_of(truth), truth_folder, scenes_of(root), submission)
        return evaluate(
            names,
            lambda name: read_ground_truth(truth / f"{name}.txt", table),
            lambda name, size: read_predictions(root / f"{name}.txt", size, table),
            table,
        )


def _check_names(names: Sequence[str]) -> None:
    if not names or len(set(names)) < len(names):
        raise TwistError(f"{len(names)} scenes to score: there must be some, and each only once")


def _prepared(folder: str | Path) -> Callable[[str], Truth]:
    """Labels of prepared scenes by name."""

    def truth_of(name: str) -> Truth:
        semantic, instance, labelled = Scene.load_labels(Path(folder) / f"{name}.npz")
        if not labelled:
            raise TwistError("it came without labels, so there is nothing to score against")
        return semantic, instance

    return truth_of
