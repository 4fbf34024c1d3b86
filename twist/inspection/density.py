"""How densely a scan samples its surfaces, and which settings do not fit that. The limits are our choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from twist.classes import ClassTable
from twist.geometry.thinning import merge_equal
from twist.geometry.voxels import voxelise
from twist.scene import Scene
from twist.settings import Settings

_SAMPLE = 2000  # points of a scan whose neighbours are looked up
_LINKS = 3  # neighbours within the radius that keep a surface in one piece
_FEWEST_LINKED = 0.75
_FEWEST_VOXELS = 25  # of the median instance; a chair has about a hundred at 10 cm
_MOST_SMALL = 0.25
#: Voxel edge over the distance to the nearest point: below, voxels are islands; suggested.
_FINEST, _SUGGESTED = 0.75, 1.25


@dataclass(frozen=True)
class Density:
    """One scan's sampling and what the settings make of it.

    nearest_m: median distance to the nearest point; reach_m: within it 90 % of the points have 3 neighbours
    linked: share of points that have 3 neighbours within ``proposals.radius_m``
    voxels: occupied voxels of the scan
    instance_points: points of the median annotated instance of a class with instances, None without any
    instance_voxels: its voxels; small: share of instances with fewer points than a prediction needs
    """

    nearest_m: float
    reach_m: float
    linked: float
    voxels: int
    instance_points: float | None
    instance_voxels: float | None
    small: float | None


@dataclass(frozen=True)
class Advice:
    """One thing that does not fit. setting: whose value it concerns, None = no single one's."""

    setting: str | None
    text: str


def measure_density(scene: Scene, table: ClassTable, settings: Settings) -> Density:
    """Look up the neighbours of 2000 points; of points of classes with instances where there are any.

    Points at exactly the same place count as one.
    """
    points = scene.xyz[merge_equal(scene.xyz).chosen]
    on_thing = (scene.instance >= 0) & table.are_things(scene.semantic)
    asked = scene.xyz[on_thing] if on_thing.any() else points
    chosen = np.random.default_rng(0).choice(len(asked), min(_SAMPLE, len(asked)), replace=False)
    distance, _ = cKDTree(points).query(asked[chosen], k=_LINKS + 1)  # inf where the scan has fewer points
    nearest, reach = np.median(distance[:, 1]), np.quantile(distance[:, _LINKS], 0.9, method="lower")
    grid = voxelise(scene.xyz, settings.network.voxel_size_m)
    sizes, voxels = _instances(scene.instance[on_thing], grid.voxel_of_point[on_thing])
    return Density(
        nearest_m=float(nearest),
        reach_m=float(reach),
        linked=float((distance[:, _LINKS] <= settings.proposals.radius_m).mean()),
        voxels=len(grid),
        instance_points=float(np.median(sizes)) if len(sizes) else None,
        instance_voxels=float(np.median(voxels)) if len(sizes) else None,
        small=float((sizes < _fewest_points(settings)).mean()) if len(sizes) else None,
    )


def _fewest_points(settings: Settings) -> int:
    return max(settings.proposals.min_points, settings.prediction.min_points)


def _instances(instance: np.ndarray, voxel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and occupied voxels of each instance, both (K,). instance, voxel: ids of each point."""
    _, number, sizes = np.unique(instance, return_inverse=True, return_counts=True)
    step = voxel.max(initial=0) + 1
    occupied = np.unique(number * step + voxel) // step
    return sizes, np.bincount(occupied, minlength=len(sizes))


def summarise(densities: Sequence[Density]) -> dict[str, Any]:
    """The median over scans of every figure, and the number of scans; None where no scan has one."""
    summary: dict[str, Any] = {"scans": len(densities)}
    for key in asdict(densities[0]):
        values = [getattr(density, key) for density in densities]
        known = [value for value in values if value is not None and np.isfinite(value)]
        summary[key] = round(float(np.median(known)), 4) if known else None
    return summary


def advice(density: dict[str, Any], settings: Settings) -> list[Advice]:
    """Settings that do not fit what ``summarise`` found, with what to set; [] = all fit."""
    nearest, reach = density["nearest_m"], density["reach_m"]
    if nearest is None or reach is None:
        return [Advice(None, "the scans have too few points to judge voxel size and radius")]
    voxel, radius = settings.network.voxel_size_m, settings.proposals.radius_m
    few = _fewest_points(settings)
    found = []
    if voxel < _FINEST * nearest:
        text = (
            f"network.voxel_size_m is {voxel:g}, but points lie {_centimetres(nearest)} apart: voxels have "
            f"no neighbours to convolve with. Set it to about {_round_up(_SUGGESTED * nearest):g}"
        )
        found.append(Advice("network.voxel_size_m", text))
    if density["instance_voxels"] is not None and density["instance_voxels"] < _FEWEST_VOXELS:
        text = (
            f"network.voxel_size_m is {voxel:g}: the median instance is only {density['instance_voxels']:g} "
            f"voxels. Points lie {_centimetres(nearest)} apart, so "
            f"{_round_up(_SUGGESTED * nearest):g} is possible"
        )
        found.append(Advice("network.voxel_size_m", text))
    if density["linked"] < _FEWEST_LINKED:
        text = (
            f"proposals.radius_m is {radius:g}: only {density['linked']:.0%} of the points have {_LINKS} "
            f"neighbours within it, so objects fall apart. Set it, and proposals.radius_shifted_m, to about "
            f"{_round_up(reach):g}"
        )
        found.append(Advice("proposals.radius_m", text))
    if density["small"] is not None and density["small"] > _MOST_SMALL:
        fitting = max(5, int(density["instance_points"] / 10))
        text = (
            f"{density['small']:.0%} of the annotated instances have fewer than {few} points and cannot be "
            f"predicted. Set proposals.min_points and prediction.min_points to about {fitting} "
            "(ScanNet's scoring leaves out instances under 100 points whatever they are)"
        )
        found.append(Advice("proposals.min_points", text))
    elif density["small"] is None and np.sqrt(few) * nearest > 0.3:
        fitting = max(5, int((0.1 / nearest) ** 2))
        text = (
            f"prediction.min_points or proposals.min_points is {few}: that is a surface of "
            f"{_centimetres(np.sqrt(few) * nearest)} squared at this density. Set both to about {fitting}"
        )
        found.append(Advice("proposals.min_points", text))
    return found


def _centimetres(metres: float) -> str:
    return f"{100 * metres:.3g} cm"


def _round_up(metres: float) -> float:
    """To two digits, upwards."""
    step = 10.0 ** (np.floor(np.log10(metres)) - 1)
    return float(np.round(np.ceil(np.round(metres / step, 6)) * step, 9))
