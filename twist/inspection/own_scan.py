"""One's own scan made fit for a network: in metres, z upwards, as dense as what it has learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twist.classes import ClassTable
from twist.errors import TwistError, naming
from twist.formats.scans.record import GREY, ScanFile
from twist.geometry.mesh import vertex_normals
from twist.geometry.thinning import Thinned, finite_points, keep, merge_equal, nearest_spacing
from twist.inspection.density import advice, measure_density, summarise
from twist.inspection.frame import AXES, LONGEST_M, UNITS, describe_unit, extent_of, likely_up, unit_of
from twist.inspection.matching_density import Surface, as_dense_as
from twist.preparation import supervoxels_of
from twist.regions import Regions
from twist.scene import Scene, is_surface
from twist.settings import Settings, SupervoxelSettings

#: Points farther from the middle than this many sides of the scan, and than any room is long, are strays.
_STRAY_SIDES = 2.0
#: 32 bit coordinates are too coarse where their last bit is worth this share of the distance between points.
_COARSE = 0.1


@dataclass(frozen=True)
class FittedScan:
    """What a network is given of a scan, and the way back to its file.

    scene: the points that stand for all, in metres, z upwards, near the origin; behind those of ``thinned``
        samples of the surface, where a mesh has too few vertices
    supervoxels: ``supervoxel`` (M,) and, where there are no faces, ``normal`` (M, 3) of the scene's points
    thinned: which points of the file those are, and which of them stands for each point of the file
    unit, up: as found or given
    spacing_m: median distance of the file's points to the nearest one, None for a single point
    notes: what was found and done, one line each
    """

    scene: Scene
    supervoxels: dict[str, np.ndarray]
    thinned: Thinned
    unit: str
    up: str
    spacing_m: float | None
    notes: tuple[str, ...]

    def of_file(self, regions: Regions) -> Regions:
        """Regions of the scene's points as regions of the file's; empty for one of samples alone."""
        stood_for = Regions.from_ids(self.thinned.of_point)  # region k: the points that point k stands for
        parts = stood_for.incidence()
        parts.resize(len(self.scene), parts.shape[1])
        return regions.through(parts)


def fit_scan(
    scan: ScanFile,
    settings: SupervoxelSettings,
    *,
    unit: str | None = None,
    up: str | None = None,
    spacing_m: float | None = None,
) -> FittedScan:
    """Check a scan and bring it into the form of those that the network knows.

    unit: key of UNITS, None = found out; up: key of AXES, None = as the format has it, else z
    spacing_m: distance between the points that the network has learned from, None = leave the scan's own
    Raises TwistError for a scan whose points all lack coordinates, and for one that is a room in no unit.
    """
    notes = list(scan.notes)
    thinned = _apart(scan, notes)
    own = scan.xyz[thinned.chosen].astype(np.float64)
    extent, spacing = extent_of(own), nearest_spacing(own)
    upwards = up or scan.up or "z"
    with naming(f"{scan.path}"):
        known_unit = unit or unit_of(extent, spacing, upwards)
    notes.insert(0, describe_unit(known_unit, extent, given=unit is not None))
    metres = (own - np.median(own, axis=0)) * UNITS[known_unit]  # in float64: centred before it is rounded
    near = _near(metres, extent.max() * UNITS[known_unit], len(scan), notes)
    metres, thinned = metres[near.chosen], thinned.then(near)
    spacing = None if spacing is None else spacing * UNITS[known_unit]
    if scan.xyz.dtype == np.float32 and spacing:
        _tell_rounding(own[near.chosen], UNITS[known_unit], spacing, notes)
    xyz = (metres @ np.transpose(AXES[upwards])).astype(np.float32)
    faces = _faces_between(scan.faces, thinned)
    if len(faces) and not is_surface(len(xyz), faces):
        faces = faces[:0]
        notes.append("more than a tenth of the points are on no face: taken as a point cloud")
    surface = Surface(
        xyz,
        np.full(xyz.shape, GREY, np.uint8) if scan.rgb is None else scan.rgb[thinned.chosen],
        faces,
        vertex_normals(xyz, faces) if len(faces) else None,
        thinned,
    )
    if spacing and spacing_m:
        surface, done = as_dense_as(surface, spacing, spacing_m)
        notes += done
    if scan.rgb is None:
        notes.append(
            "no colours: all points are taken as grey, which a model that learned from colours misses"
        )
    scene = _scene(scan, surface)
    supervoxels, normal = _supervoxels(scene, surface.normal, settings, notes)
    if up is None:
        _tell_up(normal, scene, upwards, notes)
    return FittedScan(scene, supervoxels, surface.thinned, known_unit, upwards, spacing, tuple(notes))


def _apart(scan: ScanFile, notes: list[str]) -> Thinned:
    """The points that have coordinates, those at one place as one."""
    finite = finite_points(scan.xyz)
    if len(finite) == 0:
        raise TwistError(f"{scan.path}: all {len(scan)} points have NaN or infinite coordinates")
    if len(finite) < len(scan):
        notes.append(f"{len(scan) - len(finite)} of {len(scan)} points have no coordinates and are left out")
    apart = finite.then(merge_equal(scan.xyz[finite.chosen]))
    if len(apart) < len(finite):
        notes.append(f"{len(finite)} points lie at {len(apart)} places; those at one place are taken as one")
    return apart


def _near(metres: np.ndarray, longest_m: float, of: int, notes: list[str]) -> Thinned:
    """The points without strays. metres: (N, 3) from the middle; longest_m: the scan's longest side."""
    limit = max(LONGEST_M, _STRAY_SIDES * longest_m)
    near = keep((np.abs(metres) <= limit).all(axis=1))
    if len(near) < len(metres):
        notes.append(
            f"{len(metres) - len(near)} of {of} points lie farther than {limit:.3g} m from the middle "
            "and are left out"
        )
    return near


def _tell_rounding(own: np.ndarray, unit_m: float, spacing_m: float, notes: list[str]) -> None:
    """Note that a file's float32 is too coarse so far from its origin. own: (N, 3), as in the file."""
    step_m = float(np.spacing(np.float32(np.abs(own).max()))) * unit_m
    if step_m > _COARSE * spacing_m:
        notes.append(
            f"32 bit numbers so far from zero are rounded to {100 * step_m:.3g} cm: save the scan with 64 "
            "bits or nearer to zero"
        )


def _faces_between(faces: np.ndarray, thinned: Thinned) -> np.ndarray:
    """Faces (F, 3) between the points that stay; those that have lost a corner or an edge are left out."""
    corners = thinned.of_point[faces]
    a, b, c = corners.T
    whole = (corners >= 0).all(axis=1) & (a != b) & (b != c) & (c != a)
    return np.ascontiguousarray(corners[whole], np.int32)


def _scene(scan: ScanFile, surface: Surface) -> Scene:
    none = np.full(len(surface.xyz), -1, np.int32)
    return Scene(
        name=scan.path.stem,
        xyz=surface.xyz,
        rgb=surface.rgb,
        faces=surface.faces,
        semantic=none,
        instance=none.copy(),
        labelled=False,
    )


def _supervoxels(
    scene: Scene, normal: np.ndarray | None, settings: SupervoxelSettings, notes: list[str]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The supervoxels, and normals (M, 3): those given, of faces, else those estimated with them."""
    source, supervoxels = supervoxels_of(scene, None, settings)
    if normal is None:
        notes.append(f"no faces: normals are estimated from {settings.neighbours} neighbours")
        return supervoxels, supervoxels["normal"]
    if source == "cloud":  # of a mesh that was thinned or sampled: its faces knew better
        supervoxels["normal"] = normal
    return supervoxels, normal


def _tell_up(normal: np.ndarray, scene: Scene, upwards: str, notes: list[str]) -> None:
    """Note where floor and walls speak for another axis than the one that was taken."""
    turned = likely_up(normal, extent_of(scene.xyz))
    if turned is not None:
        axis = "xyz"[int(np.abs(AXES[upwards]["xyz".index(turned)]).argmax())]
        notes.append(
            f"{axis} looks more like the vertical than {upwards} does: try --up {axis}, or --up=-{axis} "
            "where it points down, as in the frame of a camera"
        )


def misfits(fitted: FittedScan, table: ClassTable, settings: Settings) -> list[str]:
    """What does not suit the scan's density, one line each: settings that may change, or the scan itself."""
    found = advice(summarise([measure_density(fitted.scene, table, settings)]), settings)
    voxel = settings.network.voxel_size_m
    sparse = (
        f"points lie too far apart for this model's voxels of {voxel:g} m, which cannot be changed: scan "
        "more densely, or save the scan as a mesh, whose surface can be sampled"
    )
    return [sparse if one.setting == "network.voxel_size_m" else one.text for one in found]
