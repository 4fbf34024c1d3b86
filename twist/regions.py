"""Regions: sets of points of one scene as CSR; instances, supervoxels, proposals and predictions alike.

``overlap`` counts the points that sets share: IoU, NMS, Ψ's targets and snapping go through it. Scoring
counts for itself, prediction by prediction, which is several times as fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from twist.errors import TwistError
from twist.files import read_npz, write_npz


@dataclass(frozen=True)
class Regions:
    """K sets of points; region k is ``index[offsets[k]:offsets[k + 1]]``.

    index: (M,) int32 point indices; within a region unique, across regions they may repeat
    offsets: (K + 1,) int64, from 0 to M
    label: (K,) int32 class index, -1 = none
    score: (K,) float32; float64 where an evaluation reads printed scores
    size_of_scene: number of points that the indices refer to
    """

    index: np.ndarray
    offsets: np.ndarray
    label: np.ndarray
    score: np.ndarray
    size_of_scene: int

    def __post_init__(self) -> None:
        offsets_fit = (
            len(self.offsets) == len(self.label) + 1 == len(self.score) + 1
            and self.offsets[0] == 0
            and self.offsets[-1] == len(self.index)
            and (np.diff(self.offsets) >= 0).all()
        )
        if not offsets_fit:
            raise TwistError("regions: offsets, label, score and index do not fit together")
        if len(self.index) and not (self.index.min() >= 0 and self.index.max() < self.size_of_scene):
            raise TwistError(f"regions: an index lies outside the scene's {self.size_of_scene} points")

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, k: int) -> np.ndarray:
        """Point indices of region k, (size,) int32."""
        return self.index[self.offsets[k] : self.offsets[k + 1]]

    @property
    def sizes(self) -> np.ndarray:
        """(K,) int64 number of points of each region."""
        return np.diff(self.offsets)

    @property
    def region_of_entry(self) -> np.ndarray:
        """(M,) int64: the region that each entry of ``index`` belongs to."""
        return np.repeat(np.arange(len(self)), self.sizes)

    @classmethod
    def empty(cls, size_of_scene: int) -> Regions:
        return cls(
            np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32),
            size_of_scene,
        )  # fmt: skip

    @classmethod
    def from_ids(cls, ids: np.ndarray, label: np.ndarray | None = None) -> Regions:
        """A partition from ids per point, (N,) integers; negative = in no region.

        Regions come in ascending order of id; ids need not be contiguous. ``label`` (N,) gives each
        region the label of its first point. Score is 1.
        """
        ids = np.asarray(ids)
        order = _stable_order(ids)
        order = order[np.count_nonzero(ids < 0) :]
        ordered = ids[order]
        starts = run_starts(ordered)
        first = order[starts]
        return cls(
            index=order.astype(np.int32),
            offsets=np.append(starts, len(order)).astype(np.int64),
            label=np.full(len(first), -1, np.int32) if label is None else label[first].astype(np.int32),
            score=np.ones(len(first), np.float32),
            size_of_scene=len(ids),
        )

    @classmethod
    def concatenate(cls, parts: list[Regions], size_of_scene: int) -> Regions:
        """All regions of all parts, in order."""
        if any(part.size_of_scene != size_of_scene for part in parts):
            raise TwistError("regions: cannot join regions of scenes of different size")
        parts = [*parts, cls.empty(size_of_scene)]
        sizes = np.concatenate([part.sizes for part in parts])
        return cls(
            index=np.concatenate([part.index for part in parts]),
            offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            label=np.concatenate([part.label for part in parts]),
            score=np.concatenate([part.score for part in parts]),
            size_of_scene=size_of_scene,
        )

    def select(self, which: np.ndarray) -> Regions:
        """Some regions, by boolean mask (K,) or by indices in the order wanted."""
        which = np.asarray(which)
        chosen = np.flatnonzero(which) if which.dtype == bool else which.astype(np.int64)
        sizes = self.sizes[chosen]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        entry = np.arange(offsets[-1]) + np.repeat(self.offsets[chosen] - offsets[:-1], sizes)
        return Regions(self.index[entry], offsets, self.label[chosen], self.score[chosen], self.size_of_scene)

    def with_labels(self, label: np.ndarray, score: np.ndarray) -> Regions:
        """The same sets with other labels (K,) and scores (K,)."""
        return Regions(
            self.index, self.offsets, label.astype(np.int32), score.astype(np.float32), self.size_of_scene
        )

    def through(self, parts: sparse.csr_array) -> Regions:
        """These sets of elements as sets of what the elements stand for: element k for row k of ``parts``.

        parts: (size_of_scene, N) incidence of disjoint sets. Labels and scores stay.
        """
        points = (self.incidence() @ parts).tocsr()
        points.sort_indices()
        return Regions(
            points.indices.astype(np.int32),
            points.indptr.astype(np.int64),
            self.label,
            self.score,
            points.shape[1],
        )

    def owner_of_points(self, takes_part: np.ndarray | None = None) -> np.ndarray:
        """(N,) int64: the region with the best score that each point is in; -1 = in none.

        takes_part: (K,) bool, None = all. Of equal scores the earlier region wins, as in NMS.
        """
        owner = np.full(self.size_of_scene, -1, np.int64)
        worst_first = np.argsort(-self.score, kind="stable")[::-1]
        for k in worst_first if takes_part is None else worst_first[takes_part[worst_first]]:
            owner[self[k]] = k
        return owner

    def spread(self, values: np.ndarray, elsewhere: Any) -> np.ndarray:
        """(N, ...) the value of each point's region, ``elsewhere`` where it is in none; for disjoint regions.

        values: (K, ...)
        """
        of_point = np.full((self.size_of_scene, *values.shape[1:]), elsewhere, values.dtype)
        of_point[self.index] = values[self.region_of_entry]
        return of_point

    def incidence(self) -> sparse.csr_array:
        """(K, size_of_scene) int32 sparse matrix: 1 where the point is in the region."""
        ones = np.ones(len(self.index), np.int32)
        return sparse.csr_array((ones, self.index, self.offsets), (len(self), self.size_of_scene))

    def save(self, path: str | Path) -> None:
        """Write as npz (no pickles), atomically."""
        arrays = {key: getattr(self, key) for key in ("index", "offsets", "label", "score")}
        write_npz(path, arrays | {"size_of_scene": np.array(self.size_of_scene)})

    @classmethod
    def load(cls, path: str | Path) -> Regions:
        """Read what ``save`` wrote. Raises TwistError for a missing or damaged file, and for other arrays."""
        arrays = read_npz(path)
        try:
            kinds = {"index": "iu", "offsets": "iu", "label": "iu", "score": "f"}
            for key, kind in kinds.items():
                if arrays[key].ndim != 1 or arrays[key].dtype.kind not in kind:
                    raise TwistError(f"{key} is {arrays[key].dtype}{arrays[key].shape}")
            regions = cls(size_of_scene=int(arrays.pop("size_of_scene")), **arrays)
            if _any_repeats(regions):
                raise TwistError("a region holds a point twice")
            return regions
        except (KeyError, TypeError, TwistError) as error:
            raise TwistError(f"{path} does not hold regions ({error}); delete it and run again") from error


def run_starts(ordered: np.ndarray) -> np.ndarray:
    """Positions where a run of equal values starts in a sorted array, (runs,) int64."""
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)])


def _any_repeats(regions: Regions) -> bool:
    """Does a region hold a point twice?

    Not where its indices rise, as they mostly do. Elsewhere each region writes the places of its entries, and
    finds them again unless one has overwritten another.
    """
    rises = regions.index[1:] > regions.index[:-1]
    starts = regions.offsets[1:-1]
    rises[starts[(starts > 0) & (starts < len(regions.index))] - 1] = True
    if rises.all():
        return False
    places = np.arange(regions.sizes.max(initial=0), dtype=np.int32)
    written = np.empty(regions.size_of_scene, np.int32)
    for k in range(len(regions)):
        own = regions[k]
        written[own] = places[: len(own)]
        if (written[own] != places[: len(own)]).any():
            return True
    return False


def _stable_order(ids: np.ndarray) -> np.ndarray:
    """``np.argsort(ids, kind="stable")``, which sorts 16-bit numbers by radix, several times as fast."""
    low, high = (int(ids.min()), int(ids.max())) if len(ids) else (0, 0)
    return np.argsort((ids - low).astype(np.uint16) if high - low < 2**16 else ids, kind="stable")


def overlap(a: Regions, b: Regions) -> sparse.csr_array:
    """(len(a), len(b)) int sparse matrix: number of points that region i of a and region j of b share."""
    if a.size_of_scene != b.size_of_scene:
        raise TwistError(
            f"regions of scenes of {a.size_of_scene} and {b.size_of_scene} points cannot overlap"
        )
    return a.incidence() @ b.incidence().T.tocsr()


def iou(a: Regions, b: Regions) -> np.ndarray:
    """(len(a), len(b)) float64 intersection over union; 0 where both are empty."""
    shared = overlap(a, b).toarray().astype(np.float64)
    union = a.sizes[:, None] + b.sizes[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def non_maximum_suppression(regions: Regions, iou_threshold: float) -> np.ndarray:
    """Indices of the regions to keep, best score first.

    Greedy: a region falls when its IoU with a better kept one is above the threshold. Equal scores: the
    earlier region wins, so the result does not depend on the sort.
    """
    order = np.argsort(-regions.score, kind="stable")
    too_close = iou(regions, regions) > iou_threshold
    alive = np.ones(len(regions), bool)
    keep = []
    for k in order:
        if alive[k]:
            keep.append(k)
            alive &= ~too_close[k]
    return np.array(keep, np.int64)


def majority(partition: Regions, values: np.ndarray, number_of_values: int) -> tuple[np.ndarray, np.ndarray]:
    """The most frequent value of each region, and on how many of its points it is.

    values: (N,) integers, negative = no value. Returns value (K,) int64, -1 where no point has one, and
    count (K,) int64. Ties go to the smaller value.
    """
    if values.max(initial=-1) >= number_of_values:
        raise ValueError(f"value {values.max()} is not below {number_of_values}")
    has = values[partition.index] >= 0
    key = partition.region_of_entry[has] * number_of_values + values[partition.index][has]
    counts = np.bincount(key, minlength=len(partition) * number_of_values)
    counts = counts.reshape(len(partition), number_of_values)
    most = counts.max(axis=1, initial=0)
    best = np.where(most > 0, counts.argmax(axis=1), -1) if number_of_values else np.full(len(partition), -1)
    return best, most
