"""The CPU's sparse convolution against its definition, one pair at a time, and against spconv's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twist.network import sparse
from twist.network.rulebook import _BLOCK, Rulebook, convolve


def random_rulebook(rng: np.random.Generator, sizes: list[int], inputs: int, rows: int) -> Rulebook:
    """Pairs of each offset, of ``sizes``, whose output rows do not repeat within the offset."""
    sources = [rng.integers(0, inputs, size).astype(np.int32) for size in sizes]
    targets = [rng.permutation(rows)[:size].astype(np.int32) for size in sizes]
    return Rulebook.of_offsets(sources, targets)


def pair_by_pair(features: torch.Tensor, weight: torch.Tensor, rulebook: Rulebook, rows: int) -> torch.Tensor:
    """The definition, on plain differentiable operations; weight: (C_out, K, C_in)."""
    result = [torch.zeros(weight.shape[0], dtype=features.dtype) for _ in range(rows)]
    for k in range(weight.shape[1]):
        for pair in range(rulebook.starts[k], rulebook.starts[k + 1]):
            target = rulebook.target[pair]
            result[target] = result[target] + weight[:, k] @ features[rulebook.source[pair]]
    return torch.stack(result)


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    channels=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_values_and_gradients_are_those_of_the_definition(
    seed: int, sizes: list[int], channels: tuple[int, int]
) -> None:
    rng = np.random.default_rng(seed)
    rulebook = random_rulebook(rng, sizes, inputs=5, rows=6)
    features = torch.from_numpy(rng.normal(size=(5, channels[0]))).requires_grad_()
    weight = torch.from_numpy(rng.normal(size=(channels[1], len(sizes), channels[0]))).requires_grad_()
    weighting = torch.from_numpy(rng.normal(size=(6, channels[1])))
    ours, expected = (f(features, weight, rulebook, 6) for f in (convolve, pair_by_pair))
    torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-12)
    found, wanted = (  # the sums times 0 make both depend on both inputs where there is no pair
        torch.autograd.grad((y * weighting).sum() + (features.sum() + weight.sum()) * 0, [features, weight])
        for y in (ours, expected)
    )
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [_BLOCK - 1, _BLOCK, _BLOCK + 1, 2 * _BLOCK + 7])
def test_blocks_meet_without_gap_or_repetition(size: int) -> None:
    """Scaling each input row by 2 and each output row by its number tells which pairs were taken."""
    rows = np.arange(size, dtype=np.int32)
    rulebook = Rulebook.of_offsets([rows], [rows[::-1].copy()])
    features = torch.arange(size, dtype=torch.float64).unsqueeze(1).requires_grad_()
    weight = torch.full((1, 1, 1), 2.0, dtype=torch.float64, requires_grad=True)
    result = convolve(features, weight, rulebook, size)
    assert torch.equal(result.detach(), 2 * features.detach().flip(0))
    (result * torch.arange(size).unsqueeze(1)).sum().backward()
    assert torch.equal(features.grad, 2 * torch.arange(size, dtype=torch.float64).flip(0).unsqueeze(1))
    assert weight.grad.item() == sum(k * (size - 1 - k) for k in range(size))


def test_gradients_of_views_and_of_weights_alone() -> None:
    """Summing gives a gradient of stride 0; the first layer's features want none."""
    rulebook = random_rulebook(np.random.default_rng(0), [4, 3], inputs=5, rows=6)
    features = torch.randn((3, 5), dtype=torch.float64).T
    weight = torch.randn((2, 2, 3), dtype=torch.float64, requires_grad=True)
    convolve(features, weight, rulebook, 6).sum().backward()
    found, weight.grad = weight.grad, None
    pair_by_pair(features, weight, rulebook, 6).sum().backward()
    torch.testing.assert_close(found, weight.grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("channels", [(16, 16), (15, 32), (48, 20)])
def test_layers_agree_with_spconv_on_the_cpu(channels: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    active = rng.random((2, 16, 16, 16)) < 0.3
    indices = torch.from_numpy(np.argwhere(active).astype(np.int32))
    values = torch.from_numpy(rng.normal(size=(len(indices), channels[0])).astype(np.float32))
    cpu = torch.device("cpu")
    down = sparse.downward(*channels, "stride", cpu)
    up = sparse.upward(channels[1], channels[0], "stride", cpu)
    same = sparse.submanifold(channels[0], channels[1], "level", cpu)

    def results(forward: dict[type, object]) -> list[torch.Tensor]:
        features = values.clone().requires_grad_()
        x = sparse.sparse_tensor(features, indices, 2, 1)
        y = forward[type(up)](up, forward[type(down)](down, x))
        y = forward[type(same)](same, y)
        return [y.features, *torch.autograd.grad(y.features.square().sum(), [features, *weights])]

    weights = [layer.weight for layer in (down, up, same)]
    layers = [type(layer) for layer in (down, up, same)]
    ours = results({layer: layer.forward for layer in layers})
    theirs = results({layer: layer.__mro__[1].forward for layer in layers})
    for mine, other in zip(ours, theirs, strict=True):
        largest = float(other.detach().abs().max())
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5 * largest)
