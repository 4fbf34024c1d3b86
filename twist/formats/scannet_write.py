"""Writing scans in ScanNet v2's raw layout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from twist.classes import SCANNET
from twist.files import write_text
from twist.formats.ply import write_ply
from twist.formats.scannet_names import FACTS, LABELS, MESH, OBJECTS, SEGMENTS, SEGMENTS_K
from twist.formats.segs import write_segments
from twist.scene import Scene

#: ScanNet's smallest segment of a mesh.
SEGMENTS_MIN_VERTICES = 20


def write_scannet_scan(
    folder: Path, scene: Scene, segments: np.ndarray, raw: tuple[str, ...], scene_type: str
) -> list[Path]:
    """Write mesh, segments, aggregation, labels and meta file of one scan into ``folder``.

    scene: its ``instance`` holds object ids 0..len(raw) - 1, each a union of segments, -1 elsewhere
    segments: (N,) integer segment ids; raw: raw category of each object
    Returns the paths written, the aggregation last, so that a scan that has one is whole.
    """
    name = scene.name
    mesh, labels, segment_file, meta, aggregation = (
        folder / (name + ending) for ending in (MESH, LABELS, SEGMENTS, FACTS, OBJECTS)
    )
    vertex = dict(zip("xyz", scene.xyz.T, strict=True)) | dict(
        zip(("red", "green", "blue"), scene.rgb.T, strict=True), alpha=np.full(len(scene), 255, np.uint8)
    )
    write_ply(mesh, vertex, scene.faces)
    label_ids = np.append(np.array(SCANNET.label_ids, np.uint16), np.uint16(0))
    write_ply(labels, vertex | {"label": label_ids[scene.semantic]}, scene.faces)
    write_segments(segment_file, segments, name, SEGMENTS_K, SEGMENTS_MIN_VERTICES)
    numbers = " ".join(f"{value:.6f}" for value in scene.axis_alignment.ravel())
    write_text(meta, f"axisAlignment = {numbers}\nsceneType = {scene_type}\n")
    groups = _aggregation(name, segment_file.name, segments, scene.instance, raw)
    # On one line, as ScanNet's files are; indented, it would be thrice as long.
    write_text(aggregation, json.dumps(groups, separators=(",", ":")) + "\n")
    return [mesh, labels, segment_file, meta, aggregation]


def _aggregation(
    name: str, segment_file: str, segments: np.ndarray, instance: np.ndarray, raw: tuple[str, ...]
) -> dict:
    groups = [
        {"id": k, "objectId": k, "segments": np.unique(segments[instance == k]).tolist(), "label": label}
        for k, label in enumerate(raw)
    ]
    return {
        "sceneId": f"scannet.{name}",
        "appId": "Aggregator.v2",
        "segGroups": groups,
        "segmentsFile": f"scannet.{segment_file}",
    }
