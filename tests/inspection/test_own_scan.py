"""One's own scan: its unit and vertical, its density, and the way back to its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twist.classes import SCANNET
from twist.errors import TwistError
from twist.formats.scans.record import ScanFile
from twist.inspection.frame import AXES, UNITS, extent_of, likely_up, unit_of
from twist.inspection.own_scan import FittedScan, fit_scan, misfits
from twist.regions import Regions
from twist.settings import Settings

SETTINGS = Settings().supervoxels


def wall(u: np.ndarray, v: np.ndarray, normal: int, at: float) -> np.ndarray:
    return np.insert(np.stack([u, v], 1), normal, at, axis=1)


def shoebox(points: int = 3000, seed: int = 0) -> np.ndarray:
    """An empty room of 5 x 4 x 2.5 m: (points, 3), metres, z up."""
    rng = np.random.default_rng(seed)
    sides = [(5, 4, 2, 0), (5, 4, 2, 2.5), (4, 2.5, 0, 0), (4, 2.5, 0, 5), (5, 2.5, 1, 0), (5, 2.5, 1, 4)]
    area = np.array([width * depth for width, depth, _, _ in sides])
    counts = np.round(area / area.sum() * points).astype(int)
    counts[0] += points - counts.sum()
    parts = [
        wall(rng.uniform(0, width, n), rng.uniform(0, depth, n), normal, at)
        for (width, depth, normal, at), n in zip(sides, counts, strict=True)
    ]
    return np.concatenate(parts) + rng.normal(0, 1e-3, (points, 3))


def scan_of(xyz: np.ndarray, **more: Any) -> ScanFile:
    return ScanFile(Path("scan.xyz"), xyz, **more)


def fit(xyz: np.ndarray, *, faces: np.ndarray | None = None, **options: Any) -> FittedScan:
    more = {} if faces is None else {"faces": faces}
    return fit_scan(scan_of(xyz, **more), SETTINGS, **options)


# --- unit ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["m", "cm", "mm"])
def test_the_unit_is_recognised_said_and_made_metres(unit: str) -> None:
    fitted = fit(shoebox() / UNITS[unit])
    assert fitted.unit == unit
    expected = (
        "the file's unit is metres" if unit == "m" else f"taken as {'centi' if unit == 'cm' else 'milli'}"
    )
    assert expected in fitted.notes[0]
    np.testing.assert_allclose(np.ptp(fitted.scene.xyz, axis=0), [5, 4, 2.5], atol=0.02)


@pytest.mark.parametrize("unit", list(UNITS))
def test_a_unit_that_is_given_is_believed(unit: str) -> None:
    fitted = fit(shoebox() / UNITS[unit], unit=unit)
    assert fitted.unit == unit
    np.testing.assert_allclose(np.ptp(fitted.scene.xyz, axis=0), [5, 4, 2.5], atol=0.02)


def test_strays_do_not_decide_the_unit() -> None:
    xyz = shoebox()
    xyz[:10] *= 200
    assert fit(xyz).unit == "m"


@pytest.mark.parametrize("factor", [1e5, 1e7])
def test_a_scan_that_is_a_room_in_no_unit_is_refused(factor: float) -> None:
    with pytest.raises(
        TwistError, match=r"no room in metres, centimetres or millimetres; give its unit with --unit"
    ):
        fit(shoebox() * factor)


def test_a_hall_of_many_rooms_and_a_small_thing_are_in_metres() -> None:
    assert unit_of(np.array([120.0, 60, 9]), 0.02, "z") == "m"
    assert unit_of(np.array([0.2, 0.1, 0.1]), 0.001, "z") == "m"
    assert unit_of(np.array([120.0, 250, 60]), 0.5, "y") == "cm"
    assert unit_of(np.array([240.0, 200, 240]), 0.2, "z") == "cm"  # dense enough for metres, and too high


# --- up ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES.keys())
def test_axes_are_rotations_that_keep_handedness(axes: tuple) -> None:
    matrix = np.array(axes)
    np.testing.assert_array_equal(matrix @ matrix.T, np.eye(3))
    assert round(np.linalg.det(matrix)) == 1


@pytest.mark.parametrize("up", list(AXES))
def test_the_given_axis_becomes_z(up: str) -> None:
    xyz = np.zeros((2, 3))
    xyz[1, "xyz".index(up[-1])] = -2.0 if up[0] == "-" else 2.0
    fitted = fit(xyz, up=up)
    np.testing.assert_allclose(fitted.scene.xyz[1] - fitted.scene.xyz[0], [0, 0, 2], atol=1e-6)


def test_another_vertical_is_noticed_and_said() -> None:
    turned = shoebox() @ np.array(AXES["y"])  # a file whose y axis points up
    assert fit(turned).notes[-1] == (
        "y looks more like the vertical than z does: try --up y, or --up=-y where it points down, as in the "
        "frame of a camera"
    )
    assert not any("--up" in note for note in fit(turned, up="y").notes)
    assert not any("--up" in note for note in fit(shoebox()).notes)


def test_what_a_format_defines_counts_unless_told_otherwise() -> None:
    turned = scan_of(shoebox() @ np.array(AXES["y"]), up="y")
    assert fit_scan(turned, SETTINGS).up == "y"
    wrong = replace(turned, xyz=shoebox())
    assert "z looks more like the vertical than y does: try --up z" in fit_scan(wrong, SETTINGS).notes[-1]
    assert fit_scan(wrong, SETTINGS, up="z").up == "z"


def test_a_room_higher_than_wide_is_no_proof() -> None:
    normal = np.tile(np.eye(3), (5, 1))
    assert likely_up(normal, np.array([1.0, 1, 3])) is None
    assert likely_up(np.zeros((4, 3)), np.array([1.0, 1, 3])) is None


# --- points --------------------------------------------------------------------------------------


def test_a_dense_scan_is_thinned_to_what_the_model_learned_from() -> None:
    fitted = fit(shoebox(40_000), spacing_m=0.05)
    assert len(fitted.scene) < 20_000
    assert "are thinned to 5 cm" in fitted.notes[1]
    np.testing.assert_array_equal(
        fitted.thinned.of_point[fitted.thinned.chosen], np.arange(len(fitted.scene))
    )
    assert len(fit(shoebox(3000), spacing_m=0.02).scene) == 3000  # coarser than that: left alone


def test_regions_come_back_as_regions_of_the_file() -> None:
    xyz = shoebox(2000)
    xyz[5] = np.nan
    xyz[[7, 8]] = xyz[6]
    fitted = fit(xyz)
    kept = fitted.thinned.chosen
    assert len(kept) == 1997
    ids = np.full(len(kept), -1)
    ids[np.searchsorted(kept, [6, 100, 200])] = 0
    ids[np.searchsorted(kept, [300])] = 1
    regions = fitted.of_file(Regions.from_ids(ids))
    assert [regions[k].tolist() for k in range(2)] == [[6, 7, 8, 100, 200], [300]]
    assert regions.size_of_scene == 2000
    assert any("1 of 2000 points have no coordinates" in note for note in fitted.notes)
    assert any("lie at 1997 places" in note for note in fitted.notes)


def test_a_mesh_of_loose_triangles_is_joined() -> None:
    """As STL and some scanning apps write them: each triangle with corners of its own."""
    side = np.arange(0, 3, 0.1)
    grid = np.stack(np.meshgrid(side, side, [0.0], indexing="ij"), -1).reshape(-1, 3)
    n = len(side)
    corner = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + n, corner + 1], 1), np.stack([corner + n, corner + n + 1, corner + 1], 1)]
    )
    loose = grid[faces.ravel()]
    fitted = fit(loose, faces=np.arange(len(loose), dtype=np.int32).reshape(-1, 3))
    assert len(fitted.scene) == len(grid)
    assert len(fitted.scene.faces) == len(faces)
    assert len(np.unique(fitted.supervoxels["supervoxel"])) == 1


def test_faces_without_coordinates_or_area_are_left_out() -> None:
    xyz = shoebox(99)
    xyz[3] = np.nan
    whole = np.arange(99, dtype=np.int32).reshape(33, 3)
    fitted = fit(xyz, faces=np.concatenate([whole, [[4, 4, 5]]]))
    kept = np.delete(whole, 1, axis=0)
    assert fitted.scene.faces.tolist() == np.where(kept > 3, kept - 1, kept).tolist()


def test_a_scan_with_few_faces_is_a_point_cloud() -> None:
    xyz = shoebox()
    cloud, hardly_a_mesh = fit(xyz), fit(xyz, faces=np.array([[0, 1, 2]], np.int32))
    assert len(hardly_a_mesh.scene.faces) == 0
    assert "more than a tenth of the points are on no face: taken as a point cloud" in hardly_a_mesh.notes
    for key, array in cloud.supervoxels.items():
        np.testing.assert_array_equal(hardly_a_mesh.supervoxels[key], array)


def test_an_impossible_size_names_the_file() -> None:
    with pytest.raises(TwistError, match=r"scan\.xyz: .*no room"):
        fit(shoebox() * 1e7)


def test_missing_colours_and_faces_are_said() -> None:
    fitted = fit(shoebox())
    assert (fitted.scene.rgb == 127).all()
    assert any(note.startswith("no colours") for note in fitted.notes)
    assert any(note.startswith("no faces: normals are estimated from 16") for note in fitted.notes)


def test_far_coordinates_keep_their_millimetres() -> None:
    xyz = shoebox(500)
    far = fit(xyz + np.array([4.5e5, 5.4e6, 30]))
    np.testing.assert_allclose(far.scene.xyz, fit(xyz).scene.xyz, atol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("spacing_m", [None, 0.03])
def test_a_few_points_and_many_at_one_place_are_a_scan(n: int, spacing_m: float | None) -> None:
    few = fit(np.arange(3.0 * n).reshape(n, 3), spacing_m=spacing_m)
    assert len(few.scene) == n
    same = fit(np.full((20_000, 3), 7.0), spacing_m=spacing_m)
    assert len(same.scene) == 1
    assert same.thinned.of_point.tolist() == [0] * 20_000
    lines = misfits(same, SCANNET, Settings())
    assert lines == ["the scans have too few points to judge voxel size and radius"]


def test_no_coordinates_at_all_are_an_error() -> None:
    with pytest.raises(TwistError, match=r"scan\.xyz: all 4 points have NaN or infinite coordinates"):
        fit(np.full((4, 3), np.nan))


def test_a_scan_too_sparse_for_the_settings_is_told() -> None:
    lines = misfits(fit(shoebox(300)), SCANNET, Settings())
    assert lines[0].startswith("points lie too far apart for this model's voxels of 0.02 m")
    assert lines[1].startswith("proposals.radius_m")


@pytest.mark.parametrize("far", [1e5, 1e30, 1e300])
@pytest.mark.parametrize("spacing_m", [None, 0.5])
def test_a_stray_point_out_of_this_world_is_left_out(far: float, spacing_m: float | None) -> None:
    xyz = shoebox()
    xyz[7, 1] = far
    fitted, without = fit(xyz, spacing_m=spacing_m), fit(np.delete(xyz, 7, axis=0), spacing_m=spacing_m)
    np.testing.assert_array_equal(fitted.scene.rgb.shape, without.scene.rgb.shape)
    assert np.abs(fitted.scene.xyz).max() < 5
    assert fitted.thinned.of_point[7] == -1
    assert fitted.thinned.of_point[8] >= 0
    assert any("1 of 3000 points lie farther than 300 m from the middle" in note for note in fitted.notes)


def test_a_long_hall_has_no_strays() -> None:
    hall = shoebox() * [400, 1, 1]  # 2 km, in a unit that is given
    assert len(fit(hall, unit="m").scene) == len(hall)


@pytest.mark.parametrize(("dtype", "told"), [(np.float32, True), (np.float64, False)])
def test_numbers_too_coarse_for_where_they_lie_are_told(dtype: type, told: bool) -> None:
    far = (shoebox() + np.array([5e5, 4e6, 100])).astype(dtype)
    notes = fit(far).notes
    assert any("rounded to 25 cm: save the scan with 64 bits or nearer to zero" in n for n in notes) == told
    assert not any("rounded" in note for note in fit(shoebox().astype(dtype)).notes)


def test_extent_leaves_out_strays() -> None:
    xyz = np.concatenate([shoebox(), [[1e6, 0, 0]]])
    np.testing.assert_allclose(extent_of(xyz), [5, 4, 2.5], rtol=0.05)


# --- meshes of few triangles ---------------------------------------------------------------------


def box() -> tuple[np.ndarray, np.ndarray]:
    """A closed box of 5 x 4 x 2.5 m, its eight corners and twelve triangles that face outwards."""
    corners = np.array([[x, y, z] for x in (0, 5) for y in (0, 4) for z in (0, 2.5)], np.float64)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return corners, np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))], np.int32)


def test_a_mesh_of_few_triangles_is_sampled_to_predict_on_it() -> None:
    corners, faces = box()
    rgb = np.arange(24, dtype=np.uint8).reshape(8, 3) * 10
    fitted = fit_scan(scan_of(corners, faces=faces, rgb=rgb), SETTINGS, unit="m", spacing_m=0.1)
    area = 2 * (5 * 4 + 5 * 2.5 + 4 * 2.5)
    assert len(fitted.scene) == pytest.approx(8 + area / 0.01, abs=12)
    assert "points of the surface, 10 cm apart, are added to predict" in " ".join(fitted.notes)
    middle = np.median(corners, axis=0)
    np.testing.assert_allclose(fitted.scene.xyz[:8], corners - middle, atol=1e-6)
    np.testing.assert_array_equal(fitted.scene.rgb[:8], rgb)
    inside = fitted.scene.xyz + middle
    on_a_side = np.isclose(inside, 0, atol=1e-5) | np.isclose(inside, [5, 4, 2.5], atol=1e-5)
    assert on_a_side.any(axis=1).all()
    outwards = (fitted.supervoxels["normal"][8:] * fitted.scene.xyz[8:]).sum(axis=1)
    assert (outwards > 0).all()


def test_instances_of_a_sampled_mesh_are_of_its_vertices() -> None:
    corners, faces = box()
    fitted = fit_scan(scan_of(corners, faces=faces), SETTINGS, unit="m", spacing_m=0.1)
    ids = np.full(len(fitted.scene), -1)
    ids[[0, 3, 100]] = 0
    ids[200:300] = 1
    found = fitted.of_file(Regions.from_ids(ids))
    assert found.size_of_scene == 8
    assert [found[k].tolist() for k in range(2)] == [[0, 3], []]


@pytest.mark.parametrize("spacing_m", [None, 0.08])
def test_a_mesh_dense_enough_keeps_its_vertices_alone(spacing_m: float | None) -> None:
    xyz = np.stack(
        [*np.meshgrid(np.arange(0, 3, 0.1), np.arange(0, 3, 0.1)), np.zeros((30, 30))], -1
    ).reshape(-1, 3)
    faces = np.array([[k, k + 1, k + 30] for k in range(29)], np.int32)
    assert len(fit(xyz, faces=faces, unit="m", spacing_m=spacing_m).scene) == 900
