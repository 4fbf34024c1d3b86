"""Pictures of scenes, through the project's own rasteriser: obliquely from above, near walls cut away."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from twist.classes import ClassTable
from twist.files import atomic_write
from twist.geometry.raster import NOTHING, Camera, rasterise, rasterise_points
from twist.scene import Scene

BACKGROUND = (255, 255, 255)
#: Colour of points that have no label.
UNLABELLED = (200, 200, 200)

_PITCH = math.radians(-52)
_FIELD_OF_VIEW = math.radians(35)
#: Pictures are rendered at this multiple of their size and averaged down.
_OVERSAMPLING = 2


def render_scene(scene: Scene, colours: np.ndarray, size: tuple[int, int], yaw: float = 0.6) -> np.ndarray:
    """Render a scene in given vertex colours.

    colours: (N, 3) uint8; size: (height, width) in pixels; yaw: the direction of view, radians
    Surfaces seen from behind are left out, which opens the near walls and the ceiling. A scene that is no
    mesh is drawn as points. Returns (height, width, 3) uint8.
    """
    height, width = size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING
    xyz = scene.aligned_xyz.astype(np.float64)
    camera = _camera_that_sees(xyz, yaw, width, height)
    is_mesh = scene.is_mesh
    image = _surfaces(xyz, scene.faces, colours, camera) if is_mesh else _points(xyz, colours, camera)
    small = image.reshape(size[0], _OVERSAMPLING, size[1], _OVERSAMPLING, 3).mean(axis=(1, 3))
    return np.round(small).astype(np.uint8)


def label_colours(labels: np.ndarray) -> np.ndarray:
    """A colour (N, 3) uint8 for each label (N,) int; neighbours in number differ in hue; -1 is grey."""
    labels = np.asarray(labels, np.int64)
    hue = (labels * (math.sqrt(5) - 1) / 2 + 0.08) % 1
    saturation, value = 0.45 + 0.2 * (labels % 3), 0.95 - 0.15 * (labels // 3 % 3)
    sector = (hue[:, None] * 6 + np.array([5, 3, 1])) % 6
    rgb = value[:, None] * (1 - saturation[:, None] * np.clip(np.minimum(sector, 4 - sector), 0, 1))
    return np.where(labels[:, None] < 0, UNLABELLED, np.round(rgb * 255)).astype(np.uint8)


def class_colours(semantic: np.ndarray, table: ClassTable) -> np.ndarray:
    """A colour (N, 3) uint8 for each class index (N,) int; -1 is grey, stuff pale: it is most of a scan."""
    colours = label_colours(semantic)
    stuff = np.isin(semantic, np.flatnonzero(~table.is_thing))
    colours[stuff] = 255 - (255 - colours[stuff].astype(np.int32)) * 2 // 5
    return colours


def views_of_scene(scene: Scene, size: tuple[int, int], table: ClassTable) -> list[np.ndarray]:
    """A scene in its own colours, by class and by instance: three images of ``size``.

    Walls and floors, the largest region of each scan by far, are pale in the class picture; things without
    an instance are grey in the instance picture.
    """
    classes, instances = class_colours(scene.semantic, table), label_colours(scene.instance)
    instances[np.isin(scene.semantic, np.flatnonzero(~table.is_thing))] = UNLABELLED
    return [render_scene(scene, colours, size) for colours in (scene.rgb, classes, instances)]


def save_png(path: str | Path, image: np.ndarray) -> None:
    """Write an image (H, W, 3) uint8 as PNG, atomically."""
    from matplotlib.image import imsave  # noqa: PLC0415  a second to import

    with atomic_write(path) as handle:
        imsave(handle, image, format="png", metadata={"Software": None})


def contact_sheet(rows: list[list[np.ndarray]], gap: int = 8) -> np.ndarray:
    """Put images (H, W, 3), all of one size, into a grid with white gaps of some pixels.

    Rows may be shorter than the first.
    """
    height, width = rows[0][0].shape[:2]
    sheet = np.full((len(rows) * (height + gap) - gap, len(rows[0]) * (width + gap) - gap, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            y, x = i * (height + gap), j * (width + gap)
            sheet[y : y + height, x : x + width] = image
    return sheet


def _camera_that_sees(xyz: np.ndarray, yaw: float, width: int, height: int) -> Camera:
    """The nearest camera of the fixed direction that sees all points but a few strays, in the middle."""
    view = Camera.looking(xyz.mean(axis=0), yaw, _PITCH, _FIELD_OF_VIEW, width, height)
    local = view.to_camera(xyz)
    low, high = np.percentile(local, 0.1, axis=0), np.percentile(local, 99.9, axis=0)
    local -= (low + high) / 2
    inside = (np.abs(local) <= (high - low) / 2).all(axis=1) | (len(xyz) < 1000)
    half = np.array([width, height]) / 2 / view.focal_px * 0.97
    back = float((np.abs(local[inside, :2]) / half - local[inside, 2:]).max())
    middle = view.position + view.rotation @ ((low + high) / 2)
    return replace(view, position=middle - back * view.rotation[:, 2])


def _surfaces(xyz: np.ndarray, faces: np.ndarray, colours: np.ndarray, camera: Camera) -> np.ndarray:
    _, face_id = rasterise(xyz, faces, camera, cull=True)
    a, b, c = (xyz[faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    light = 0.72 + 0.28 * np.abs(normal @ _unit([0.35, -0.25, 0.9]))
    of_face = colours[faces].astype(np.float64).mean(axis=1) * light[:, None]
    return np.where((face_id == NOTHING)[..., None], BACKGROUND, of_face[face_id])


def _points(xyz: np.ndarray, colours: np.ndarray, camera: Camera) -> np.ndarray:
    _, point_id = rasterise_points(xyz, camera)
    return np.where((point_id == NOTHING)[..., None], BACKGROUND, colours[point_id])


def _unit(vector: list[float]) -> np.ndarray:
    return np.array(vector) / np.linalg.norm(vector)
