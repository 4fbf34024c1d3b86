"""The losses of contrastive pre-training on matched features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

#: The partition of two matches that are not contrasted.
NO_PARTITION = -1


def point_info_nce(a: torch.Tensor, b: torch.Tensor, temperature: float) -> torch.Tensor:
    """PointInfoNCE: match i's b among the b of all matches, by cosine similarity over ``temperature``.

    a, b: (M, C) of length 1, M >= 1, row i of both being match i. Source: PointContrast.
    """
    return functional.cross_entropy(a @ b.T / temperature, torch.arange(len(a), device=a.device))


def partitioned_info_nce(
    a: torch.Tensor,
    b: torch.Tensor,
    xyz: torch.Tensor,
    sizes: Sequence[int],
    radii_m: tuple[float, ...],
    heights_m: tuple[float, ...],
    temperature: float,
) -> torch.Tensor:
    """PointInfoNCE within each of the ``partitions`` of what surrounds a match, mean of the partitions.

    a, b: (M, C) of length 1; xyz: (M, 3) metres; sizes: matches of each pair of views, which lie one behind
    another; only matches of one pair are contrasted. In a partition match i stands against the j that lie
    there; where there are none, i does not take part. 0 where no match has any. Source: Contrastive Scene
    Contexts.

    Pair by pair, forgotten and computed again for the gradient: memory grows with the square of one pair's
    matches.
    """
    count = len(radii_m) * (len(heights_m) + 1)

    def sums(*of_pair: torch.Tensor) -> torch.Tensor:
        return partition_sums(*of_pair[:2], partitions(of_pair[2], radii_m, heights_m), count, temperature)

    pairs = zip(*(values.split(list(sizes)) for values in (a, b, xyz)), strict=True)
    parts = [
        checkpoint(sums, *pair, use_reentrant=False, preserve_rng_state=False)
        for pair in pairs
        if len(pair[0])
    ]
    loss, anchors = torch.stack(parts).sum(dim=0)
    return (loss / anchors.clamp(min=1)).sum() / (anchors > 0).sum().clamp(min=1)


def partition_sums(
    a: torch.Tensor, b: torch.Tensor, partition: torch.Tensor, count: int, temperature: float
) -> torch.Tensor:
    """(2, count): of each partition the sum of the losses of the matches that take part, and their number.

    partition: (M, M) integers, the partition around i that j lies in, or ``NO_PARTITION``.
    """
    logits = a @ b.T / temperature
    itself = torch.eye(len(a), dtype=torch.bool, device=a.device)
    losses, anchors = [], []
    for p in range(count):
        others = (partition == p) & ~itself
        takes_part = others.any(dim=1)
        shown = logits.masked_fill(~(others | itself), -torch.inf)
        loss = shown.logsumexp(dim=1) - logits.diagonal()
        losses.append((loss * takes_part).sum())
        anchors.append(takes_part.sum().to(loss.dtype))
    return torch.stack([torch.stack(losses), torch.stack(anchors)])


def partitions(xyz: torch.Tensor, radii_m: tuple[float, ...], heights_m: tuple[float, ...]) -> torch.Tensor:
    """The partition around match i that match j lies in, or ``NO_PARTITION``: (M, M) int64.

    xyz: (M, 3) metres, vertical z. Partitions by distance begin at each of ``radii_m``, the last has no end;
    each is divided by j's height above i at ``heights_m``. There are ``len(radii_m) * (len(heights_m) + 1)``.
    Source: Contrastive Scene Contexts, with radii of .05 and .5 m and height 0.
    """
    distance = torch.cdist(xyz, xyz, compute_mode="donot_use_mm_for_euclid_dist")
    rise = xyz[None, :, 2] - xyz[:, None, 2]
    shell = torch.bucketize(distance, distance.new_tensor(radii_m), right=True) - 1
    level = torch.bucketize(rise, rise.new_tensor(heights_m), right=True)
    return torch.where(shell >= 0, shell * (len(heights_m) + 1) + level, NO_PARTITION)


def hardest_contrastive(
    a: torch.Tensor,
    b: torch.Tensor,
    same: torch.Tensor,
    margin_positive: float,
    margin_negative: float,
) -> torch.Tensor:
    """Matches nearer than one margin, and what is nearest without matching farther than another.

    a, b: (M, C) of length 1; same: (M, M) bool, i and j lie so close that they are no negatives (i and i
    always). Mean over matches of [d(a, b) - margin_positive]₊² plus, for a and for b, half the mean of
    [margin_negative - d]₊² to the hardest negative. Source: PointContrast, after FCGF.
    """
    distance = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
    positive = functional.relu(distance.diagonal() - margin_positive).square().mean()
    others = distance.masked_fill(same, torch.inf)
    negatives = [functional.relu(margin_negative - others.amin(dim=side)).square().mean() for side in (0, 1)]
    return positive + (negatives[0] + negatives[1]) / 2


def close_matches(xyz: torch.Tensor, pair: torch.Tensor, radius_m: float) -> torch.Tensor:
    """(M, M) bool: do matches i and j belong to one pair of views and lie within the radius?"""
    distance = torch.cdist(xyz, xyz, compute_mode="donot_use_mm_for_euclid_dist")
    return (distance <= radius_m) & (pair[None, :] == pair[:, None])
