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


def everything(matches: int) -> torch.Tensor:
    """One partition that holds all others."""
    return torch.zeros((matches, matches), dtype=torch.int64)


def test_info_nce_of_two_matches_by_hand() -> None:
    a = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    b = torch.tensor([[1.0, 0.0], [0.6, 0.8]], dtype=torch.float64)
    # similarities: (1, .6) and (0, .8); τ = .5
    by_hand = (math.log(1 + math.exp((0.6 - 1) / 0.5)) + math.log(1 + math.exp((0 - 0.8) / 0.5))) / 2
    assert float(point_info_nce(a, b, 0.5)) == pytest.approx(by_hand)


def test_one_partition_of_everything_is_plain_info_nce() -> None:
    a, b = unit(20)
    whole = partitioned_info_nce(a, b, everything(20), 1, 0.4)
    assert float(whole) == pytest.approx(float(point_info_nce(a, b, 0.4)))


@pytest.mark.parametrize("seed", range(5))
def test_partitions_are_their_definition(seed: int) -> None:
    xyz, pair = placed(40, seed)
    slow = partition_slowly(xyz.numpy(), pair.numpy(), RADII, HEIGHTS)
    np.testing.assert_array_equal(partitions(xyz, pair, RADII, HEIGHTS).numpy(), slow)
    assert set(np.unique(slow)) == {-1, *range(COUNT)}


def test_bounds_belong_to_the_partition_that_begins_there() -> None:
    xyz = torch.tensor([[0.0, 0, 0], [0.5, 0, 0], [2.0, 0, 0], [0, 0, -1.0]], dtype=torch.float64)
    around_first = partitions(xyz, torch.zeros(4), (0.5, 2.0), (0.0,))[0]
    assert around_first.tolist() == [-1, 1, 3, 0]


@pytest.mark.parametrize("seed", range(5))
def test_the_partitioned_loss_is_its_sums(seed: int) -> None:
    a, b = unit(30, seed)
    partition = partitions(*placed(30, seed), RADII, HEIGHTS)
    slow = contrast_slowly(a.numpy(), b.numpy(), partition.numpy(), 0.4)
    assert float(partitioned_info_nce(a, b, partition, COUNT, 0.4)) == pytest.approx(slow)


def test_nothing_to_contrast_is_0_with_a_gradient() -> None:
    a, b = (part.requires_grad_() for part in unit(3))
    loss = partitioned_info_nce(a, b, everything(3) - 1, 4, 0.4)
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


def partitioned(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return partitioned_info_nce(a, b, partitions(*placed(len(a)), RADII, HEIGHTS), COUNT, 0.4)


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
    assert float(partitioned_info_nce(a, b, everything(1), 1, 0.4)) == 0
    positive = float((a - b).norm())
    assert float(hardest(a, b)) == pytest.approx((positive - 0.1) ** 2)
