"""Tiny raw scans for tests: a ScanNet scan and an S3DIS room, written without the package's own writers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

LABEL_MAP = "id\traw_category\tnyu40id\n1\twall\t1\n2\tchair\t5\n3\tcouch\t6\n4\tbackpack\t37\n"
#: Segment ids as in real files: any numbers. Objects 0 (chair), 1 (couch), 2 (wall); segment 90 is no one's.
SEGMENTS = np.repeat([70, 31, 5, 90], 3)
OBJECTS = [
    {"id": 0, "objectId": 0, "segments": [70], "label": "chair"},
    {"id": 1, "objectId": 1, "segments": [31], "label": "couch"},
    {"id": 2, "objectId": 2, "segments": [5], "label": "wall"},
]
SEMANTIC = np.repeat([4, 5, 0, -1], 3)
INSTANCE = np.repeat([0, 1, 2, -1], 3)
ALIGNMENT = "0 -1 0 2 1 0 0 3 0 0 1 4 0 0 0 1"


def coordinates(n: int = len(SEGMENTS)) -> np.ndarray:
    return np.random.default_rng(0).random((n, 3)).astype(np.float32)


def colours(n: int = len(SEGMENTS)) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (n, 3), np.uint8)


def ply_bytes(vertex: dict[str, np.ndarray], faces: np.ndarray) -> bytes:
    names = {"f": "float", "u": {1: "uchar", 2: "ushort"}}
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(next(iter(vertex.values())))}"]
    for name, values in vertex.items():
        kind = names[values.dtype.kind]
        lines.append(f"property {kind if isinstance(kind, str) else kind[values.dtype.itemsize]} {name}")
    lines += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header", ""]
    rows = b"".join(b"".join(value.tobytes() for value in row) for row in zip(*vertex.values(), strict=True))
    return "\n".join(lines).encode() + rows + b"".join(b"\x03" + face.tobytes() for face in faces)


def mesh_vertices(n: int = len(SEGMENTS)) -> dict[str, np.ndarray]:
    xyz, rgb = coordinates(n), colours(n)
    alpha = np.full(n, 255, np.uint8)
    return dict(zip("xyz", xyz.T, strict=True)) | dict(
        zip(("red", "green", "blue", "alpha"), [*rgb.T, alpha], strict=True)
    )


def write_scan(raw: Path, name: str = "scene0011_00", *, repeat: int = 1, **aggregation: Any) -> Path:
    """One labelled scan in RAW/scans/NAME and the label map in RAW; ``aggregation`` replaces its entries.

    Every segment gets ``repeat`` times three vertices.
    """
    folder = raw / "scans" / name
    folder.mkdir(parents=True)
    (raw / "scannetv2-labels.combined.tsv").write_text(LABEL_MAP)
    segments, labels = np.repeat(SEGMENTS, repeat), np.repeat([5, 6, 1, 0], 3 * repeat).astype(np.uint16)
    vertex = mesh_vertices(len(segments))
    faces = np.arange(len(segments), dtype=np.int32).reshape(-1, 3)
    mesh = f"{name}_vh_clean_2"
    (folder / f"{mesh}.ply").write_bytes(ply_bytes(vertex, faces))
    (folder / f"{mesh}.labels.ply").write_bytes(ply_bytes(vertex | {"label": labels}, faces))
    (folder / f"{mesh}.0.010000.segs.json").write_text(
        json.dumps({"sceneId": name, "segIndices": segments.tolist()})
    )
    objects = {
        "sceneId": f"scannet.{name}",
        "appId": "Aggregator.v2",
        "segGroups": OBJECTS,
        "segmentsFile": f"scannet.{mesh}.0.010000.segs.json",
    }
    (folder / f"{name}.aggregation.json").write_text(json.dumps(objects | aggregation))
    (folder / f"{name}.txt").write_text(
        f"axisAlignment = {ALIGNMENT} \nnumDepthFrames = 5\nsceneType = Office\n"
    )
    return folder


def write_stub_download(raw: Path, train: int, val: int, labelled: int) -> None:
    """A ScanNet download by names alone: empty files of all scans, and the lists of scenes."""
    names = [f"scene{k:04d}_00" for k in range(train + val)]
    (raw / "data_efficient").mkdir(parents=True)
    lists = {
        "scannetv2_train.txt": names[:train],
        "scannetv2_val.txt": names[train:],
        "data_efficient/5.txt": names[:labelled],
    }
    for file, listed in lists.items():
        (raw / file).write_text("".join(f"{name}\n" for name in listed))
    (raw / "scannetv2-labels.combined.tsv").write_text(LABEL_MAP)
    endings = ("_vh_clean_2.ply", "_vh_clean_2.labels.ply", "_vh_clean_2.0.010000.segs.json",
               ".aggregation.json", ".txt")  # fmt: skip
    for name in names:
        (raw / "scans" / name).mkdir(parents=True)
        for ending in endings:
            (raw / "scans" / name / f"{name}{ending}").touch()


def write_room(raw: Path, area: str = "Area_5", room: str = "office_1", **objects: bytes | str) -> Path:
    """One room in RAW/AREA/ROOM; objects: name of an annotation file -> its text."""
    folder = raw / area / room
    (folder / "Annotations").mkdir(parents=True)
    objects = objects or {
        "chair_1": "1 2 3 10 20 30\n1.5 -2.25 0.125 0 255 7\n",
        "floor_1": "0 0 0 1.000000 2.0 3\n",
    }
    texts = {name: text if isinstance(text, bytes) else text.encode() for name, text in objects.items()}
    for name, text in texts.items():
        (folder / "Annotations" / f"{name}.txt").write_bytes(text)
    (folder / f"{room}.txt").write_bytes(b"".join(texts.values()))
    return folder
