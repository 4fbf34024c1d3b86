"""The text formats of ScanNet's instance benchmark: predictions with their masks, and ground truth.

A prediction file ``scene.txt`` has a line ``relative/mask.txt label score`` for each prediction; a mask has
one integer a vertex, not 0 = in the prediction. A ground-truth file has one id a vertex, label·1000 +
instance; 0 = unannotated. Labels are the benchmark's published ids (NYU40 for ScanNet). The format costs a
hundred times what npz costs, so that only the verbs that exchange results with others use it.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.files import atomic_write, write_text
from twist.regions import Regions

MASK_FOLDER = "predicted_masks"

#: A file or folder, on disk or in a zip; reading needs only what both offer.
Place = Path | zipfile.Path

_BOM = b"\xef\xbb\xbf"
#: What reading raises for missing or damaged files. ValueError: NUL in a name; RuntimeError: encrypted, or
#: compressed in an unknown way.
UNREADABLE = (OSError, ValueError, KeyError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class PredictionLine:
    """One line of a prediction file.

    mask: path relative to the file's folder, below it; label: class index, -1 for one that the table lacks
    """

    number: int
    mask: str
    label: int
    score: float


def read_predictions(path: Place, size_of_scene: int, table: ClassTable) -> Regions:
    """Predictions in file order; ``score`` is float64, since scores may differ beyond float32.

    A label id that the table does not have becomes -1: scoring leaves it out, as the official script does,
    and counts it.
    Raises TwistError naming file and line for whatever cannot be read as meant.
    """
    lines = _prediction_lines(path, table)
    points = []
    for line in lines:
        where = f"{path}:{line.number}: mask "
        mask = _read_integers(path.parent.joinpath(line.mask), where)
        if len(mask) != size_of_scene:
            raise TwistError(
                f"{where}{line.mask} has {len(mask)} lines, but the scene has {size_of_scene} vertices"
            )
        points.append(np.flatnonzero(mask != 0).astype(np.int32))
    return Regions(
        index=np.concatenate([np.zeros(0, np.int32), *points]),
        offsets=np.cumsum([0, *map(len, points)]).astype(np.int64),
        label=np.array([line.label for line in lines], np.int32),
        score=np.array([line.score for line in lines], np.float64),
        size_of_scene=size_of_scene,
    )


def prediction_files(scene: str, predictions: Regions, table: ClassTable) -> Iterator[tuple[str, bytes]]:
    """The files of one scene as (relative path, content): its masks, one at a time, then ``scene.txt``.

    Raises TwistError for a prediction without a class or with a score that is not finite, and for a name
    with a space, which the format cannot hold.
    """
    if not scene or len(scene.split()) != 1 or "/" in scene:
        raise TwistError(f"{scene!r} cannot name files of a submission: no spaces, no slashes")
    lines = []
    for k in range(len(predictions)):
        label_id = _label_id(scene, k, predictions, table)
        lines.append(f"{MASK_FOLDER}/{scene}_{k:03d}.txt {label_id} {predictions.score[k]}\n")
    text = np.full((predictions.size_of_scene, 2), (ord("0"), ord("\n")), np.uint8)
    for k, line in enumerate(lines):
        text[predictions[k], 0] = ord("1")
        yield line.split()[0], text.tobytes()
        text[predictions[k], 0] = ord("0")
    yield f"{scene}.txt", "".join(lines).encode()


def write_predictions(path: str | Path, predictions: Regions, table: ClassTable) -> None:
    """Write ``path`` and a mask a prediction under ``predicted_masks/`` beside it; ``path`` comes last.

    Raises TwistError as ``prediction_files``, before anything is written.
    """
    path = Path(path)
    for name, content in prediction_files(path.stem, predictions, table):
        with atomic_write(path.parent / name) as handle:
            handle.write(content)


def _label_id(scene: str, k: int, predictions: Regions, table: ClassTable) -> int:
    label, score = int(predictions.label[k]), predictions.score[k]
    if not 0 <= label < len(table):
        raise TwistError(
            f"cannot write {scene}.txt: prediction {k} has class {label}, which {table.name} lacks"
        )
    if not np.isfinite(score):
        raise TwistError(f"cannot write {scene}.txt: prediction {k} has the score {score}")
    return table.label_ids[label]


def read_ground_truth(path: Place, table: ClassTable) -> tuple[np.ndarray, np.ndarray]:
    """Class index (N,) int32 and instance id (N,) int32 of each vertex; both -1 where the label is unknown.

    Instance ids are those of the file, 0 to 999 within a class.
    """
    ids = _read_integers(path, "").astype(np.int64)
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


def _prediction_lines(path: Place, table: ClassTable) -> list[PredictionLine]:
    lines: dict[str, PredictionLine] = {}
    for number, text in enumerate(_read_bytes(path, "").decode(errors="replace").split("\n"), start=1):
        if not text.strip():
            continue
        line = _parse_line(f"{path}:{number}", number, text, table)
        if line.mask in lines:
            raise TwistError(
                f"{path}:{number}: mask {line.mask} is named again, first on line {lines[line.mask].number}; "
                "each prediction needs its own mask (the official script would keep only the last line)"
            )
        lines[line.mask] = line
    return list(lines.values())


def _parse_line(where: str, number: int, text: str, table: ClassTable) -> PredictionLine:
    words = text.split()
    if len(words) != 3:
        raise TwistError(
            f"{where}: expected `mask-path label score`, found {len(words)} words: {text.strip()[:80]!r}"
        )
    try:
        label_id, score = float(words[1]), float(words[2])
    except ValueError as error:
        raise TwistError(f"{where}: label and score must be numbers: {text.strip()[:80]!r}") from error
    if not label_id.is_integer():
        raise TwistError(f"{where}: label {words[1]} is not a whole number")
    if not np.isfinite(score):
        raise TwistError(f"{where}: score {words[2]} is not a finite number")
    mask = posixpath.normpath(words[0])
    if posixpath.isabs(mask) or mask.split("/")[0] == "..":
        raise TwistError(f"{where}: mask path {words[0]} must be relative and stay inside the submission")
    label = table.label_ids.index(int(label_id)) if label_id in table.label_ids else -1
    return PredictionLine(number, mask, label, score)


def _read_bytes(path: Place, where: str) -> bytes:
    try:
        return path.read_bytes().removeprefix(_BOM)
    except UNREADABLE as error:
        raise TwistError(f"{where}{path} cannot be read: {getattr(error, 'strerror', 0) or error}") from error


def _read_integers(path: Place, where: str) -> np.ndarray:
    """One integer a line, LF or CRLF: (N,) int64, or uint8. ``where`` introduces the path in errors."""
    data = _read_bytes(path, where).rstrip()
    if not data:
        return np.zeros(0, np.int64)
    if b"\r" in data:  # looking is much cheaper than replacing
        data = data.replace(b"\r\n", b"\n")
    data += b"\n"
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
