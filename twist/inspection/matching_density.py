"""A scan's points made as dense as those that a model has learned from: thinned, or its mesh sampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twist.geometry.sampling import sample_surface
from twist.geometry.thinning import Thinned, thin

#: A scan is thinned where its points lie closer than this share of the spacing that was learned from.
_DENSER = 0.7
#: Edge of a cell over the distance to the nearest of the points left, one a cell, on a surface.
_CELL = 1.7
#: A mesh is sampled where its vertices lie farther apart than this, in the spacing that was learned from.
_SPARSER = 1.5
_MOST_SAMPLES = 2_000_000


@dataclass(frozen=True)
class Surface:
    """The points of a scan, and the mesh between them where there is one.

    xyz: (M, 3) float32, metres; rgb: (M, 3) uint8; faces: (F, 3) int32, F = 0 without a mesh
    normal: (M, 3) float32, None where there never were faces
    thinned: which points of the file these are, and which stands for each; samples come behind them
    """

    xyz: np.ndarray
    rgb: np.ndarray
    faces: np.ndarray
    normal: np.ndarray | None
    thinned: Thinned


def as_dense_as(surface: Surface, spacing_m: float, wanted_m: float) -> tuple[Surface, list[str]]:
    """The surface at the spacing that a model has learned from, and what was done, one line each.

    spacing_m: median distance of its points to the nearest one; wanted_m: the same of the model's scans
    """
    if spacing_m < _DENSER * wanted_m:
        return _thinned(surface, spacing_m, wanted_m)
    if len(surface.faces) and spacing_m > _SPARSER * wanted_m:
        return _sampled(surface, spacing_m, wanted_m)
    return surface, []


def _thinned(surface: Surface, spacing_m: float, wanted_m: float) -> tuple[Surface, list[str]]:
    fewer = thin(surface.xyz, _CELL * wanted_m)
    note = (
        f"points lie {100 * spacing_m:.2g} cm apart and are thinned to {100 * wanted_m:.2g} cm, which "
        f"the model learned from (--spacing changes that): {len(fewer)} of {len(surface.xyz)} stand for all"
    )
    left = Surface(
        surface.xyz[fewer.chosen],
        surface.rgb[fewer.chosen],
        surface.faces[:0],
        None if surface.normal is None else surface.normal[fewer.chosen],
        surface.thinned.then(fewer),
    )
    return left, [note]


def _sampled(surface: Surface, spacing_m: float, wanted_m: float) -> tuple[Surface, list[str]]:
    samples = sample_surface(surface.xyz, surface.faces, wanted_m, _MOST_SAMPLES)
    note = (
        f"vertices lie {100 * spacing_m:.2g} cm apart, too far for what the model learned from: "
        f"{len(samples)} points of the surface, {100 * wanted_m:.2g} cm apart, are added to predict"
    )
    more = Surface(
        np.concatenate([surface.xyz, samples.of(surface.xyz, surface.faces).astype(np.float32)]),
        np.concatenate([surface.rgb, np.round(samples.of(surface.rgb, surface.faces)).astype(np.uint8)]),
        surface.faces[:0],
        np.concatenate([surface.normal, samples.normal]),
        surface.thinned,
    )
    return more, [note]
