"""The text formats of ScanNet's instance benchmark: predictions with their masks, and ground truth.

A prediction file ``scene.txt`` has a line ``relative/mask.txt label score`` for each prediction; a mask has
one integer a vertex, not 0 = in the prediction. A ground-truth file has one id a vertex, label·1000 +
instance; 0 = unannotated. Labels are the benchmark's published ids (NYU40 for ScanNet). The format costs a
hundred times what npz costs, so that only the verbs that exchange results with others use it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.files import atomic_write, write_text
from twist.regions import Regions

MASK_FOLDER = "predicted_masks"
#: The official script leaves this file among the predictions.
OFFICIAL_REPORT = "semantic_instance_evaluation.txt"


@dataclass(frozen=True)
class PredictionLine:
    """One line of a prediction file: ``label`` is a class index, -1 for a label that the table lacks."""

    number: int
    mask: Path
    label: int
    score: float


def read_predictions(path: str | Path, size_of_scene: int, table: ClassTable) -> Regions:
    """Predictions in file order; ``score`` is float64, since scores may differ beyond float32.

    A label id that the table does not have becomes -1: scoring leaves it out, as the official script does,
    and counts it.
    Raises TwistError naming file and line for whatever cannot be read as meant.
    """
    lines = _prediction_lines(Path(path), table)
    points = []
    for line in lines:
        mask = _read_integers(line.mask, f"{path}:{line.number}: mask ")
        if len(mask) != size_of_scene:
            raise TwistError(
                f"{path}:{line.number}: mask {line.mask} has {len(mask)} lines, "
                f"but the scene has {size_of_scene} vertices"
            )
        points.append(np.flatnonzero(mask).astype(np.int32))
    return Regions(
        index=np.concatenate([np.zeros(0, np.int32), *points]),
        offsets=np.cumsum([0, *map(len, points)]).astype(np.int64),
        label=np.array([line.label for line in lines], np.int32),
        score=np.array([line.score for line in lines], np.float64),
        size_of_scene=size_of_scene,
    )


def write_predictions(path: str | Path, predictions: Regions, table: ClassTable) -> None:
    """Write ``path`` and a mask a prediction under ``predicted_masks/`` beside it; ``path`` comes last.

    Raises TwistError for a prediction without a class or with a score that is not finite.
    """
    path = Path(path)
    lines = []
    for k in range(len(predictions)):
        label, score = int(predictions.label[k]), predictions.score[k]
        if not 0 <= label < len(table):
            raise TwistError(
                f"cannot write {path}: prediction {k} has class {label}, which {table.name} lacks"
            )
        if not np.isfinite(score):
            raise TwistError(f"cannot write {path}: prediction {k} has the score {score}")
        mask = f"{MASK_FOLDER}/{path.stem}_{k:03d}.txt"
        _write_mask(path.parent / mask, predictions[k], predictions.size_of_scene)
        lines.append(f"{mask} {table.label_ids[label]} {score}\n")
    write_text(path, "".join(lines))


def read_ground_truth(path: str | Path, table: ClassTable) -> tuple[np.ndarray, np.ndarray]:
    """Class index (N,) int32 and instance id (N,) int32 of each vertex; both -1 where the label is unknown.

    Instance ids are those of the file, 0 to 999 within a class.
    """
    ids = _read_integers(Path(path), "").astype(np.int64)
    semantic = table.index_of_label(ids // 1000)
    return semantic, np.where(semantic >= 0, ids % 1000, -1).astype(np.int32)


def write_ground_truth(
    path: str | Path, semantic: np.ndarray, instance: np.ndarray, table: ClassTable
) -> None:
    """Write ids label·1000 + instance + 1, counted from 1 as in ScanNet's own export.

    semantic, instance: (N,) integers, -1 = none; a vertex that lacks either gets 0.
    Raises TwistError for an instance id that the format has no room for.
    """
    if instance.max(initial=-1) > 998:
        raise TwistError(
            f"cannot write {path}: instance id {instance.max()}; the format holds ids up to 998, "
            "so renumber the instances of each class from 0"
        )
    label_id = np.array(table.label_ids)[np.maximum(semantic, 0)]
    ids = np.where((semantic >= 0) & (instance >= 0), label_id * 1000 + instance + 1, 0)
    write_text(path, "".join(f"{value}\n" for value in ids.tolist()))


def scenes_in_both(truth_folder: str | Path, prediction_folder: str | Path) -> list[str]:
    """Names of the scenes that have a file in both folders, sorted.

    Raises TwistError listing scenes that only one folder has: the official script would leave out scenes
    without predictions, and the score would come out too high.
    """
    truth, predictions = _text_files(truth_folder), _text_files(prediction_folder)
    alone = [(truth - predictions, truth_folder), (predictions - truth, prediction_folder)]
    complaints = [f"only in {folder}: {', '.join(sorted(names))}" for names, folder in alone if names]
    if complaints:
        raise TwistError(
            f"ground truth and predictions must cover the same scenes; {'; '.join(complaints)} "
            "(a scene without predictions needs an empty file)"
        )
    if not truth:
        raise TwistError(f"no scene files (*.txt) in {truth_folder} and {prediction_folder}")
    return sorted(truth)


def _text_files(folder: str | Path) -> set[str]:
    if not Path(folder).is_dir():
        raise TwistError(f"{folder} is not a folder")
    return {file.stem for file in Path(folder).glob("*.txt") if file.name != OFFICIAL_REPORT}


def _prediction_lines(path: Path, table: ClassTable) -> list[PredictionLine]:
    lines: dict[Path, PredictionLine] = {}
    for number, text in enumerate(_read_bytes(path, "").decode(errors="replace").splitlines(), start=1):
        if not text.strip():
            continue
        line = _parse_line(path, number, text, table)
        if line.mask in lines:
            raise TwistError(
                f"{path}:{number}: mask {line.mask} is named again, first on line {lines[line.mask].number}; "
                "each prediction needs its own mask (the official script would keep only the last line)"
            )
        lines[line.mask] = line
    return list(lines.values())


def _parse_line(path: Path, number: int, text: str, table: ClassTable) -> PredictionLine:
    where = f"{path}:{number}"
    words = text.split()
    if len(words) != 3:
        raise TwistError(
            f"{where}: expected `mask-path label score`, found {len(words)} words: {text.strip()!r}"
        )
    try:
        label_id, score = float(words[1]), float(words[2])
    except ValueError as error:
        raise TwistError(f"{where}: label and score must be numbers: {text.strip()!r}") from error
    if not label_id.is_integer():
        raise TwistError(f"{where}: label {words[1]} is not a whole number")
    if not np.isfinite(score):
        raise TwistError(f"{where}: score {words[2]} is not a finite number")
    folder = os.path.abspath(path.parent)
    mask = Path(os.path.normpath(os.path.join(folder, words[0])))
    if os.path.isabs(words[0]) or not mask.is_relative_to(folder):
        raise TwistError(f"{where}: mask path {words[0]} must be relative and stay inside {folder}")
    label = table.label_ids.index(int(label_id)) if label_id in table.label_ids else -1
    return PredictionLine(number, mask, label, score)


def _read_bytes(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TwistError(f"{where}{path} cannot be read: {error.strerror or error}") from error


def _read_integers(path: Path, where: str) -> np.ndarray:
    """One integer a line, LF or CRLF: (N,) int64, or uint8. ``where`` introduces the path in errors."""
    data = _read_bytes(path, where).rstrip()
    if not data:
        return np.zeros(0, np.int64)
    data = data.replace(b"\r\n", b"\n") + b"\n"
    characters = np.frombuffer(data, np.uint8)
    if len(data) % 2 == 0 and (characters[1::2] == ord("\n")).all():  # a digit a line: nearly every mask
        digits = characters[::2] - np.uint8(ord("0"))  # other characters wrap to above 9
        if (digits <= 9).all():
            return digits
    lines = data.split(b"\n")[:-1]
    try:
        return np.array(lines, dtype=np.int64)
    except (ValueError, OverflowError) as error:
        number, line = next((i, line) for i, line in enumerate(lines, start=1) if not _is_integer(line))
        raise TwistError(
            f"{where}{path}:{number}: {line[:40].decode(errors='replace')!r} is not an integer"
        ) from error


def _is_integer(line: bytes) -> bool:
    try:
        return abs(int(line)) < 2**63
    except ValueError:
        return False


def _write_mask(path: Path, points: np.ndarray, size_of_scene: int) -> None:
    text = np.full((size_of_scene, 2), (ord("0"), ord("\n")), np.uint8)
    text[points, 0] = ord("1")
    with atomic_write(path) as handle:
        handle.write(text.data)
