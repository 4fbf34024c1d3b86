"""What the 3D page is given of a scan, and how it is made small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.regions import Regions
from twist.scene import Scene
from twist.scoring.matching import annotated_instances
from twist.scoring.verdicts import Verdict, Verdicts, judge
from twist.showing.viewer.packing import pack, spatial_order

#: Coordinates are stored in steps of this; far below the distance of neighbours in any scan of a room.
STEP_M = 0.003


@dataclass(frozen=True)
class Labelling:
    """One way in which a model labelled a scan's N points.

    title: as on the page, such as ``Predictions``
    regions: instances with class and score, best first
    semantic: (N,) int class index where no instance lies, -1 = none; left out = none anywhere
    certainty: (N,) float from 0 to 1 of points in no instance; inside one its score is shown
    """

    title: str
    regions: Regions
    semantic: np.ndarray | None = None
    certainty: np.ndarray | None = None


@dataclass(frozen=True)
class ViewedScene:
    """A scan, with or without annotation, and what was said of it.

    note: what it is, such as ``validation``; supervoxel: (N,) ids
    """

    scene: Scene
    note: str = ""
    labellings: Sequence[Labelling] = ()
    supervoxel: np.ndarray | None = None


def packed_scene(viewed: ViewedScene, table: ClassTable, points_max: int) -> str:
    """The scan as text for the page. Raises TwistError where a labelling is of another scan."""
    scene = viewed.scene
    _check(viewed)
    chosen, faces = _shown(scene, points_max)
    position = np.full(len(scene), -1, np.int64)  # of each point among those shown
    position[chosen] = np.arange(len(chosen))

    layers, arrays = [], _geometry(scene, chosen, faces)
    for facts, content in _layers(viewed, table):
        for key, values in content.items():
            if isinstance(values, Regions):
                arrays |= _packed_regions(f"{len(layers)}.{key}", values, position)
            else:
                whole = f"{len(layers)}.{key}"
                arrays[whole] = values[chosen] if key.startswith("point_") else values
        layers.append(facts)
    facts = {
        "name": scene.name,
        "note": viewed.note,
        "points": len(scene),
        "shown": len(chosen),
        "step": STEP_M,
        "spacing": _spacing(scene.aligned_xyz[chosen]),
        "layers": layers,
    }
    return pack(facts, arrays)


def _check(viewed: ViewedScene) -> None:
    size, name = len(viewed.scene), viewed.scene.name
    for labelling in viewed.labellings:
        lengths = {labelling.regions.size_of_scene}
        lengths |= {len(v) for v in (labelling.semantic, labelling.certainty) if v is not None}
        if lengths != {size}:
            raise TwistError(
                f"{labelling.title} of {name} are not of its {size} points; are both of one scan?"
            )
    if viewed.supervoxel is not None and len(viewed.supervoxel) != size:
        raise TwistError(f"supervoxels of {name}: {len(viewed.supervoxel)} ids for {size} points")


def _shown(scene: Scene, points_max: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the points to show, in the order to store them, and faces between those, (F, 3)."""
    order = spatial_order(scene.aligned_xyz)
    if not len(scene.faces) or len(scene) > points_max:  # a dense scan is a surface as points alone
        evenly = np.linspace(0, len(order) - 1, min(points_max, len(order))).round().astype(np.int64)
        return order[evenly], np.zeros((0, 3), np.int64)
    faces = scene.faces[spatial_order(scene.aligned_xyz[scene.faces].mean(axis=1))]
    first_use = np.full(len(scene), faces.size, np.int64)
    np.minimum.at(first_use, faces.ravel(), np.arange(faces.size))
    used = np.flatnonzero(first_use < faces.size)
    chosen = np.concatenate([used[np.argsort(first_use[used])], order[first_use[order] == faces.size]])
    number = np.empty(len(scene), np.int64)
    number[chosen] = np.arange(len(chosen))
    return chosen, number[faces]


def _geometry(scene: Scene, chosen: np.ndarray, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Coordinates in steps; 64 shades of green, and red and blue less green, as brightness varies most;
    and how far below the next vertex that no face has used each corner lies."""
    xyz = scene.aligned_xyz[chosen].astype(np.float64)
    cells = np.round((xyz - xyz.mean(axis=0)) / STEP_M).astype(np.int64)
    red, green, blue = (scene.rgb[chosen] >> 2).astype(np.int64).T
    corners = faces.ravel()
    next_new = np.maximum.accumulate(np.concatenate([[-1], corners]))[:-1] + 1
    return {
        **{axis: cells[:, k] for k, axis in enumerate("xyz")},
        **{"green": green, "red_green": red - green, "blue_green": blue - green},
        "faces": next_new - corners,
    }


def _spacing(xyz: np.ndarray) -> float:
    """Typical distance of neighbouring points, metres."""
    if len(xyz) < 2:
        return 0.1
    some = xyz[:: max(1, len(xyz) // 2000)]
    distance = cKDTree(xyz).query(some, k=min(4, len(xyz)))[0][:, -1]
    return float(max(np.median(distance), STEP_M))


def _layers(viewed: ViewedScene, table: ClassTable) -> list[tuple[dict, dict]]:
    """Facts and arrays of each layer: the annotation, what models said, and supervoxels."""
    scene = viewed.scene
    verdicts = [
        judge(scene.semantic, scene.instance, labelling.regions, table) if scene.labelled else None
        for labelling in viewed.labellings
    ]
    layers = []
    if scene.labelled:
        truth = annotated_instances(scene.semantic, scene.instance, table)
        layers.append(
            ({"title": "Ground truth", "kind": "truth"}, {"regions": truth, "point_semantic": scene.semantic})
        )
    layers += [_layer_of(*pair) for pair in zip(viewed.labellings, verdicts, strict=True)]
    if viewed.supervoxel is not None:
        pieces = Regions.from_ids(viewed.supervoxel)
        layers.append(({"title": "Supervoxels", "kind": "pieces"}, {"regions": pieces}))
    return layers


def _layer_of(labelling: Labelling, verdicts: Verdicts | None) -> tuple[dict, dict]:
    arrays = {"regions": labelling.regions}
    if labelling.semantic is not None:
        arrays["point_semantic"] = labelling.semantic
    if labelling.certainty is not None:
        arrays["point_certainty"] = _percent(labelling.certainty)
    if verdicts is not None:
        arrays |= {
            "verdict": verdicts.of_prediction,
            "iou": _percent(verdicts.iou),
            "match": verdicts.match,
            "truth_verdict": verdicts.of_instance,
            "truth_iou": _percent(verdicts.found_iou),
            "truth_match": verdicts.found_by,
        }
    counts = {} if verdicts is None else _counts(verdicts)
    return {"title": labelling.title, "kind": "model", **counts}, arrays


def _counts(verdicts: Verdicts) -> dict[str, int]:
    return {
        "hits": int((verdicts.of_prediction == Verdict.RIGHT).sum()),
        "false_positives": int((verdicts.of_prediction == Verdict.WRONG).sum()),
        "misses": int((verdicts.of_instance == Verdict.WRONG).sum()),
    }


def _percent(share: np.ndarray) -> np.ndarray:
    return np.round(100 * np.nan_to_num(np.asarray(share, np.float64))).astype(np.int64)


def _packed_regions(name: str, regions: Regions, position: np.ndarray) -> dict[str, np.ndarray]:
    """Regions of the points that are shown; ``points`` is the full size of each."""
    where = position[regions.index]
    region = regions.region_of_entry[where >= 0]
    where = where[where >= 0]
    return {
        f"{name}.index": where[np.lexsort((where, region))],
        f"{name}.size": np.bincount(region, minlength=len(regions)),
        f"{name}.points": regions.sizes,
        f"{name}.label": regions.label,
        f"{name}.score": _percent(regions.score),
    }
