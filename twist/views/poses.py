"""Where somebody could stand in a scan, and cameras that look from there."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from twist.geometry.raster import Camera
from twist.pretraining_sections import ViewSettings

_CELL_M = 0.1
#: Points this close to the floor's height are floor; points between these heights stand in the way.
_FLOOR_M, _LOW_M, _HIGH_M = 0.15, 0.3, 2.0
#: Tried one after the other: how far from anything a person stands.
_CLEARANCES_M = (0.3, 0.1, 0.0)


def floor_height(xyz: np.ndarray) -> float:
    """Height of the floor, metres: the lowest hundredth of the points (N, 3) lies below it."""
    return float(np.quantile(xyz[:, 2], 0.01))


def standing_places(xyz: np.ndarray) -> np.ndarray:
    """Middles of the 10 cm cells of free floor, (P, 2) float64 metres, at least one.

    xyz: (N, 3) float, metres, vertical z. A cell is floor where points lie at the floor's height, small gaps
    filled, and free where nothing between 0.3 and 2 m stands within 30 cm; in a crowded scan within 10 cm,
    then in the cell itself; where all floor is covered, anywhere over it. Source: our choice.
    """
    low = xyz[:, :2].min(axis=0)
    cells = np.floor((xyz[:, :2] - low) / _CELL_M).astype(np.int64)
    height = xyz[:, 2] - floor_height(xyz)
    shape = cells.max(axis=0) + 1
    floor = _occupied(cells[np.abs(height) <= _FLOOR_M], shape)
    blocked = _occupied(cells[(height > _LOW_M) & (height < _HIGH_M)], shape)
    # Padded, because closing would eat the floor at the border; three cells: coarse meshes have such gaps.
    floor = ndimage.binary_closing(np.pad(floor, 3), iterations=3)[3:-3, 3:-3]
    for clearance in _CLEARANCES_M:
        free = floor & ~_grown(blocked, round(clearance / _CELL_M))
        if free.any():
            break
    else:
        free = floor
    return low + (np.argwhere(free) + 0.5) * _CELL_M


def cameras(xyz: np.ndarray, settings: ViewSettings, rng: np.random.Generator) -> Iterator[Camera]:
    """Endless random cameras over the free floor of a scan (N, 3), metres, vertical z."""
    places, floor = standing_places(xyz), floor_height(xyz)
    width = settings.image_width
    while True:
        place = places[rng.integers(len(places))] + rng.uniform(-_CELL_M / 2, _CELL_M / 2, 2)
        position = np.array([*place, floor + rng.uniform(*settings.eye_m)])
        yaw, pitch = rng.uniform(0, 2 * math.pi), math.radians(rng.uniform(*settings.pitch_deg))
        yield Camera.looking(
            position, yaw, pitch, math.radians(settings.field_of_view_deg), width, max(1, width * 3 // 4)
        )


def _occupied(cells: np.ndarray, shape: np.ndarray) -> np.ndarray:
    grid = np.zeros(shape, bool)
    grid[cells[:, 0], cells[:, 1]] = True
    return grid


def _grown(grid: np.ndarray, cells: int) -> np.ndarray:
    return ndimage.binary_dilation(grid, iterations=cells) if cells else grid
