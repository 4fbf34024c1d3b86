"""Instance proposals: points of one predicted class that lie together, before or after their offset."""

from __future__ import annotations

import numpy as np

from twist.classes import ClassTable
from twist.geometry.components import radius_components
from twist.geometry.sums import mean_over
from twist.regions import Regions, overlap
from twist.settings import ProposalSettings


def supervoxel_mean(values: np.ndarray, pieces: Regions) -> np.ndarray:
    """(N, C) values per point -> the mean over each point's supervoxel, (N, C) float32."""
    return pieces.spread(mean_over(pieces, values).astype(np.float32), 0)


def group_points(
    probability: np.ndarray,
    xyz: np.ndarray,
    shifted: np.ndarray,
    pieces: Regions,
    table: ClassTable,
    settings: ProposalSettings,
) -> Regions:
    """Proposals of one scan: ``label`` = predicted class, ``score`` = its mean probability.

    probability: (N, C) float32; xyz: (N, 3) float32 metres; shifted: (N, 3), xyz plus predicted offset;
    pieces: the supervoxels. Exact radius-graph components per class on xyz (set P) and on ``shifted``
    (set Q), at least ``min_points`` each; the union goes on, without exact duplicates [PointGroup].
    Stuff gives none. Zero proposals are a normal answer of an early model.
    """
    predicted = probability.argmax(axis=1)
    points = np.flatnonzero(table.is_thing[predicted])
    sets = []
    for position, radius_m in ((xyz, settings.radius_m), (shifted, settings.radius_shifted_m)):
        ids = np.full(len(xyz), -1, np.int64)
        if len(points):
            ids[points] = radius_components(position[points], radius_m, group=predicted[points])
        groups = Regions.from_ids(ids, label=predicted)
        sets.append(groups.select(groups.sizes >= settings.min_points))
    proposals = Regions.concatenate(sets, len(xyz))
    if settings.snap_to_supervoxels:
        proposals = snap(proposals, pieces)
        proposals = proposals.select(proposals.sizes >= settings.min_points)
    proposals = proposals.select(_first_of_equals(proposals))
    return proposals.with_labels(proposals.label, mean_over(proposals, probability, proposals.label))


def snap(proposals: Regions, pieces: Regions) -> Regions:
    """Each proposal as whole supervoxels: those that lie in it with more than half of their points."""
    shared = overlap(proposals, pieces).tocoo()
    inside = 2 * shared.data > pieces.sizes[shared.coords[1]]
    of_proposal, piece = (side[inside] for side in shared.coords)
    offsets = np.searchsorted(of_proposal, np.arange(len(proposals) + 1))
    chosen = Regions(piece.astype(np.int32), offsets, proposals.label, proposals.score, len(pieces))
    return chosen.through(pieces.incidence())


def _first_of_equals(regions: Regions) -> np.ndarray:
    """(K,) bool: is the region the first with exactly its points and label?"""
    seen: set[tuple[int, bytes]] = set()
    first = np.zeros(len(regions), bool)
    for k in range(len(regions)):
        key = (int(regions.label[k]), np.sort(regions[k]).tobytes())
        first[k] = key not in seen
        seen.add(key)
    return first
