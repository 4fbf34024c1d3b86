"""Ψ: pooling against loops, its start from Φ's classes, independence of proposals."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.network.test_proposal_voxels import random_proposals, scene
from tests.synthetic import tiny_settings
from twist.classes import S3DIS, SCANNET, ClassTable
from twist.network.proposal_voxels import ProposalVoxels, concatenate, proposal_voxels
from twist.network.recorrection import ProposalRecorrection, _scatter_max, blended_classes, scatter_mean

CHANNELS = 5


def recorrection() -> ProposalRecorrection:
    torch.manual_seed(0)
    return ProposalRecorrection(CHANNELS, len(SCANNET.things), tiny_settings().network, torch.device("cpu"))


def proposals_of(seed: int) -> ProposalVoxels:
    return proposal_voxels(random_proposals(seed), *scene(seed), SCANNET, 4)


@pytest.mark.parametrize("groups", [4, 7])
def test_scatter_mean_and_max_are_loops(groups: int) -> None:
    rng = np.random.default_rng(0)
    values = torch.from_numpy(np.abs(rng.normal(size=(40, 3)))).requires_grad_()
    index = torch.from_numpy(rng.integers(0, 4, 40))
    mean, highest = scatter_mean(values, index, groups), _scatter_max(values, index, groups)
    assert mean.shape == highest.shape == (groups, 3)
    for group in range(groups):
        own = values[index == group]
        if len(own) == 0:
            assert not mean[group].any()
            assert not highest[group].any()
            continue
        torch.testing.assert_close(mean[group], own.mean(0))
        torch.testing.assert_close(highest[group], own.amax(0))
    found = torch.autograd.grad((mean * 2 + highest * 3).sum(), values)[0]
    expected = torch.zeros_like(values)
    for group in range(4):
        rows = torch.nonzero(index == group).squeeze(1)
        expected[rows] += 2 / len(rows)
        expected[rows[values[rows].argmax(0)], torch.arange(3)] += 3
    torch.testing.assert_close(found, expected)


def test_an_untrained_class_head_repeats_the_extraction_network() -> None:
    proposals = proposals_of(0)
    answer = recorrection()(torch.randn((30, CHANNELS)), proposals)
    assert answer.certainty.shape == (len(proposals),)
    torch.testing.assert_close(answer.logits, proposals.log_probability)


@pytest.mark.parametrize("trust", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("table", [SCANNET, S3DIS])
def test_classes_are_blended_as_a_loop_says(table: ClassTable, trust: float) -> None:
    things = len(table.things)
    rng = np.random.default_rng(0)
    before, after = (np.log(rng.dirichlet(np.ones(things + 1), 20)) for _ in range(2))
    blended = blended_classes(torch.tensor(before), torch.tensor(after), trust, table).numpy()
    for phi, psi, found in zip(np.exp(before), np.exp(after), blended, strict=True):
        if table is SCANNET:  # background is what Φ calls wall or floor
            expected = phi ** (1 - trust) * psi**trust
            expected /= expected.sum()
        else:
            of_things = phi[:-1] ** (1 - trust) * psi[:-1] ** trust
            expected = np.append(of_things / of_things.sum() * (1 - psi[-1]), psi[-1])
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_without_stuff_half_trust_does_not_silence_the_background() -> None:
    """Φ gives background no probability there; Ψ's near certainty of it must come through."""
    things = len(S3DIS.things)
    before = torch.tensor([[0.9] + [0.1 / (things - 1)] * (things - 1) + [1e-4]]).log()
    after = torch.tensor([[0.05] + [0.05 / (things - 1)] * (things - 1) + [0.9]]).log()
    assert blended_classes(before, after, 0.5, S3DIS).argmax() == things


def test_proposals_do_not_influence_each_other_in_evaluation() -> None:
    model = recorrection().eval()
    torch.nn.init.normal_(model.residual.weight)
    parts = [proposals_of(0), proposals_of(1)]
    features = [torch.randn((30, CHANNELS)) for _ in parts]
    shifted = ProposalVoxels(**(vars(parts[1]) | {"scene_voxel": parts[1].scene_voxel + 30}))
    together = model(torch.cat(features), concatenate([parts[0], shifted]))
    for part, own, rows in zip(parts, features, (slice(0, 5), slice(5, 10)), strict=True):
        alone = model(own, part)
        torch.testing.assert_close(together.certainty[rows], alone.certainty)
        torch.testing.assert_close(together.logits[rows], alone.logits)


def test_everything_learns_features_too() -> None:
    model = recorrection().train()
    features = torch.randn((30, CHANNELS), requires_grad=True)
    proposals = proposals_of(2)
    torch.nn.init.normal_(model.residual.weight)
    answer = model(features, proposals)
    (answer.certainty.square().sum() + answer.logits.square().sum()).backward()
    used = torch.unique(proposals.scene_voxel)
    assert (features.grad[used].abs().sum(1) > 0).any()
    unused = torch.ones(30, dtype=torch.bool)
    unused[used] = False
    assert not features.grad[unused].any()
    for name, weight in model.named_parameters():
        assert torch.isfinite(weight.grad).all(), name
        assert weight.grad.abs().max() > 0, name


def test_one_proposal_of_one_voxel_trains() -> None:
    one = ProposalVoxels(
        scene_voxel=torch.zeros(1, dtype=torch.int64),
        position=torch.zeros((1, 3)),
        voxel_of_entry=torch.zeros(1, dtype=torch.int64),
        indices=torch.zeros((1, 4), dtype=torch.int32),
        log_probability=torch.zeros((1, len(SCANNET.things) + 1)),
        size_m=torch.zeros((1, 3)),
    )
    model = recorrection().train()
    answer = model(torch.randn((1, CHANNELS)), one)
    (answer.certainty.sum() + answer.logits.sum()).backward()
    assert torch.isfinite(answer.certainty).all()
    assert all(torch.isfinite(weight.grad).all() for weight in model.parameters())
