"""ScanNet v2 raw scans: mesh, segments, objects and the map from raw categories to classes."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twist.classes import SCANNET
from twist.errors import TwistError
from twist.files import read_json
from twist.formats.ply import read_ply
from twist.formats.report import ReadReport, some
from twist.formats.segs import integer_array, read_segments
from twist.scene import Scene

LABEL_MAP = "scannetv2-labels.combined.tsv"
_MESH = "_vh_clean_2.ply"
_LABELS = "_vh_clean_2.labels.ply"
_SEGMENTS = "_vh_clean_2.0.010000.segs.json"
_OBJECTS = ".aggregation.json"
_FACTS = ".txt"
_ID_PREFIX = "scannet."  # of ids within v2 files; v1 had none


@dataclass(frozen=True)
class _Object:
    id: int
    category: str
    segments: np.ndarray


def find_scene(raw: str | Path, name: str) -> Path:
    """The folder of a scan below the download: scans/NAME, scans_test/NAME or NAME."""
    raw = Path(raw)
    for folder in (raw / "scans" / name, raw / "scans_test" / name, raw / name):
        if folder.is_dir():
            return folder
    raise TwistError(f"scene {name} is not in {raw}, {raw / 'scans'} or {raw / 'scans_test'}")


def find_label_map(folder: str | Path) -> Path:
    """The label map in the scan's folder or the nearest folder above it."""
    folder = Path(folder).resolve()
    for place in (folder, *folder.parents):
        if (place / LABEL_MAP).is_file():
            return place / LABEL_MAP
    raise TwistError(
        f"{LABEL_MAP} is neither in {folder} nor in a folder above it; it comes with the ScanNet download "
        "(or give its place with --label-map)"
    )


def source_files(folder: str | Path) -> list[Path]:
    """The files of a scan that ``read_scene`` looks at, where they exist."""
    folder = Path(folder)
    name = folder.resolve().name
    paths = [folder / (name + ending) for ending in (_MESH, _LABELS, _SEGMENTS, _OBJECTS, _FACTS)]
    return [path for path in paths if path.is_file()]


def release_segments(folder: str | Path) -> Path | None:
    """The segments that ScanNet ships with the scan, or None."""
    path = Path(folder) / (Path(folder).resolve().name + _SEGMENTS)
    return path if path.is_file() else None


def read_label_map(path: str | Path) -> dict[str, int]:
    """Raw category -> NYU40 id from a tsv with the columns raw_category and nyu40id.

    LF and CRLF lines, quoted and plain fields. The last of several rows for a category counts, as in
    ScanNet's own scripts. Raises TwistError naming file and line.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, delimiter="\t")
            columns = set(reader.fieldnames or [])
            if not {"raw_category", "nyu40id"} <= columns:
                raise TwistError(f"{path}:1: a label map needs the columns raw_category and nyu40id")
            label_of = {}
            for row in reader:
                category, label = row["raw_category"], row["nyu40id"]
                if category is None or label is None or not label.strip().isdecimal() or len(label) > 9:
                    raise TwistError(
                        f"{path}:{reader.line_num}: {category!r} has nyu40id {label!r}, not a whole number"
                    )
                label_of[category] = int(label)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TwistError(f"cannot read {path}: {error}") from error
    if not label_of:
        raise TwistError(f"{path} maps no category; is it truncated?")
    return label_of


def read_scene(folder: str | Path, label_map: dict[str, int]) -> tuple[Scene, ReadReport]:
    """One ScanNet scan from its folder, whose name is the scan's.

    Coordinates and colours are those of ``*_vh_clean_2.ply``, unchanged. Instance ids are the objectIds; a
    segment that several objects claim goes to the last of them, as in ScanNet's own export script. A scan
    without object and label files is a hidden test scan and comes back with ``labelled=False``.
    Raises TwistError naming the file for anything missing, broken or not belonging together.
    """
    folder = Path(folder)
    name = folder.resolve().name
    report = ReadReport()
    mesh_path = folder / (name + _MESH)
    mesh = read_ply(mesh_path)
    alignment = _read_facts(folder / (name + _FACTS), report)
    n = len(mesh.xyz)
    semantic, instance = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    objects_path, labels_path = folder / (name + _OBJECTS), folder / (name + _LABELS)
    labelled = objects_path.exists()
    if labelled:
        segments = read_segments(folder / (name + _SEGMENTS), n, mesh_path)
        objects = _read_objects(objects_path, name, report)
        semantic, instance = _paint(objects_path, objects, segments, label_map, report)
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
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TwistError(f"cannot read {path}: {error}") from error
    alignment = None
    for number, line in enumerate(lines, 1):
        key, _, value = (part.strip() for part in line.partition("="))
        if key == "sceneType":
            report.scene_type = value
        if key == "axisAlignment":
            alignment = _numbers(value)
            if len(alignment) != 16 or not np.isfinite(alignment).all():
                raise TwistError(f"{path}:{number}: axisAlignment must be 16 numbers")
    if alignment is None:
        report.warn(f"{path} has no axisAlignment (as in ScanNet v1 and in test scans): taken as aligned")
        return np.eye(4)
    return alignment.reshape(4, 4)


def _numbers(text: str) -> np.ndarray:
    try:
        return np.array([float(word) for word in text.split()])
    except ValueError:
        return np.array([math.nan])


def _read_objects(path: Path, name: str, report: ReadReport) -> list[_Object]:
    """The objects of an aggregation.json, without those that repeat an earlier one."""
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("segGroups"), list):
        raise TwistError(f"{path} is not an aggregation.json: it has no list segGroups")
    _check_belonging(path, name, content, report)
    objects: list[_Object] = []
    seen: set[tuple[str, bytes]] = set()
    repeated = []
    for position, group in enumerate(content["segGroups"]):
        found = _parse_object(group)
        if found is None:
            raise TwistError(f"{path}: segGroups[{position}] lacks a valid objectId, label or segments")
        # scene0217_00 lists all its objects a second time under new ids; the first ones are kept.
        key = (found.category, np.unique(found.segments).tobytes())
        if key in seen:
            repeated.append(str(found.id))
            continue
        seen.add(key)
        objects.append(found)
    if repeated:
        report.warn(f"{path}: objects {some(repeated)} repeat earlier ones and were left out")
    ids = [found.id for found in objects]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        report.warn(f"{path}: objectId {some([str(i) for i in twice])} is used for several groups")
    return objects


def _check_belonging(path: Path, name: str, content: dict, report: ReadReport) -> None:
    """Is this the annotation of this scan's decimated mesh, in the v2 form?"""
    scene_id = str(content.get("sceneId", ""))
    if scene_id.removeprefix(_ID_PREFIX) != name:
        raise TwistError(f"{path} belongs to scene {scene_id!r}, not to {name}")
    if not scene_id.startswith(_ID_PREFIX):
        report.warn(f"{path}: sceneId {scene_id!r} has no {_ID_PREFIX!r} in front: ScanNet v1 annotation?")
    version = content.get("appId", "Aggregator.v2")
    if version != "Aggregator.v2":
        report.warn(f"{path} was written by {version!r}, not by ScanNet v2's Aggregator.v2")
    segments_file = str(content.get("segmentsFile", _SEGMENTS))
    if not segments_file.endswith(_SEGMENTS):
        raise TwistError(
            f"{path} refers to the segments {segments_file!r}, not to {name}{_SEGMENTS}: "
            "it annotates another mesh"
        )


def _parse_object(group: object) -> _Object | None:
    if not isinstance(group, dict):
        return None
    identity, category = group.get("objectId"), group.get("label")
    segments = integer_array(group.get("segments"))
    if type(identity) is not int or not 0 <= identity < 2**31 or not isinstance(category, str):
        return None
    return None if segments is None else _Object(identity, category, segments)


def _paint(
    path: Path, objects: list[_Object], segments: np.ndarray, label_map: dict[str, int], report: ReadReport
) -> tuple[np.ndarray, np.ndarray]:
    """Class index and objectId of each vertex, (N,) int32 both, -1 = none."""
    known, segment_of_vertex = np.unique(segments, return_inverse=True)
    semantic = np.full(len(known), -1, np.int32)
    owner = np.full(len(known), -1, np.int32)
    absent: set[int] = set()
    shared: set[int] = set()
    for found in objects:
        place = np.minimum(np.searchsorted(known, found.segments), len(known) - 1)
        exists = known[place] == found.segments
        absent.update(found.segments[~exists].tolist())
        place = place[exists]
        shared.update(known[place[(owner[place] >= 0) & (owner[place] != found.id)]].tolist())
        owner[place] = found.id
        label = np.array(label_map.get(found.category, 0))
        semantic[place] = SCANNET.index_of_label(label)
    unmapped = sorted({found.category for found in objects} - label_map.keys())
    if unmapped:
        report.warn(f"{path}: not in the label map, left unlabelled: {some(unmapped)}")
    if absent:
        names = some([str(i) for i in sorted(absent)])
        report.warn(f"{path}: {len(absent)} segments are not in the segs.json: {names}")
    if shared:
        names = some([str(i) for i in sorted(shared)])
        report.warn(f"{path}: {len(shared)} segments are claimed twice, the last object has them: {names}")
    if not np.isin(semantic, SCANNET.things).any():
        report.warn(f"{path}: the scan has no instance of a benchmark class")
    return semantic[segment_of_vertex], owner[segment_of_vertex]


def _compare_with_vertex_labels(path: Path, semantic: np.ndarray, report: ReadReport) -> None:
    """Cross-check with ScanNet's own vertex labels (NYU40 ids); a few scans hold ids over 40 in error."""
    labels = read_ply(path).columns("label")[:, 0]
    if labels.dtype.kind not in "iu":
        raise TwistError(f"{path}: label is {labels.dtype}; expected an integer type")
    if len(labels) != len(semantic):
        raise TwistError(f"{path} has {len(labels)} vertices, the mesh beside it {len(semantic)}")
    equal = SCANNET.index_of_label(labels.astype(np.int64)) == semantic
    report.label_agreement = float(equal.mean())
    if not equal.all():
        strange = sorted({int(label) for label in labels[~equal] if label > 40})
        also = f" (it holds ids over 40: {some([str(i) for i in strange])})" if strange else ""
        report.warn(f"{path} agrees with the objects on {equal.mean():.2%} of the vertices{also}")
