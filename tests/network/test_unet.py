"""The Sparse U-Net: shapes, order, independence of scenes, degenerate input."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.synthetic import tiny_settings
from twist.network.sparse import sparse_tensor
from twist.network.unet import SparseUNet

CPU = torch.device("cpu")


def unet(**changes: object) -> SparseUNet:
    torch.manual_seed(0)
    settings = tiny_settings(network=changes).network
    return SparseUNet(3, settings, CPU).double()


def cloud(seed: int, side: int = 9, share: float = 0.3) -> tuple[torch.Tensor, torch.Tensor]:
    """(V, 3) coordinates int32 and (V, 3) features float64 of one scene."""
    rng = np.random.default_rng(seed)
    cells = rng.permutation(np.argwhere(rng.random((side, side, side)) < share)).astype(np.int32)
    return torch.from_numpy(cells), torch.from_numpy(rng.normal(size=(len(cells), 3)))


def run(model: SparseUNet, scenes: list[tuple[torch.Tensor, torch.Tensor]]) -> list[torch.Tensor]:
    """Features of each scene's voxels, from one batch of all of them."""
    owner = torch.cat([torch.full((len(cells), 1), b) for b, (cells, _) in enumerate(scenes)]).int()
    indices = torch.cat([owner, torch.cat([cells for cells, _ in scenes])], dim=1)
    x = sparse_tensor(torch.cat([features for _, features in scenes]), indices, len(scenes), model.levels)
    return list(torch.split(model(x), [len(cells) for cells, _ in scenes]))


def test_scenes_of_a_batch_do_not_influence_each_other_in_evaluation() -> None:
    model = unet().eval()
    scenes = [cloud(0), cloud(1, side=6), cloud(2, side=13)]
    together = run(model, scenes)
    for alone, features in zip(scenes, together, strict=True):
        torch.testing.assert_close(run(model, [alone])[0], features, rtol=1e-10, atol=1e-12)


def test_output_has_the_order_of_the_input_voxels() -> None:
    model = unet().eval()
    cells, features = cloud(0)
    order = torch.randperm(len(cells), generator=torch.Generator().manual_seed(1))
    (expected,) = run(model, [(cells, features)])
    (shuffled,) = run(model, [(cells[order], features[order])])
    torch.testing.assert_close(shuffled, expected[order], rtol=1e-10, atol=1e-12)


def test_a_shift_by_whole_coarse_voxels_changes_nothing() -> None:
    """Every level's grid keeps its phase, so nothing but the padding moves; another shift does change it."""
    model = unet().eval()
    cells, features = cloud(0)
    (expected,) = run(model, [(cells, features)])
    (moved,) = run(model, [(cells + 2**model.levels, features)])
    torch.testing.assert_close(moved, expected, rtol=1e-10, atol=1e-12)
    (odd,) = run(model, [(cells + 1, features)])
    assert not torch.allclose(odd, expected)


def test_every_weight_learns() -> None:
    model = unet(encoder_channels=[6, 8, 10], encoder_blocks=[1, 2, 1], decoder_channels=[8, 6, 5],
                 decoder_blocks=[2, 1, 1], stem_blocks=1)  # fmt: skip
    (features,) = run(model, [cloud(3)])
    assert features.shape == (len(cloud(3)[0]), 5)
    assert model.channels_out == 5
    (features**2).sum().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name
        assert weight.grad.abs().max() > 0, name


def test_skips_carry_detail_past_the_coarse_levels() -> None:
    """With silent deconvolutions, what differs between voxels comes by the skips, from nearby voxels only."""
    model = unet().eval()
    for block in model.up:
        torch.nn.init.zeros_(block.convolution.weight)
    cells, features = cloud(0)
    (before,) = run(model, [(cells, features)])
    assert before.std(dim=0).max() > 0
    changed = features.clone()
    changed[0] += 1
    (after,) = run(model, [(cells, changed)])
    moved = (after - before).abs().sum(dim=1) > 1e-12
    away = (cells - cells[0]).abs().amax(dim=1)
    assert moved[away <= 1].any()
    assert not moved[away > 3].any()  # stem and one block at full resolution: three convolutions


@pytest.mark.parametrize("corner", [0, 7])
def test_one_voxel_in_all_trains(corner: int) -> None:
    model = unet().train()
    (features,) = run(model, [(torch.full((1, 3), corner).int(), torch.randn((1, 3), dtype=torch.float64))])
    features.sum().backward()
    assert torch.isfinite(features).all()
    assert all(torch.isfinite(weight.grad).all() for weight in model.parameters())


def test_one_voxel_at_the_deepest_level_trains() -> None:
    """A scene of 2 × 2 × 2 voxels has one left after a stride, where BatchNorm finds no variance."""
    model = unet().train()
    cells = torch.from_numpy(np.argwhere(np.ones((2, 2, 2)))).int()
    (features,) = run(model, [(cells, torch.randn((8, 3), dtype=torch.float64))])
    features.sum().backward()
    assert torch.isfinite(features).all()
    assert all(torch.isfinite(weight.grad).all() for weight in model.parameters())
