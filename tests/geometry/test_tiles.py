"""Tiles: every voxel in one core, every core with all of its surroundings, none too large."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twist.geometry.tiles import cut


def plane(width: int, depth: int, height: int = 1) -> np.ndarray:
    return np.stack(np.meshgrid(*map(np.arange, (width, depth, height)), indexing="ij"), -1).reshape(-1, 3)


def test_a_scan_that_fits_is_one_tile_of_all() -> None:
    (tile,) = cut(plane(10, 20), 200, 5)
    assert tile.rows.tolist() == list(range(200))
    assert tile.in_core.all()


def test_the_longer_side_is_halved() -> None:
    tiles = cut(plane(10, 20), 120, 2)
    assert [len(tile.rows) for tile in tiles] == [120, 120]
    assert [int(tile.in_core.sum()) for tile in tiles] == [100, 100]
    assert tiles[0].rows.tolist() == [k for k in range(200) if k % 20 < 12]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 5), st.integers(0, 3), st.integers(30, 400))
def test_cores_part_the_scan_and_tiles_hold_all_around(seed: int, margin: int, voxels_max: int) -> None:
    rng = np.random.default_rng(seed)
    every = plane(30, 12, 2) + rng.integers(-100, 100, 3)
    voxels = every[rng.random(len(every)) < 0.6]
    tiles = cut(voxels, voxels_max, margin)
    cores = np.concatenate([tile.rows[tile.in_core] for tile in tiles])
    assert sorted(cores.tolist()) == list(range(len(voxels)))
    for tile in tiles:
        core = voxels[tile.rows[tile.in_core], :2]
        assert len(tile.rows) <= voxels_max or np.ptp(core, axis=0).max() < max(margin, 1)
        apart = np.abs(voxels[:, None, :2] - core[None]).max(axis=2).min(axis=1)
        assert set(np.flatnonzero(apart <= margin)) <= set(tile.rows.tolist())


def test_a_dense_spot_is_a_tile_larger_than_the_limit() -> None:
    tiles = cut(plane(200, 200), 100, 30)
    assert sum(int(tile.in_core.sum()) for tile in tiles) == 200 * 200
    assert 100 < max(len(tile.rows) for tile in tiles) <= (30 + 2 * 30) ** 2
    column = cut(plane(1, 1, 50), 10, 0)
    assert [len(tile.rows) for tile in column] == [50]
