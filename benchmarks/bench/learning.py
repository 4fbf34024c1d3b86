"""Cases of learning: Φ, Ψ, a training step, saving its state; beside spconv's own CPU convolution."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import nn

from benchmarks.bench.case import Case, Task
from benchmarks.bench.inputs import room_samples
from benchmarks.bench.teaching import believed, new_trainer, preset
from twist.classes import SCANNET
from twist.learning.batches import Batch, make_batch
from twist.learning.optimisation import make_optimizer
from twist.learning.samples import SceneSample
from twist.learning.state import StateFolder
from twist.network import sparse
from twist.network.extraction import Extraction
from twist.network.model import Model, load_tensors
from twist.network.proposal_voxels import ProposalVoxels, concatenate, proposal_voxels
from twist.regions import Regions
from twist.selftraining.proposals import group_points
from twist.settings import Settings

CPU = torch.device("cpu")


@contextmanager
def spconvs_own() -> Iterator[None]:
    """Inside, layers on the CPU compute as spconv does."""
    with ExitStack() as stack:
        for layer in (sparse._Submanifold, sparse._Downward, sparse._Upward):
            stack.enter_context(mock.patch.object(layer, "forward", layer.__mro__[1].forward))
        yield


def both(call: Any) -> tuple[Any, Any]:
    """The call, and the call with spconv's convolution."""

    def plain() -> Any:
        with spconvs_own():
            return call()

    return call, plain


def close(ours: tuple[torch.Tensor, ...], reference: tuple[torch.Tensor, ...], share: float = 5e-3) -> None:
    """Each pair of tensors differs by less than a share of its length."""
    for mine, other in zip(ours, reference, strict=True):
        assert (mine - other).norm() <= share * other.norm() + 1e-6, "another result"


def with_gradients(network: nn.Module, call: Any) -> tuple[torch.Tensor, ...]:
    """The outputs of a call and the gradient of the sum of their mean squares, as one vector."""
    network.zero_grad(set_to_none=True)
    outputs = call()
    sum(output.square().mean() for output in outputs).backward()
    gradient = torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])
    return *(output.detach() for output in outputs), gradient


def extraction_task(rooms: int, _: Path) -> Task:
    torch.manual_seed(0)
    batch = make_batch(list(room_samples(rooms)), preset("small").network)
    network = Model(preset("small").network, SCANNET).extraction.train()

    def run() -> tuple[torch.Tensor, ...]:
        said: Extraction = network(batch.features, batch.indices, len(batch))
        return said.logits, said.offset

    return Task(*both(partial(with_gradients, network, run)), close, len(batch.indices))


def room_proposals(sample: SceneSample, batch: Batch, settings: Settings) -> ProposalVoxels:
    probability, offset = believed(sample)
    pieces = Regions.from_ids(sample.supervoxel)
    found = group_points(
        probability, sample.xyz, sample.xyz + 0.9 * offset, pieces, SCANNET, settings.proposals
    )
    grid = settings.network.recorrection_grid
    voxels = batch.voxel_of_point.numpy()
    return proposal_voxels(found, voxels, batch.position.numpy(), probability, SCANNET, grid)


def recorrection_task(rooms: int, _: Path) -> Task:
    torch.manual_seed(0)
    settings, parts, rows = preset("small"), [], 0
    for sample in room_samples(rooms):
        batch = make_batch([sample], settings.network)
        part = room_proposals(sample, batch, settings)
        parts.append(replace(part, scene_voxel=part.scene_voxel + rows))
        rows += len(batch.indices)
    network = Model(settings.network, SCANNET).recorrection.train()
    network.dropout.p = 0.0  # its draws would go on from call to call
    features, proposals = torch.randn(rows, settings.network.decoder_channels[-1]), concatenate(parts)

    def run() -> tuple[torch.Tensor, ...]:
        said = network(features, proposals)
        return said.certainty, said.logits

    return Task(*both(partial(with_gradients, network, run)), close, len(proposals))


def step_task(rooms: int, folder: Path) -> Task:
    samples = room_samples(rooms)
    batch = make_batch(list(samples), preset("small").network)

    def stepping(name: str) -> Any:
        (folder / name).mkdir()
        trainer = new_trainer(folder / name, batch, samples, preset("small"), CPU)

        def step() -> dict[str, float]:
            torch.manual_seed(0)  # of dropout
            return trainer.train_step(batch, 1e-3)

        return step

    def check(mine: dict[str, float], other: dict[str, float]) -> None:
        for key, value in other.items():
            np.testing.assert_allclose(mine[key], value, rtol=1e-3, err_msg=key)

    return Task(stepping("ours"), both(stepping("plain"))[1], check, len(batch.indices))


def state_task(width: int, folder: Path) -> Task:
    wide = preset("small").network
    channels = {
        key: tuple(width * c for c in getattr(wide, key)) for key in ("encoder_channels", "decoder_channels")
    }
    model = Model(replace(wide, **channels), SCANNET)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer = make_optimizer(model, preset("small").training)
    optimizer.step()
    weights = model.state_dict()
    state = {"step": 1, "finished": False, "average": weights, "model": weights}
    state["optimizer"] = optimizer.state_dict()
    states = StateFolder(folder, {})

    def reference() -> dict[str, Any]:
        torch.save(state, folder / "plain.pt")

    def check(_: Any, __: Any) -> None:
        mine, other = states.load(), load_tensors(folder / "plain.pt")
        assert mine is not None
        assert all(torch.equal(value, other["model"][key]) for key, value in mine["model"].items())

    amount = round(sum(p.numel() for p in model.parameters()) / 1000)
    return Task(lambda: states.save(state), reference, check, amount)


_SPCONV, _LENGTH = "spconv's own CPU convolution", "0.5 % of the length of output and gradient"
CASES = [
    Case(
        "Φ, forward and backward, preset small", "voxels", _SPCONV, _LENGTH,
        (1, 4, 12), extraction_task,
    ),
    Case(
        "Ψ, forward and backward, preset small", "proposals", _SPCONV, _LENGTH,
        (1, 4, 12), recorrection_task,
    ),
    Case(
        "a training step of Φ and Ψ, preset small", "voxels", _SPCONV, "0.1 % of each loss",
        (1, 2, 4), step_task,
    ),
    Case("saving a training's state", "k weights", "`torch.save`", "bit for bit", (1, 2, 4), state_task),
]  # fmt: skip
