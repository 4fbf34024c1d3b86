"""ScanNet's aggregation.json: the annotated objects of a scan as sets of mesh segments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twist.classes import SCANNET
from twist.errors import TwistError
from twist.files import read_json
from twist.formats.report import ReadReport, some
from twist.formats.scannet_names import SEGMENTS
from twist.formats.segs import integer_array

_ID_PREFIX = "scannet."  # of ids within v2 files; v1 had none
_FIRST_VERSION = "Aggregator.v1"
#: A larger share of missing segments: the objects belong to another segmentation, those found are chance.
_MOST_ABSENT = 0.5


@dataclass(frozen=True)
class AnnotatedObject:
    """id: the objectId; category: as the annotator typed it; segments: (S,) int64 segment ids."""

    id: int
    category: str
    segments: np.ndarray


def read_objects(path: Path, name: str, report: ReadReport) -> list[AnnotatedObject]:
    """The objects of scan ``name``, in the file's order, without those that repeat an earlier one.

    Raises TwistError for a broken file and for an annotation of another scan, another mesh, or ScanNet v1.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("segGroups"), list):
        raise TwistError(f"{path} is not an aggregation.json: it has no list segGroups")
    _check_belonging(path, name, content)
    objects: list[AnnotatedObject] = []
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
    bare = [str(found.id) for found in objects if not len(found.segments)]
    if bare:
        report.warn(f"{path}: objects {some(bare)} have no segments")
    if repeated:
        report.warn(f"{path}: objects {some(repeated)} repeat earlier ones and were left out")
    ids = [found.id for found in objects]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        report.warn(f"{path}: objectId {some([str(i) for i in twice])} is used for several groups")
    return objects


def _check_belonging(path: Path, name: str, content: dict) -> None:
    """Refuse what is not the v2 annotation of this scan's decimated mesh."""
    scene_id = str(content.get("sceneId", ""))
    if scene_id.removeprefix(_ID_PREFIX) != name:
        raise TwistError(f"{path} belongs to scene {scene_id!r}, not to {name}")
    marks = []
    if not scene_id.startswith(_ID_PREFIX):
        marks.append(f"its sceneId {scene_id!r} lacks {_ID_PREFIX!r}")
    if content.get("appId") == _FIRST_VERSION:
        marks.append(f"it was written by {_FIRST_VERSION!r}")
    if marks:
        raise TwistError(
            f"{path} is not of ScanNet v2 ({'; '.join(marks)}): v1 has other meshes and labels; "
            "download all files of the scan from the v2 release"
        )
    segments_file = str(content.get("segmentsFile", SEGMENTS))
    if not segments_file.endswith(SEGMENTS):
        raise TwistError(
            f"{path} refers to the segments {segments_file!r}, not to {name}{SEGMENTS}: "
            "it annotates another mesh"
        )


def _parse_object(group: object) -> AnnotatedObject | None:
    if not isinstance(group, dict):
        return None
    identity, category = group.get("objectId"), group.get("label")
    segments = integer_array(group.get("segments"))
    if type(identity) is not int or not 0 <= identity < 2**31 or not isinstance(category, str):
        return None
    return None if segments is None else AnnotatedObject(identity, category, segments)


def paint_objects(
    path: Path,
    objects: list[AnnotatedObject],
    segments: np.ndarray,
    label_map: dict[str, int],
    report: ReadReport,
) -> tuple[np.ndarray, np.ndarray]:
    """Class index and objectId of each vertex, (N,) int32 both, -1 = none. segments: (N,) segment ids.

    A segment that several objects claim goes to the last of them, class and id together. Raises TwistError
    where more than half of the objects' segments does not exist [our choice].
    """
    known, segment_of_vertex = np.unique(segments, return_inverse=True)
    semantic = np.full(len(known), -1, np.int32)
    owner = np.full(len(known), -1, np.int32)
    named: set[int] = set()
    absent: set[int] = set()
    shared: set[int] = set()
    for found in objects:
        place = np.minimum(np.searchsorted(known, found.segments), len(known) - 1)
        exists = known[place] == found.segments
        named.update(found.segments.tolist())
        absent.update(found.segments[~exists].tolist())
        place = place[exists]
        shared.update(known[place[(owner[place] >= 0) & (owner[place] != found.id)]].tolist())
        owner[place] = found.id
        semantic[place] = SCANNET.index_of_label(np.array(label_map.get(found.category, 0)))
    report.unmapped = sorted({found.category for found in objects} - label_map.keys())
    if report.unmapped:
        report.warn(f"{path}: not in the label map, left unlabelled: {some(report.unmapped)}")
    if len(absent) > _MOST_ABSENT * len(named):
        raise TwistError(
            f"{path}: {len(absent)} of its {len(named)} segments are not in the segs.json beside it; they "
            "are of different releases (ScanNet v1 and v2?): download all files of the scan again"
        )
    odd = {"are not in the segs.json": absent, "are claimed twice, the last object has them": shared}
    for what, ids in odd.items():
        if ids:
            report.warn(f"{path}: {len(ids)} segments {what}: {some([str(i) for i in sorted(ids)])}")
    if not np.isin(semantic, SCANNET.things).any():
        report.warn(f"{path}: the scan has no instance of a benchmark class")
    return semantic[segment_of_vertex], owner[segment_of_vertex]
