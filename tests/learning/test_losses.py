"""The losses against numbers computed by hand, and where nothing takes part in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.regions import regions_of
from twist.classes import S3DIS, SCANNET
from twist.learning.batches import Batch
from twist.learning.losses import class_weights, extraction_loss, proposal_targets, recorrection_loss
from twist.network.extraction import Extraction
from twist.network.recorrection import Recorrection
from twist.regions import Regions
from twist.settings import RecorrectionSettings

LN = np.log


def batch(**changes: object) -> Batch:
    """Four points on two voxels; the first three labelled, the first two on an instance."""
    made = Batch(
        names=("room",),
        annotated_scenes=(True,),
        features=torch.zeros((2, 1)),
        indices=torch.zeros((2, 4), dtype=torch.int32),
        position=torch.tensor([[0.0, 0, 0], [1, 1, 1]]),
        voxel_of_point=torch.tensor([0, 0, 1, 1]),
        point_offsets=torch.tensor([0, 4]),
        xyz=torch.zeros((4, 3)),
        supervoxel=torch.zeros(4, dtype=torch.int64),
        semantic=torch.tensor([0, 1, 1, -1]),
        weight=torch.tensor([1.0, 2.0, 1.0, 5.0]),
        instance=torch.tensor([3, 3, -1, -1]),
        centre=torch.tensor([[3.0, 4, 0], [3, 4, 0], [0, 0, 0], [0, 0, 0]]),
        annotated=torch.zeros(0),
        labelled_points=torch.zeros(0),
        instance_points=torch.zeros(0),
        largest_index=(0, 0, 0),
    )
    made = replace(made, **changes)
    truth = torch.tensor(made.annotated_scenes).repeat_interleave(made.point_offsets.diff())
    labelled, on = ((ids >= 0).nonzero().squeeze(1) for ids in (made.semantic, made.instance))
    return replace(made, annotated=truth, labelled_points=labelled, instance_points=on)


def extraction(offset: list[list[float]] | None = None) -> Extraction:
    """Class probabilities (1/4, 3/4) and (1/2, 1/2)."""
    logits = torch.log(torch.tensor([[0.25, 0.75], [0.5, 0.5]])) + torch.tensor([[7.0], [-3.0]])
    offset_tensor = torch.tensor(offset or [[0.0, 0, 0], [0, 0, 0]])
    return Extraction(torch.zeros((2, 1)), logits.requires_grad_(), offset_tensor.requires_grad_())


def test_semantic_loss_is_the_cross_entropy_weighted_by_class_and_point() -> None:
    losses = extraction_loss(extraction(), batch(), torch.tensor([0.5, 1.0]), 1.0)
    nll = [-LN(0.25), -LN(0.75), -LN(0.5)]
    weight = [0.5, 2.0, 1.0]
    assert losses["semantic"].item() == pytest.approx(np.average(nll, weights=weight))


@pytest.mark.parametrize("pseudo_weight", [0.0, 0.5, 1.0])
def test_means_over_annotated_and_pseudo_labelled_scenes_are_weighed(pseudo_weight: float) -> None:
    """Scene 0 is annotated, scene 1, with as many points, is not."""
    mixed = batch(
        names=("room", "other"),
        annotated_scenes=(True, False),
        point_offsets=torch.tensor([0, 2, 4]),
        semantic=torch.tensor([0, 1, 1, 0]),
        weight=torch.tensor([1.0, 2.0, 1.0, 3.0]),
    )
    losses = extraction_loss(extraction(), mixed, torch.ones(2), 1.0, pseudo_weight)
    certain = np.average([-LN(0.25), -LN(0.75)], weights=[1, 2])
    expected = (certain + pseudo_weight * -LN(0.5)) / (1 + pseudo_weight)
    assert losses["semantic"].item() == pytest.approx(expected)


@pytest.mark.parametrize(("power", "rare"), [(1.0, 4.0), (0.5, 2.0), (0.0, 1.0)])
def test_class_weights_count_less_in_pseudo_labels(power: float, rare: float) -> None:
    """Scene 0 is annotated, scene 1 is not; the rare class weighs 4 in the one, less in the other."""
    mixed = batch(
        names=("room", "other"),
        annotated_scenes=(True, False),
        point_offsets=torch.tensor([0, 2, 4]),
        voxel_of_point=torch.tensor([0, 0, 0, 1]),
        semantic=torch.tensor([0, 1, 1, 0]),
        weight=torch.ones(4),
    )
    losses = extraction_loss(extraction(), mixed, torch.tensor([1.0, 4.0]), 1.0, 1.0, power)
    certain = np.average([-LN(0.25), -LN(0.75)], weights=[1, 4])
    uncertain = np.average([-LN(0.75), -LN(0.5)], weights=[rare, 1])
    assert losses["semantic"].item() == pytest.approx((certain + uncertain) / 2)


def test_offset_loss_is_l1_and_direction_from_the_voxels_position() -> None:
    """Wanted (3, 4, 0); predicted (4, 3, 0): L1 2, cosine 24/25."""
    losses = extraction_loss(extraction([[4.0, 3, 0], [9, 9, 9]]), batch(), torch.ones(2), 1.0)
    assert losses["offset"].item() == pytest.approx(2 - 24 / 25)
    position = torch.tensor([[1.0, 1, 0], [0, 0, 0]])  # wanted (2, 3, 0); cosine 17 / sqrt(25 * 13)
    losses = extraction_loss(
        extraction([[4.0, 3, 0], [9, 9, 9]]), batch(position=position), torch.ones(2), 0.5
    )
    assert losses["offset"].item() == pytest.approx(0.5 * (2 - 17 / np.sqrt(25 * 13)), rel=1e-5)


def test_a_perfect_offset_costs_minus_one() -> None:
    losses = extraction_loss(extraction([[3.0, 4, 0], [0, 0, 0]]), batch(), torch.ones(2), 1.0)
    assert losses["offset"].item() == pytest.approx(-1)


def test_gradients_are_finite_where_offsets_are_zero() -> None:
    """At the start an offset may be 0, and the wanted one is 0 where one voxel is a whole instance."""
    for position in ([[0.0, 0, 0], [1, 1, 1]], [[3.0, 4, 0], [1, 1, 1]]):
        answer = extraction([[0.0, 0, 0], [0, 0, 0]])
        losses = extraction_loss(answer, batch(position=torch.tensor(position)), torch.ones(2), 1.0)
        losses["offset"].backward()
        assert torch.isfinite(losses["offset"])
        assert torch.isfinite(answer.offset.grad).all()


def test_no_label_and_no_instance_give_zero_and_zero_gradients() -> None:
    answer = extraction([[1.0, 2, 3], [4, 5, 6]])
    nothing = batch(semantic=torch.full((4,), -1), instance=torch.full((4,), -1))
    losses = extraction_loss(answer, nothing, torch.ones(2), 1.0)
    assert [value.item() for value in losses.values()] == [0, 0]
    sum(losses.values()).backward()
    assert not answer.logits.grad.any()
    assert not answer.offset.grad.any()


def test_points_of_weight_zero_give_zero() -> None:
    losses = extraction_loss(extraction(), batch(weight=torch.zeros(4)), torch.ones(2), 1.0)
    assert losses["semantic"].item() == 0


def test_certainty_and_class_losses() -> None:
    certainty = torch.tensor([0.0, LN(3.0)], requires_grad=True)  # 1/2 and 3/4
    logits = torch.log(torch.tensor([[0.2, 0.8], [0.6, 0.4]])).requires_grad_()
    losses = recorrection_loss(
        Recorrection(certainty, logits), torch.tensor([1.0, 0.25]), torch.tensor([1, -1])
    )
    bce = [LN(2), -0.25 * LN(0.75) - 0.75 * LN(0.25)]
    assert losses["certainty"].item() == pytest.approx(np.mean(bce))
    assert losses["class"].item() == pytest.approx(-LN(0.8))
    losses["class"].backward()
    assert not logits.grad[1].any()


def test_class_loss_of_ignored_proposals_alone_is_zero() -> None:
    logits = torch.randn((2, 3), requires_grad=True)
    losses = recorrection_loss(Recorrection(torch.zeros(2), logits), torch.zeros(2), torch.tensor([-1, -1]))
    assert losses["class"].item() == 0
    losses["class"].backward()
    assert not logits.grad.any()


# --- Ψ's targets -----------------------------------------------------------------------------------

CHAIR, SOFA = 4, 5  # columns 2 and 3 of Ψ: ScanNet's things begin with class 2
BACKGROUND = len(SCANNET.things)


def region_of(*sets: list[int], label: list[int] | None = None) -> Regions:
    return regions_of(sets, 24, label or [-1] * len(sets))


TRUTH = region_of(list(range(8)), list(range(8, 16)), label=[CHAIR, SOFA])


@pytest.mark.parametrize(
    ("points", "iou", "certainty", "label"),
    [
        ([20, 21], 0, 0, BACKGROUND),
        ([0, 1, 20, 21], 0.2, 0, BACKGROUND),
        ([0, 1], 0.25, 0, -1),
        ([0, 1, 2, 3, 20, 21], 0.4, 0.3, -1),
        ([0, 1, 2, 3], 0.5, 0.5, 2),
        ([8, 9, 10, 11, 12], 0.625, 0.75, 3),
        ([8, 9, 10, 11, 12, 13], 0.75, 1, 3),
        (list(range(8)), 1, 1, 2),
        ([*range(8, 16), 0, 1], 0.8, 1, 3),  # the better of two instances
    ],
)
def test_targets_by_the_iou_with_the_best_instance(
    points: list[int], iou: float, certainty: float, label: int
) -> None:
    best = max(len(set(points) & own) / len(set(points) | own) for own in map(set, (TRUTH[0], TRUTH[1])))
    assert best == pytest.approx(iou)
    found = proposal_targets(region_of(points), TRUTH, SCANNET, RecorrectionSettings())
    assert found[0].tolist() == pytest.approx([certainty])
    assert found[1].tolist() == [label]
    assert (found[0].dtype, found[1].dtype) == (np.float32, np.int64)


def test_targets_without_instances_are_background() -> None:
    certainty, label = proposal_targets(region_of([0], [1]), Regions.empty(24), S3DIS, RecorrectionSettings())
    assert certainty.tolist() == [0, 0]
    assert label.tolist() == [13, 13]


def test_targets_of_no_proposals() -> None:
    certainty, label = proposal_targets(Regions.empty(24), TRUTH, SCANNET, RecorrectionSettings())
    assert len(certainty) == len(label) == 0


# --- class weights ---------------------------------------------------------------------------------


def test_class_weights_by_hand() -> None:
    counts = np.array([900, 100, 0])
    raw = np.array([0.902, 0.102, 0.002]) ** -0.5
    np.testing.assert_allclose(class_weights(counts, 0.5), raw / raw.mean(), rtol=1e-6)
    assert class_weights(counts, 0).tolist() == [1, 1, 1]
    assert class_weights(np.zeros(3, np.int64), 0.5).tolist() == [1, 1, 1]
