"""ScanNet v2 raw scans: one folder with mesh, segments, annotated objects and a text file of facts."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from twist.classes import SCANNET
from twist.errors import TwistError
from twist.files import unlinked
from twist.formats.ply import count_vertices, read_ply
from twist.formats.report import ReadReport, empty_files, some
from twist.formats.scannet_names import FACTS, LABELS, MESH, OBJECTS, SEGMENTS
from twist.formats.scannet_objects import paint_objects, read_objects
from twist.formats.segs import read_segments
from twist.scene import Scene

_LARGEST_LABEL = 40  # of NYU40


def find_scene(raw: str | Path, name: str) -> Path:
    """The folder of a scan below the download: scans/NAME, scans_test/NAME or NAME."""
    raw = Path(raw)
    for folder in (raw / "scans" / name, raw / "scans_test" / name, raw / name):
        if folder.is_dir():
            return folder
    raise TwistError(f"scene {name} is not in {raw}, {raw / 'scans'} or {raw / 'scans_test'}")


def list_scenes(raw: str | Path) -> list[str]:
    """Names of the scans in the download, sorted: the folders of ``scans/``, or those in ``raw`` itself.

    Hidden test scans in ``scans_test/`` are not among them.
    """
    folder = Path(raw, "scans") if Path(raw, "scans").is_dir() else Path(raw)
    return sorted(path.name for path in folder.iterdir() if (path / (path.name + MESH)).exists())


def source_files(folder: str | Path) -> list[Path]:
    """The files of a scan that ``read_scene`` looks at, where they exist."""
    folder = Path(folder)
    name = unlinked(folder).name
    paths = [folder / (name + ending) for ending in (MESH, LABELS, SEGMENTS, OBJECTS, FACTS)]
    return [path for path in paths if path.is_file()]


def file_problems(folder: str | Path) -> list[str]:
    """What is missing, empty or cut off in a scan's folder, from names, sizes and PLY headers alone.

    Only the mesh is needed of a hidden test scan; a scan with objects needs its segments too.
    """
    folder = Path(folder)
    name = unlinked(folder).name
    annotated = any((folder / (name + ending)).exists() for ending in (OBJECTS, LABELS))
    needed = (MESH, *((OBJECTS, SEGMENTS) if annotated else ()))
    paths = [folder / (name + ending) for ending in needed]
    problems = [f"{path} is missing" for path in paths if not path.is_file()]
    files = source_files(folder)
    problems += empty_files(path for path in files if path.suffix != ".ply")
    counts = {}
    for path in files:
        try:
            if path.suffix == ".ply":
                counts[path.name] = count_vertices(path)
        except TwistError as error:
            problems.append(str(error))
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{file} {count}" for file, count in counts.items())
        problems.append(f"{folder}: numbers of vertices differ: {listed}")
    return problems


def release_segments(folder: str | Path) -> Path | None:
    """The segments that ScanNet ships with the scan, or None."""
    path = Path(folder) / (unlinked(folder).name + SEGMENTS)
    return path if path.is_file() else None


def read_scene(folder: str | Path, label_map: dict[str, int]) -> tuple[Scene, ReadReport]:
    """One ScanNet scan from its folder, whose name is the scan's.

    Coordinates and colours are those of ``*_vh_clean_2.ply``, unchanged. Instance ids are the objectIds; a
    segment that several objects claim goes to the last of them. A scan without object and label files is a
    hidden test scan and comes back with ``labelled=False``.
    label_map: raw category -> NYU40 id
    Raises TwistError naming the file for anything missing, broken or not belonging together.
    """
    folder = Path(folder)
    name = unlinked(folder).name
    report = ReadReport()
    mesh_path = folder / (name + MESH)
    mesh = read_ply(mesh_path)
    alignment = _read_facts(folder / (name + FACTS), report)
    n = len(mesh.xyz)
    if n == 0:
        raise TwistError(f"{mesh_path} has no vertices")
    semantic, instance = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    objects_path, labels_path = folder / (name + OBJECTS), folder / (name + LABELS)
    labelled = objects_path.exists()
    if labelled:
        segments = read_segments(folder / (name + SEGMENTS), n, mesh_path)
        objects = read_objects(objects_path, name, report)
        semantic, instance = paint_objects(objects_path, objects, segments, label_map, report)
    elif labels_path.exists():
        raise TwistError(f"{objects_path} is missing although {labels_path} is there; download it again")
    else:
        report.warn(f"{objects_path} does not exist: read as an unlabelled scan")
    scene = Scene(name, mesh.xyz, mesh.rgb, mesh.faces, semantic, instance, alignment, labelled)
    if labelled and labels_path.exists():
        _compare_with_vertex_labels(labels_path, semantic, report)
    return scene, report


def _read_facts(path: Path, report: ReadReport) -> np.ndarray:
    """Axis alignment (4, 4) float64 and, into the report, the scene type."""
    if not path.exists():
        report.warn(f"{path} does not exist: no axis alignment, no scene type")
        return np.eye(4)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TwistError(f"cannot read {path}: {error}") from error
    alignment = None
    for number, line in enumerate(lines, 1):
        key, _, value = (part.strip() for part in line.partition("="))
        if key == "sceneType":
            report.scene_type = value
        if key == "axisAlignment":
            alignment = _parse_alignment(path, number, value, report)
    if alignment is None:
        report.warn(f"{path} has no axisAlignment (as in ScanNet v1 and in test scans): taken as aligned")
        return np.eye(4)
    return alignment


def _parse_alignment(path: Path, line: int, value: str, report: ReadReport) -> np.ndarray:
    try:
        numbers = np.array([float(word) for word in value.split()])
    except ValueError:
        numbers = np.array([math.nan])
    if len(numbers) != 16 or not np.isfinite(numbers).all():
        raise TwistError(f"{path}:{line}: axisAlignment must be 16 numbers")
    alignment = numbers.reshape(4, 4)
    axes = alignment[:3, :3]
    if abs(np.linalg.det(axes)) < 1e-6:
        raise TwistError(f"{path}:{line}: axisAlignment is singular: it would press the scan flat")
    if not np.allclose(axes @ axes.T, np.eye(3), atol=0.01) or np.linalg.det(axes) < 0:
        report.warn(f"{path}:{line}: axisAlignment is no rotation: it mirrors or distorts the scan")
    return alignment


def _compare_with_vertex_labels(path: Path, semantic: np.ndarray, report: ReadReport) -> None:
    """Cross-check with ScanNet's own vertex labels (NYU40 ids).

    A few scans of the release hold ids over 40 in error: the warning tells of them, the agreement is over the
    other vertices.
    """
    labels = read_ply(path, with_faces=False).columns("label")[:, 0]
    if labels.dtype.kind not in "iu":
        raise TwistError(f"{path}: label is {labels.dtype}; expected an integer type")
    if len(labels) != len(semantic):
        raise TwistError(f"{path} has {len(labels)} vertices, the mesh beside it {len(semantic)}")
    equal = SCANNET.index_of_label(labels.astype(np.int64)) == semantic
    valid = labels <= _LARGEST_LABEL
    report.label_agreement = float(equal[valid].mean()) if valid.any() else None
    if not equal.all():
        strange = sorted({int(label) for label in labels[~equal] if label > _LARGEST_LABEL})
        also = f" (it holds ids over {_LARGEST_LABEL}: {some([str(i) for i in strange])})" if strange else ""
        report.warn(f"{path} agrees with the objects on {equal.mean():.2%} of the vertices{also}")
