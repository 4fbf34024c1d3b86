"""Score folders of predictions, scene by scene: the workflow's npz files, or the benchmark's text format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.formats.results import read_ground_truth, read_predictions, scenes_in_both
from twist.regions import Regions
from twist.scene import Scene
from twist.scoring.average_precision import Scores, average_precision
from twist.scoring.matching import match_scene


def evaluate_run(
    scene_names: Sequence[str], scene_folder: str | Path, prediction_folder: str | Path, table: ClassTable
) -> Scores:
    """Score ``prediction_folder/NAME.npz`` (Regions) against ``scene_folder/NAME.npz`` (Scene).

    One scene is in memory at a time.
    Raises TwistError naming the scene where a file is missing, has no labels or does not fit, and for no
    scenes or one listed twice.
    """
    if not scene_names or len(set(scene_names)) < len(scene_names):
        raise TwistError(f"{len(scene_names)} scenes to score: there must be some, and each only once")
    matches = []
    for name in scene_names:
        with _naming(name):
            scene = Scene.load(Path(scene_folder) / f"{name}.npz")
            if not scene.labelled:
                raise TwistError("it came without labels, so there is nothing to score against")
            predictions = Regions.load(Path(prediction_folder) / f"{name}.npz")
            matches.append(match_scene(scene.semantic, scene.instance, predictions, table))
    return average_precision(matches, table)


def evaluate_official(truth_folder: str | Path, prediction_folder: str | Path, table: ClassTable) -> Scores:
    """Score a folder in the benchmark's text format.

    Raises TwistError for scenes in one folder only, and naming file and line for what cannot be read.
    """
    matches = []
    for name in scenes_in_both(truth_folder, prediction_folder):
        with _naming(name):
            semantic, instance = read_ground_truth(Path(truth_folder) / f"{name}.txt", table)
            predictions = read_predictions(Path(prediction_folder) / f"{name}.txt", len(semantic), table)
            matches.append(match_scene(semantic, instance, predictions, table))
    return average_precision(matches, table)


@contextmanager
def _naming(scene: str) -> Iterator[None]:
    try:
        yield
    except TwistError as error:
        raise TwistError(f"scene {scene}: {error}") from error
