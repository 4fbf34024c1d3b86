"""PairBatch: pairs of views with their matches, and the resumable sequence of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from twist.errors import TwistError
from twist.geometry.voxels import voxelise
from twist.learning.augment import augment
from twist.learning.batches import Batch, make_batch, walk
from twist.learning.samples import SampleCache, SceneSample, describe_supervoxels
from twist.learning.sequence import StepSequence
from twist.settings import Settings
from twist.views.matches import mutual_neighbours
from twist.views.pairs import Views


@dataclass(frozen=True)
class ViewPair:
    """Two augmented views of one scan.

    matches: (M, 2) int64, indices of matched points of the first and the second view
    xyz: (M, 3) float32, metres, where they lie in the scan, not augmented
    """

    views: tuple[SceneSample, ...]
    matches: np.ndarray
    xyz: np.ndarray


@dataclass(frozen=True)
class PairBatch:
    """P pairs of views with M matches in all.

    views: 2 P scenes, pair p being scenes 2 p and 2 p + 1, each augmented on its own
    rows: (M, 2) int64, the matched voxels: rows of ``views.features``; no voxel occurs twice
    pair: (M,) int64, the pair of each match, ascending; sizes: how many matches each pair has
    xyz: (M, 3) float32, metres, where the match lies in its scan (axis-aligned, not augmented)
    """

    views: Batch
    rows: torch.Tensor
    pair: torch.Tensor
    xyz: torch.Tensor
    sizes: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return self.views.names

    @property
    def features(self) -> torch.Tensor:
        return self.views.features

    @property
    def indices(self) -> torch.Tensor:
        return self.views.indices

    def to(self, device: torch.device) -> PairBatch:
        rows, pair, xyz = (part.to(device, non_blocking=True) for part in (self.rows, self.pair, self.xyz))
        return PairBatch(self.views.to(device), rows, pair, xyz, self.sizes)

    def tensors(self) -> Iterator[torch.Tensor]:
        """All tensors on this batch's device."""
        yield from (self.rows, self.pair, self.xyz)
        yield from self.views.tensors()

    def pin_memory(self) -> PairBatch:
        """Called by the loader when it feeds a GPU."""
        rows, pair, xyz = (part.pin_memory() for part in (self.rows, self.pair, self.xyz))
        return PairBatch(self.views.pin_memory(), rows, pair, xyz, self.sizes)


class PairSequence(StepSequence[PairBatch]):
    """The pairs of views of a pre-training, a pure function of seed and step. Labels are not looked at.

    view_folder: holds {scan}.npz of ``Views``; scans: those with at least one pair, walked in a fresh random
    order whenever they are used up
    """

    def __init__(
        self,
        cache: SampleCache,
        view_folder: Path,
        scans: tuple[str, ...],
        settings: Settings,
        seed: int,
        steps: range,
    ) -> None:
        super().__init__(steps)
        self.cache, self.view_folder, self.scans = cache, view_folder, scans
        self.settings, self.seed = settings, seed

    def batch(self, step: int) -> PairBatch:
        """The batch of one step."""
        scans = walk(self.scans, self.settings.pretraining.pairs_per_step, step, [self.seed, 0])
        return self.pairs_of(scans, [self.seed, 1, step])

    def pairs_of(self, scans: list[str], seed: list[int]) -> PairBatch:
        """A pair of views of each scan, drawn by ``seed``."""
        pairs = [self._pair(scan, np.random.default_rng([*seed, k])) for k, scan in enumerate(scans)]
        batch = make_batch([view for pair in pairs for view in pair.views], self.settings.network)
        options = self.settings.pretraining
        within_pairs = options.method == "csc"
        most = options.matches_per_pair if within_pairs else options.matches_per_step // len(pairs)
        rng = np.random.default_rng([*seed, len(pairs)])
        rows, xyz = [], []
        for p, pair in enumerate(pairs):
            points = pair.matches + batch.point_offsets[2 * p : 2 * p + 2].numpy()
            voxel = batch.voxel_of_point.numpy()[points]
            chosen = distinct_rows(voxel, rng)[:most]
            rows.append(voxel[chosen])
            xyz.append(pair.xyz[chosen])
        return PairBatch(
            batch,
            torch.from_numpy(np.concatenate(rows)),
            torch.repeat_interleave(torch.tensor([len(part) for part in rows])),
            torch.from_numpy(np.concatenate(xyz)),
            tuple(len(part) for part in rows),
        )

    def _pair(self, scan: str, rng: np.random.Generator) -> ViewPair:
        sample, views = self.cache.get(scan), Views.load(self.view_folder / f"{scan}.npz")
        if views.seen.shape[1] != len(sample) or len(views.pairs) == 0:
            raise TwistError(
                f"{self.view_folder / scan}.npz has {len(views.pairs)} pairs of views, of a scan of "
                f"{views.seen.shape[1]} points where {scan} has {len(sample)}; delete it and run again"
            )
        settings = self.settings.pretraining
        voxel_size_m = self.settings.network.voxel_size_m
        chosen = views.pairs[rng.integers(len(views.pairs))]
        points = [thinned_out(np.flatnonzero(views.seen[v]), settings.point_drop, rng) for v in chosen]
        spread = [seen[one_a_voxel(sample.xyz[seen], voxel_size_m, rng)] for seen in points]
        radius_m = settings.match_radius_voxels * voxel_size_m
        matches = mutual_neighbours(*(sample.xyz[seen] for seen in spread), radius_m)
        matched = [seen[matches[:, side]] for side, seen in enumerate(spread)]
        return ViewPair(
            views=tuple(augmented_view(sample, seen, self.settings, rng) for seen in points),
            matches=np.stack([np.searchsorted(*both) for both in zip(points, matched, strict=True)], axis=1),
            xyz=sample.xyz[matched[0]],
        )


def thinned_out(points: np.ndarray, drop: float, rng: np.random.Generator) -> np.ndarray:
    """The points without a random share of them, up to ``drop``; at least one stays."""
    kept = rng.random(len(points)) >= rng.uniform(0, drop)
    return points[kept] if kept.any() else points[:1]


def one_a_voxel(xyz: np.ndarray, voxel_size_m: float, rng: np.random.Generator) -> np.ndarray:
    """Indices of one point (N, 3) in each voxel of a randomly shifted grid, ascending."""
    origin = xyz.min(axis=0) - rng.uniform(0, voxel_size_m, 3)
    return np.sort(voxelise(xyz, voxel_size_m, origin).first)


def augmented_view(
    sample: SceneSample, points: np.ndarray, settings: Settings, rng: np.random.Generator
) -> SceneSample:
    """What one view gives the network: some points of a scan, without labels, randomly changed.

    Supervoxels are cut to the view before they are described: a description of the whole supervoxel would be
    the same number in both views, and a key to the match. Turned and scaled as in PointContrast, and mirrored
    [our choice], each view apart.
    """
    view = sample.select(points)
    nothing = np.full(len(view), -1, np.int64)
    if "supervoxel" in settings.network.features:
        cut = describe_supervoxels(view.xyz, view.rgb, view.normal, view.supervoxel)
        view = replace(view, supervoxel_features=cut)
    view = replace(view, semantic=nothing, instance=nothing, annotated=False)
    options = settings.pretraining
    lift = np.array([0, 0, rng.normal(0, options.lift_m)], np.float32)
    view = replace(view, xyz=view.xyz + lift)
    changes = replace(
        settings.augmentation,
        scale=options.scale,
        shear=0.0,  # a match is one place in both views: nothing may bend them apart
        elastic_granularity_m=(),
        elastic_magnitude_m=(),
        colour_shift=options.colour_shift,
        colour_contrast=options.colour_contrast,
        colour_drop=options.colour_drop,
        colour_jitter=options.colour_jitter,
        voxels_max=len(view),  # not cropped: a view is a part already
    )
    return augment(view, changes, settings.network.voxel_size_m, rng)


def distinct_rows(pairs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Positions of pairs (M, 2), in random order, of which no two share a value of a column."""
    order = rng.permutation(len(pairs))
    for column in (0, 1):
        _, first = np.unique(pairs[order, column], return_index=True)
        order = order[np.sort(first)]
    return order
