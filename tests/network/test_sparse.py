"""spconv's layers against dense convolution in float64, and the checks of what enters them."""

from __future__ import annotations

from importlib import metadata
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from spconv import core
from torch.nn import functional

from twist.errors import TwistError
from twist.network import sparse
from twist.network.blocks import BatchNorm, ResBlock
from twist.network.sparse import downward, sparse_tensor, submanifold, upward

CPU = torch.device("cpu")
BATCH = 2
SIDES = (5, 6, 7)  # odd and even borders


def voxels(seed: int, channels: int, share: float = 0.3) -> tuple[torch.Tensor, torch.Tensor]:
    """Random features (V, channels) float64 and indices (V, 4) int32 in random order, the far corner among
    them."""
    rng = np.random.default_rng(seed)
    active = rng.random((BATCH, *SIDES)) < share
    active[:, -1, -1, -1] = True
    indices = rng.permutation(np.argwhere(active)).astype(np.int32)
    features = torch.from_numpy(rng.normal(size=(len(indices), channels))).requires_grad_()
    return features, torch.from_numpy(indices)


def dense_of(features: torch.Tensor, indices: torch.Tensor, sides: tuple[int, ...]) -> torch.Tensor:
    """(B, C, *sides) with zeros where there is no voxel."""
    grid = features.new_zeros((BATCH, *sides, features.shape[1]))
    return grid.index_put(tuple(indices.long().T), features).permute(0, 4, 1, 2, 3)


def at(grid: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """(V, C) of a dense (B, C, x, y, z) at the voxels."""
    return grid.permute(0, 2, 3, 4, 1)[tuple(indices.long().T)]


def dense_kernel(layer: torch.nn.Module) -> torch.Tensor:
    """spconv keeps (out, x, y, z, in), torch (out, in, x, y, z)."""
    return layer.weight.permute(0, 4, 1, 2, 3)


def assert_same_with_gradients(
    ours: torch.Tensor, expected: torch.Tensor, inputs: list[torch.Tensor]
) -> None:
    """Equal values, and equal gradients of a random weighting of them."""
    torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-12)
    weighting = torch.randn(ours.shape, dtype=ours.dtype, generator=torch.Generator().manual_seed(0))
    found = torch.autograd.grad((ours * weighting).sum(), inputs, retain_graph=True)
    reference = torch.autograd.grad((expected * weighting).sum(), inputs, retain_graph=True)
    for gradient, wanted in zip(found, reference, strict=True):
        assert wanted.abs().max() > 0
        torch.testing.assert_close(gradient, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_submanifold_is_dense_convolution_at_the_voxels(seed: int) -> None:
    features, indices = voxels(seed, 3)
    layer = submanifold(3, 4, "a", CPU).double()
    y = layer(sparse_tensor(features, indices, BATCH, 0))
    assert torch.equal(y.indices, indices)
    expected = functional.conv3d(dense_of(features, indices, SIDES), dense_kernel(layer), padding=1)
    assert_same_with_gradients(y.features, at(expected, indices), [features, layer.weight])


@pytest.mark.parametrize("seed", range(3))
def test_downward_and_upward_are_dense_convolutions_with_stride_and_keep_odd_borders(seed: int) -> None:
    features, indices = voxels(seed, 3)
    down, up = downward(3, 4, "a", CPU).double(), upward(4, 2, "a", CPU).double()
    coarse = down(sparse_tensor(features, indices, BATCH, 1))
    parents = torch.unique(torch.cat([indices[:, :1], indices[:, 1:] // 2], dim=1), dim=0)
    assert torch.equal(torch.unique(coarse.indices, dim=0), parents)
    assert len(coarse.indices) == len(parents)

    even = tuple(side + side % 2 for side in SIDES)
    below = functional.conv3d(dense_of(features, indices, even), dense_kernel(down), stride=2)
    assert_same_with_gradients(coarse.features, at(below, coarse.indices), [features, down.weight])

    fine = up(coarse)
    assert torch.equal(fine.indices, indices)
    kernel = up.weight.permute(4, 0, 1, 2, 3)  # a transposed convolution's: (in, out, x, y, z)
    above = functional.conv_transpose3d(below, kernel, stride=2)
    assert_same_with_gradients(fine.features, at(above, indices), [features, down.weight, up.weight])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("channels_out", [3, 5])
def test_res_block_is_its_formula_on_dense_convolutions(channels_out: int, training: bool) -> None:
    features, indices = voxels(0, 3)
    block = ResBlock(3, channels_out, "a", CPU).double().train(training)
    with torch.no_grad():
        for name, buffer in block.named_buffers():
            if "running_mean" in name:
                buffer.uniform_(-0.1, 0.1)
            elif "running_var" in name:
                buffer.uniform_(0.5, 2)

    def norm(x: torch.Tensor, layer: torch.nn.Module) -> torch.Tensor:
        mean, variance = (
            (x.mean(0), x.var(0, unbiased=False)) if training else (layer.running_mean, layer.running_var)
        )
        return (x - mean) / torch.sqrt(variance + layer.eps) * layer.weight + layer.bias

    def convolved(x: torch.Tensor, layer: torch.nn.Module) -> torch.Tensor:
        return at(functional.conv3d(dense_of(x, indices, SIDES), dense_kernel(layer), padding=1), indices)

    inner = torch.relu(norm(convolved(features, block.first.convolution), block.first.norm))
    shortcut = features
    if channels_out != 3:
        shortcut = norm(features @ block.shortcut.weight.T, block.shortcut_norm)
    expected = torch.relu(norm(convolved(inner, block.second), block.norm) + shortcut)
    ours = block(sparse_tensor(features, indices, BATCH, 0)).features
    assert_same_with_gradients(ours, expected, [features, *block.parameters()])


def test_batch_norm_takes_one_voxel_in_training_and_keeps_its_statistics() -> None:
    layer = BatchNorm(2).train()
    layer.running_mean.copy_(torch.tensor([1.0, 2.0]))
    x = torch.tensor([[3.0, 2.0]], requires_grad=True)
    y = layer(x)
    torch.testing.assert_close(y, torch.tensor([[2.0, 0.0]]), rtol=1e-4, atol=1e-4)
    y.sum().backward()
    assert torch.isfinite(x.grad).all()
    assert layer.running_mean.tolist() == [1.0, 2.0]
    two = torch.randn(2, 2)
    torch.testing.assert_close(layer(two), torch.nn.BatchNorm1d(2)(two))


def test_indices_need_not_be_contiguous_nor_sorted() -> None:
    features, indices = voxels(1, 3)
    layer = submanifold(3, 4, "a", CPU).double()
    expected = layer(sparse_tensor(features, indices, BATCH, 0)).features
    strided = indices.T.contiguous().T
    assert not strided.is_contiguous()
    torch.testing.assert_close(layer(sparse_tensor(features, strided, BATCH, 0)).features, expected)
    order = torch.randperm(len(indices), generator=torch.Generator().manual_seed(0))
    shuffled = layer(sparse_tensor(features[order], indices[order], BATCH, 0)).features
    torch.testing.assert_close(shuffled, expected[order], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("indices", "said"),
    [
        (torch.zeros((0, 4), dtype=torch.int32), "without a single voxel"),
        (torch.zeros((1, 4), dtype=torch.int64), "int32"),
        (torch.zeros((1, 3), dtype=torch.int32), r"\(1, 3\)"),
        (torch.tensor([[0, 0, -1, 0]], dtype=torch.int32), "-1"),
        (torch.tensor([[-1, 0, 0, 0]], dtype=torch.int32), "-1"),
        (torch.tensor([[2, 0, 0, 0]], dtype=torch.int32), "batch of 2"),
        (torch.tensor([[0, 1, 2, 3], [0, 0, 0, 0], [0, 1, 2, 3]], dtype=torch.int32), "repeat"),
        (torch.tensor([[0, 2047, 1023, 1023]], dtype=torch.int32), "voxel_size_m"),
    ],
)
def test_what_spconv_would_get_wrong_is_refused(indices: torch.Tensor, said: str) -> None:
    with pytest.raises(TwistError, match=said):
        sparse_tensor(torch.zeros((len(indices), 1)), indices, BATCH, 0)


def test_features_must_fit_the_voxels() -> None:
    with pytest.raises(TwistError, match="2 features for 1 voxels"):
        sparse_tensor(torch.zeros((2, 1)), torch.zeros((1, 4), dtype=torch.int32), 1, 0)


def test_the_largest_grid_that_can_be_hashed_is_taken() -> None:
    """2^32 - 2^22 cells: one layer of 2048 × 2048 below the limit."""
    corners = torch.tensor([[0, 0, 0, 0], [0, 1022, 2047, 2047]], dtype=torch.int32)
    x = sparse_tensor(torch.ones((2, 1)), corners, 1, 0)
    layer = submanifold(1, 1, "a", CPU)
    torch.testing.assert_close(layer(x).features, layer.weight[:, 1, 1, 1].expand(2, 1))


def test_grids_are_rounded_up_for_all_strides() -> None:
    corner = torch.tensor([[0, 0, 8, 15]], dtype=torch.int32)
    assert sparse_tensor(torch.zeros((1, 1)), corner, 1, 3).spatial_shape == [8, 16, 16]


@pytest.mark.parametrize(
    ("installed", "said"), [(["spconv", "spconv-cu118"], "broken on CPU"), (["numpy"], "no spconv wheel")]
)
def test_a_wheel_that_computes_wrongly_is_refused(
    installed: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = [SimpleNamespace(metadata={"Name": name}) for name in installed]
    monkeypatch.setattr(metadata, "distributions", lambda: wheels)
    with pytest.raises(TwistError, match=said):
        sparse._refuse_wrong_wheel()


def test_the_list_of_gpu_kernels_is_whole_after_the_import_and_used_where_there_is_a_gpu() -> None:
    listed = len(core.ALL_IMPGEMM_PARAMS)
    assert listed > 0
    assert len(sparse.algo.CONV.all_desps) == (listed if torch.cuda.is_available() else 0)
