"""The losses by hand, against sums written out, and their gradients against finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.references.views_reference import contrast_slowly, partition_slowly
from twist.pretraining.contrast import (
    close_matches,
    hardest_contrastive,
    partition_sums,
    partitioned_info_nce,
    partitions,
    point_info_nce,
)

RADII, HEIGHTS = (0.3, 1.0), (-0.2, 0.2)
COUNT = len(RADII) * (len(HEIGHTS) + 1)


def unit(matches: int, seed: int = 0, channels: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    a, b = torch.randn(2, matches, channels, dtype=torch.float64)
    return functional.normalize(a, dim=1), functional.normalize(b, dim=1)


def placed(matches: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    pair = np.sort(rng.integers(0, 3, matches))
    return torch.from_numpy(rng.uniform(0, 1.5, (matches, 3))), torch.from_numpy(pair)


def partitioned(
    a: torch.Tensor, b: torch.Tensor, xyz: torch.Tensor | None = None, sizes: tuple[int, ...] = ()
) -> torch.Tensor:
    xyz = placed(len(a))[0] if xyz is None else xyz
    return partitioned_info_nce(a, b, xyz, sizes or (len(a),), RADII, HEIGHTS, 0.4)


def test_info_nce_of_two_matches_by_hand() -> None:
    a = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    b = torch.tensor([[1.0, 0.0], [0.6, 0.8]], dtype=torch.float64)
    # similarities: (1, .6) and (0, .8); τ = .5
    by_hand = (math.log(1 + math.exp((0.6 - 1) / 0.5)) + math.log(1 + math.exp((0 - 0.8) / 0.5))) / 2
    assert float(point_info_nce(a, b, 0.5)) == pytest.approx(by_hand)


def test_one_partition_of_everything_is_plain_info_nce() -> None:
    a, b = unit(20)
    loss, anchors = partition_sums(a, b, torch.zeros((20, 20), dtype=torch.int64), 1, 0.4)
    assert anchors.tolist() == [20]
    assert float(loss / 20) == pytest.approx(float(point_info_nce(a, b, 0.4)))


@pytest.mark.parametrize("seed", range(5))
def test_partitions_are_their_definition(seed: int) -> None:
    xyz, _ = placed(40, seed)
    slow = partition_slowly(xyz.numpy(), np.zeros(40), RADII, HEIGHTS)
    np.testing.assert_array_equal(partitions(xyz, RADII, HEIGHTS).numpy(), slow)
    assert set(np.unique(slow)) == {-1, *range(COUNT)}


def test_bounds_belong_to_the_partition_that_begins_there() -> None:
    xyz = torch.tensor([[0.0, 0, 0], [0.5, 0, 0], [2.0, 0, 0], [0, 0, -1.0]], dtype=torch.float64)
    around_first = partitions(xyz, (0.5, 2.0), (0.0,))[0]
    assert around_first.tolist() == [-1, 1, 3, 0]


@pytest.mark.parametrize("seed", range(5))
def test_the_partitioned_loss_is_its_sums(seed: int) -> None:
    """Matches of three pairs of views, one of them perhaps without any, against one sum over all."""
    a, b = unit(30, seed)
    xyz, pair = placed(30, seed)
    pair[pair == 1] = 2 * (seed % 2)  # on every second seed the middle pair has none
    pair = pair.sort().values
    sizes = tuple(torch.bincount(pair, minlength=3).tolist())
    partition = partition_slowly(xyz.numpy(), pair.numpy(), RADII, HEIGHTS)
    slow = contrast_slowly(a.numpy(), b.numpy(), partition, 0.4)
    assert float(partitioned(a, b, xyz, sizes)) == pytest.approx(slow)


def test_nothing_to_contrast_is_0_with_a_gradient() -> None:
    a, b = (part.requires_grad_() for part in unit(3))
    loss = partitioned(a, b, torch.zeros((3, 3), dtype=torch.float64))  # all nearer than any partition
    loss.backward()
    assert float(loss.detach()) == 0
    assert (a.grad == 0).all()


def test_hardest_contrastive_by_hand() -> None:
    a = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    b = torch.tensor([[1.0, 0.0], [0.6, 0.8]], dtype=torch.float64)
    # distances: match 0 and 1: 0 and √.4; a0-b1 √.8, a1-b0 √2
    positive = (math.sqrt(0.4) - 0.1) ** 2 / 2
    for_a = (max(0, 1.4 - math.sqrt(0.8)) ** 2 + max(0, 1.4 - math.sqrt(2)) ** 2) / 2
    for_b = (max(0, 1.4 - math.sqrt(2)) ** 2 + max(0, 1.4 - math.sqrt(0.8)) ** 2) / 2
    same = torch.eye(2, dtype=torch.bool)
    loss = hardest_contrastive(a, b, same, 0.1, 1.4)
    assert float(loss) == pytest.approx(positive + (for_a + for_b) / 2)
    # where both matches lie close together, neither is a negative of the other
    assert float(hardest_contrastive(a, b, ~torch.zeros_like(same), 0.1, 1.4)) == pytest.approx(positive)


def test_close_matches_are_of_one_pair_and_within_the_radius() -> None:
    xyz = torch.tensor([[0.0, 0, 0], [0.1, 0, 0], [0.1, 0, 0], [0.4, 0, 0]])
    close = close_matches(xyz, torch.tensor([0, 0, 1, 1]), 0.2)
    assert close.int().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def hardest(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return hardest_contrastive(a, b, torch.eye(len(a), dtype=torch.bool), 0.1, 1.4)


@pytest.mark.parametrize(
    "loss", [lambda a, b: point_info_nce(a, b, 0.4), partitioned, hardest], ids=["pc", "csc", "hardest"]
)
def test_gradients_are_those_of_finite_differences(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> None:
    raw = [part.clone().requires_grad_() for part in unit(12, channels=4)]
    assert torch.autograd.gradcheck(lambda *ab: loss(*(functional.normalize(x, dim=1) for x in ab)), raw)


@pytest.mark.parametrize("loss", [lambda a, b: point_info_nce(a, b, 0.4), partitioned, hardest])
def test_matching_features_cost_less_than_others(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> None:
    a, b = unit(30)
    assert float(loss(a, a)) < float(loss(a, b))


def test_a_single_match_costs_nothing() -> None:
    a, b = unit(1)
    assert float(point_info_nce(a, b, 0.4)) == 0
    assert float(partitioned(a, b)) == 0
    positive = float((a - b).norm())
    assert float(hardest(a, b)) == pytest.approx((positive - 0.1) ** 2)
