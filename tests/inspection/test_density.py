"""Density: hand-computed spacings, and advice that names the setting and a value that then fits."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from twist.classes import SCANNET
from twist.inspection.density import Density, advice, measure_density, summarise
from twist.scene import Scene
from twist.settings import Settings

CHAIR, WALL = SCANNET.names.index("chair"), SCANNET.names.index("wall")


def chosen(**sections: dict) -> Settings:
    return Settings.from_layers({"test": sections})


FEW = {"prediction": {"min_points": 9}, "proposals": {"radius_m": 0.06, "min_points": 9}}


def sheet(spacing: float = 0.01, side: int = 40, label: int = -1, tiles: int = 1) -> Scene:
    """A square grid of points; its instances, if ``label`` is one, are ``tiles`` × ``tiles`` squares."""
    row, column = np.divmod(np.arange(side * side), side)
    xyz = np.column_stack([column * spacing, row * spacing, np.full(side * side, 0.123)])
    instance = (row * tiles // side) * tiles + column * tiles // side
    return Scene(
        "sheet",
        xyz.astype(np.float32),
        np.zeros((len(xyz), 3), np.uint8),
        np.zeros((0, 3), np.int32),
        np.full(len(xyz), label, np.int32),
        (instance if label >= 0 else np.full(len(xyz), -1)).astype(np.int32),
    )


def measured(scene: Scene, **sections: dict) -> tuple[Density, list[str]]:
    settings = chosen(**sections)
    density = measure_density(scene, SCANNET, settings)
    return density, [one.text for one in advice(summarise([density]), settings)]


def test_a_regular_grid_has_the_spacing_it_was_made_with() -> None:
    density, lines = measured(sheet(0.01), network={"voxel_size_m": 0.02}, proposals={"radius_m": 0.0101})
    assert density.nearest_m == pytest.approx(0.01, rel=1e-4)
    assert density.reach_m == pytest.approx(0.01, rel=1e-4)  # all but the four corners have three at 1 cm
    assert density.linked == pytest.approx(1596 / 1600)
    assert 400 <= density.voxels <= 441
    assert (density.instance_points, density.instance_voxels, density.small) == (None, None, None)
    assert lines == []


def test_points_at_one_place_count_once() -> None:
    scene = sheet(0.01)
    twice = Scene(
        "twice",
        *(np.concatenate([part, part]) for part in (scene.xyz, scene.rgb)),
        scene.faces,
        *(np.concatenate([part, part]) for part in (scene.semantic, scene.instance)),
    )
    assert measured(twice)[0].nearest_m == pytest.approx(0.01, rel=1e-4)


def test_instances_are_counted_in_points_and_voxels() -> None:
    scene = sheet(0.01, 40, CHAIR, tiles=2)  # four squares of 20 × 20 points
    density, _ = measured(scene, network={"voxel_size_m": 0.1})
    assert (density.instance_points, density.instance_voxels, density.small) == (400, 4, 0)
    assert measured(scene, proposals={"min_points": 401})[0].small == 1
    stuff = measured(sheet(0.01, 40, WALL, tiles=2))[0]
    assert stuff.instance_points is None


@pytest.mark.parametrize(
    ("scene", "sections", "setting", "value"),
    [
        (sheet(0.05), FEW | {"network": {"voxel_size_m": 0.02}}, "voxel_size_m", 0.063),
        (sheet(0.05), FEW | {"network": {"voxel_size_m": 0.06}, "proposals": {"min_points": 9}},
         "radius_m", 0.05),
        (sheet(0.01, 40, CHAIR, 4), {"network": {"voxel_size_m": 0.1}, "prediction": {"min_points": 50}},
         "only 1 voxels", 0.013),
        (sheet(0.01, 40, CHAIR, 5), {}, "min_points", 6),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_a_value(
    scene: Scene, sections: dict, setting: str, value: float
) -> None:
    lines = measured(scene, **sections)[1]
    assert len(lines) == 1
    assert setting in lines[0]
    assert f"{value:g}" in lines[0]


def test_without_labels_the_least_points_are_judged_by_their_surface() -> None:
    """100 points at 5 cm are a square of half a metre."""
    fitting = {"network": {"voxel_size_m": 0.06}, "proposals": {"radius_m": 0.06}}
    lines = measured(sheet(0.05), **fitting)[1]
    assert len(lines) == 1
    assert "50 cm squared" in lines[0]
    assert measured(sheet(0.05), **fitting | FEW)[1] == []


@pytest.mark.parametrize("points", [1, 2, 3])
def test_a_few_points_are_not_judged(points: int) -> None:
    scene = sheet()
    few = Scene("few", scene.xyz[:points], scene.rgb[:points], scene.faces,
                scene.semantic[:points], scene.instance[:points])  # fmt: skip
    density, lines = measured(few)
    assert density.linked == 0
    assert lines == ["the scans have too few points to judge voxel size and radius"]


def test_a_summary_is_the_median_of_what_is_known() -> None:
    parts = [Density(0.01, 0.02, 1.0, 100, None, None, None), Density(0.03, 0.04, 0.5, 300, 40.0, 9.0, 0.0),
             Density(0.02, 0.03, 0.9, 200, 20.0, 3.0, 1.0)]  # fmt: skip
    summary = summarise(parts)
    assert summary == {
        "scans": 3, "nearest_m": 0.02, "reach_m": 0.03, "linked": 0.9, "voxels": 200.0,
        "instance_points": 30.0, "instance_voxels": 6.0, "small": 0.5,
    }  # fmt: skip
    assert summary.keys() - {"scans"} == asdict(parts[0]).keys()
