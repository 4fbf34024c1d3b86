"""Ψ's part of a step: which proposals it sees, and where there are none."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.synthetic import BED, CHAIR, TABLE, room_sample, tiny_settings
from twist.classes import SCANNET
from twist.learning.batches import Batch, make_batch
from twist.learning.recorrecting import ProposalMemory, recorrection_step
from twist.network.extraction import Extraction
from twist.network.model import Model

#: Close enough points for furniture to hold together, wide enough gaps to keep it apart.
PROPOSALS = {"radius_m": 0.35, "radius_shifted_m": 0.1, "min_points": 20}
SETTINGS = tiny_settings(proposals=PROPOSALS)


def batch_of(folder: Path, *truth: bool) -> Batch:
    samples = [room_sample(folder, 600, seed, annotated=own) for seed, own in enumerate(truth)]
    return make_batch(samples, SETTINGS.network)


def perfect(batch: Batch) -> Extraction:
    """What Φ would say that knows the labels: each voxel's class and offset."""
    voxels = len(batch.indices)
    label = torch.zeros(voxels, dtype=torch.int64)
    label[batch.voxel_of_point] = batch.semantic
    centre = batch.position.clone()
    on = batch.instance >= 0
    centre[batch.voxel_of_point[on]] = batch.centre[on]
    logits = 20 * torch.nn.functional.one_hot(label, 20).float()
    features = torch.randn((voxels, SETTINGS.network.decoder_channels[-1]))
    return Extraction(features.requires_grad_(), logits.requires_grad_(), centre - batch.position)


def fresh_model() -> Model:
    torch.manual_seed(0)
    return Model(SETTINGS.network, SCANNET).train()


def model_of_certainty(logit: float) -> Model:
    """A model whose Ψ is as certain of every proposal."""
    model = fresh_model()
    torch.nn.init.zeros_(model.recorrection.certainty.weight)
    torch.nn.init.constant_(model.recorrection.certainty.bias, logit)
    return model


def step(
    batch: Batch, extraction: Extraction, model: Model | None = None, **recorrection: Any
) -> tuple[dict[str, torch.Tensor], float]:
    settings = tiny_settings(proposals=PROPOSALS, recorrection=recorrection)
    return recorrection_step(model or fresh_model(), extraction, batch, settings, ProposalMemory(4))


def test_right_proposals_give_their_class_and_certainty(tmp_path: Path) -> None:
    """Four pieces of furniture, found whole in P and Q alike: four proposals, certainty 1, right class."""
    batch = batch_of(tmp_path, True)
    model = model_of_certainty(2.0)
    losses, proposals = step(batch, perfect(batch), model)
    assert proposals == 4
    assert losses["class"].item() < 0.01  # an untrained Ψ repeats Φ, and Φ is right and sure
    assert losses["certainty"].item() == pytest.approx(np.log1p(np.exp(-2)))
    (losses["certainty"] + losses["class"]).backward()
    assert model.recorrection.certainty.weight.grad.abs().max() > 0


def test_pseudo_labelled_scenes_teach_nothing(tmp_path: Path) -> None:
    batch = batch_of(tmp_path, False, True, False)
    alone = batch_of(tmp_path, True)
    assert step(batch, perfect(batch))[1] == step(alone, perfect(alone))[1] == 4
    batch = batch_of(tmp_path, False, False)
    extraction = perfect(batch)
    losses, proposals = step(batch, extraction)
    assert proposals == 0
    assert [value.item() for value in losses.values()] == [0, 0]
    sum(losses.values()).backward()
    assert not extraction.logits.grad.any()


def test_a_scene_without_proposals_leaves_the_others(tmp_path: Path) -> None:
    batch = batch_of(tmp_path, True, True)
    extraction = perfect(batch)
    logits = extraction.logits.detach().clone()
    logits[batch.indices[:, 0] == 0] = torch.eye(20)[0]  # all wall
    _, proposals = step(batch, replace(extraction, logits=logits))
    assert proposals == 2  # four in one of two annotated scenes


@pytest.mark.parametrize("reaches", [True, False])
def test_whether_the_gradient_reaches_the_features(reaches: bool, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, True)
    extraction = perfect(batch)
    losses, _ = step(batch, extraction, gradient_to_features=reaches)
    losses["certainty"].backward()
    assert (extraction.features.grad is not None and bool(extraction.features.grad.any())) == reaches
    assert extraction.logits.grad is None  # classes and offsets only choose the proposals


def test_the_largest_proposals_are_kept_in_their_order(tmp_path: Path) -> None:
    sample = room_sample(tmp_path, 600)  # furniture of 100 points each
    keep = np.ones(len(sample), bool)
    for label, fewer in ((TABLE, 20), (CHAIR, 120)):
        keep[np.flatnonzero(sample.semantic == label)[::-1][:fewer]] = False
    keep[np.flatnonzero(sample.semantic == CHAIR)[:40]] = False
    batch = make_batch([sample.select(keep)], SETTINGS.network)

    def kept(most: int) -> list[int]:
        memory, settings = (
            ProposalMemory(1),
            tiny_settings(proposals=PROPOSALS, recorrection={"proposals_max": most}),
        )
        recorrection_step(fresh_model(), perfect(batch), batch, settings, memory)
        return memory.recall(1)[0].label.tolist()

    chair = SCANNET.things.tolist().index(CHAIR)
    assert len(set(kept(9))) == 3
    assert kept(2) == [label for label in kept(9) if label != chair]


def test_a_proposal_over_all_furniture_is_not_certain(tmp_path: Path) -> None:
    """All furniture is taken for one class and shifted onto one place: set P finds four pieces of the wrong
    class, set Q one proposal that overlaps each piece by a quarter."""
    batch = batch_of(tmp_path, True)
    right = perfect(batch)
    thing = torch.isin(right.logits.argmax(dim=1), torch.tensor([BED, CHAIR, TABLE]))
    logits = torch.where(thing[:, None], 20 * torch.eye(20)[TABLE], right.logits.detach())
    wrong = replace(right, logits=logits, offset=-batch.position)
    losses, proposals = step(batch, wrong, model_of_certainty(2.0))
    assert proposals == 5
    bce = [np.log1p(np.exp(-2))] * 4 + [np.log1p(np.exp(2))]
    assert losses["certainty"].item() == pytest.approx(np.mean(bce))
    assert losses["class"].item() > 3


def steps(
    count: int, batch: Batch, memory: ProposalMemory, *, background: bool = False, **recorrection: Any
) -> list[float]:
    """Ψ's certainty loss over several steps of one batch with one memory; only the memory changes.

    background: the very same proposals, but none of them is an instance
    """
    settings = tiny_settings(proposals=PROPOSALS, recorrection=recorrection)
    model = model_of_certainty(2.0).eval()
    extraction = perfect(batch)
    if background:
        batch = replace(batch, instance=torch.full_like(batch.instance, -1))
    return [
        recorrection_step(model, extraction, batch, settings, memory)[0]["certainty"].item()
        for _ in range(count)
    ]


def test_earlier_proposals_fill_up_to_the_number_of_scenes(tmp_path: Path) -> None:
    """The loss over a wrong scene now and two right ones from memory is the mean over all twelve."""
    batch, memory = batch_of(tmp_path, True), ProposalMemory(2)
    low, high = np.log1p(np.exp(-2)), np.log1p(np.exp(2))
    steps(5, batch, memory)
    mixed = steps(1, batch, memory, background=True, scenes_per_step=3)
    assert mixed == pytest.approx([(2 * low + high) / 3], rel=1e-4)
    assert steps(1, batch, memory, scenes_per_step=2) == pytest.approx([(low + high) / 2], rel=1e-4)
    assert steps(1, batch, memory, scenes_per_step=1) == pytest.approx([low], rel=1e-4)


def test_enough_annotated_scenes_need_no_memory(tmp_path: Path) -> None:
    batch, memory = batch_of(tmp_path, True, True), ProposalMemory(2)
    steps(1, batch, memory, background=True)
    assert steps(1, batch, memory, scenes_per_step=2) == pytest.approx([np.log1p(np.exp(-2))], rel=1e-4)


def test_a_scene_without_proposals_is_not_replaced_from_memory(tmp_path: Path) -> None:
    batch, memory = batch_of(tmp_path, True, True), ProposalMemory(2)
    steps(1, batch, memory, background=True)
    extraction = perfect(batch)
    logits = extraction.logits.detach().clone()
    logits[batch.indices[:, 0] == 0] = torch.eye(20)[0]  # all wall
    settings = tiny_settings(proposals=PROPOSALS, recorrection={"scenes_per_step": 2})
    model = model_of_certainty(2.0).eval()
    losses, _ = recorrection_step(model, replace(extraction, logits=logits), batch, settings, memory)
    assert losses["certainty"].item() == pytest.approx(np.log1p(np.exp(-2)), rel=1e-4)


def test_remembered_scenes_teach_psi_but_not_phi(tmp_path: Path) -> None:
    batch, memory, model = batch_of(tmp_path, True), ProposalMemory(4), fresh_model()
    settings = tiny_settings(proposals=PROPOSALS)
    recorrection_step(model, perfect(batch), batch, settings, memory)
    nothing_now = replace(perfect(batch), logits=torch.zeros(len(batch.indices), 20, requires_grad=True))
    losses, proposals = recorrection_step(model, nothing_now, batch, settings, memory)
    assert proposals == 0
    losses["certainty"].backward()
    assert model.recorrection.certainty.weight.grad.abs().max() > 0
    assert nothing_now.features.grad is None


def test_a_memory_survives_its_saved_state(tmp_path: Path) -> None:
    batch, memory, restored = batch_of(tmp_path, True), ProposalMemory(3), ProposalMemory(3)
    steps(4, batch, memory)
    buffer = io.BytesIO()
    torch.save(memory.state(), buffer)
    buffer.seek(0)
    restored.restore(torch.load(buffer, weights_only=True), torch.device("cpu"))
    assert len(restored.recall(9)) == len(memory.recall(9)) == 3
    assert steps(1, batch, restored) == steps(1, batch, memory)
