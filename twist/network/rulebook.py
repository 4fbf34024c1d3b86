"""Sparse convolution on the CPU: gather the rows of a rulebook's pairs, multiply, scatter, block by block.

spconv's own CPU path does the same with scalar loops, a call into Python for each offset of the kernel, and
buffers that outgrow the caches; a training step of the small networks spent most of its time there
(docs/performance.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from torch.autograd.function import once_differentiable

#: Pairs gathered at a time: their rows, 16 to 128 channels wide, stay in the second-level cache.
_BLOCK = 256


@dataclass(frozen=True)
class Rulebook:
    """The P pairs (input row, output row) of a convolution, sorted by the K offsets of its kernel.

    source, target: (P,) int32 rows of the input and the output; no output row repeats within an offset
    starts: (K + 1,) int64; offset k has the pairs starts[k]:starts[k + 1]
    """

    source: np.ndarray
    target: np.ndarray
    starts: np.ndarray

    @classmethod
    def of_offsets(cls, sources: list[np.ndarray], targets: list[np.ndarray]) -> Rulebook:
        """From the source rows and the target rows of each offset."""
        starts = np.cumsum([0] + [len(rows) for rows in sources])
        return cls(np.concatenate(sources), np.concatenate(targets), starts)

    def reversed(self) -> Rulebook:
        """The rulebook of the transposed convolution, from the outputs back to the inputs."""
        return Rulebook(self.target, self.source, self.starts)


def convolve(features: torch.Tensor, weight: torch.Tensor, rulebook: Rulebook, rows: int) -> torch.Tensor:
    """Sum of ``features[source] @ weight[offset]`` over the pairs of each of ``rows`` output rows.

    features: (V, C_in) float on the CPU; weight: (C_out, *kernel, C_in), spconv's layout. Returns
    (rows, C_out), 0 where no pair leads to. Differentiable, once, in features and weight.
    """
    return _Convolution.apply(features, weight, rulebook, rows)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        features: torch.Tensor,
        weight: torch.Tensor,
        rulebook: Rulebook,
        rows: int,
    ) -> torch.Tensor:
        features = features.contiguous()
        ctx.save_for_backward(features, weight)
        ctx.rulebook = rulebook
        return _apply(features, weight.flatten(1, -2).permute(1, 2, 0), rulebook, rows)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: torch.autograd.function.FunctionCtx, gradient: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, None, None]:
        features, weight = ctx.saved_tensors
        rulebook, gradient = ctx.rulebook, gradient.contiguous()
        of_features = of_weight = None
        if ctx.needs_input_grad[0]:
            transposed = weight.flatten(1, -2).transpose(0, 1)
            of_features = _apply(gradient, transposed, rulebook.reversed(), len(features))
        if ctx.needs_input_grad[1]:
            kernel = _weight_gradient(
                features.detach().numpy(), gradient.numpy(), rulebook.source, rulebook.target, rulebook.starts
            )
            of_weight = torch.from_numpy(kernel).permute(2, 0, 1).reshape(weight.shape)
        return of_features, of_weight, None, None


def _apply(features: torch.Tensor, kernel: torch.Tensor, rulebook: Rulebook, rows: int) -> torch.Tensor:
    """kernel: (K, C_in, C_out), of any strides."""
    kernel = kernel.detach().contiguous().numpy()
    arrays = (rulebook.source, rulebook.target, rulebook.starts)
    return torch.from_numpy(_multiply(features.detach().numpy(), kernel, *arrays, rows))


@njit(cache=True, inline="always")
def _gather(values: np.ndarray, rows: np.ndarray, block: np.ndarray) -> None:
    for i in range(len(rows)):
        row = rows[i]
        for c in range(values.shape[1]):
            block[i, c] = values[row, c]


@njit(cache=True, inline="always")
def _scatter_add(values: np.ndarray, rows: np.ndarray, block: np.ndarray) -> None:
    for i in range(len(rows)):
        row = rows[i]
        for c in range(values.shape[1]):
            values[row, c] += block[i, c]


@njit(cache=True)
def _multiply(
    features: np.ndarray,
    kernel: np.ndarray,
    source: np.ndarray,
    target: np.ndarray,
    starts: np.ndarray,
    rows: int,
) -> np.ndarray:
    """(rows, C_out) of features (V, C_in) and kernel (K, C_in, C_out)."""
    offsets, channels_in, channels_out = kernel.shape
    result = np.zeros((rows, channels_out), features.dtype)
    gathered = np.empty((_BLOCK, channels_in), features.dtype)
    product = np.empty((_BLOCK, channels_out), features.dtype)
    for k in range(offsets):
        for start in range(starts[k], starts[k + 1], _BLOCK):
            stop = min(start + _BLOCK, starts[k + 1])
            _gather(features, source[start:stop], gathered)
            np.dot(gathered[: stop - start], kernel[k], product[: stop - start])
            _scatter_add(result, target[start:stop], product)
    return result


@njit(cache=True)
def _weight_gradient(
    features: np.ndarray, gradient: np.ndarray, source: np.ndarray, target: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """(K, C_in, C_out): each offset's sum of the outer products of its pairs' rows."""
    offsets, channels_in, channels_out = len(starts) - 1, features.shape[1], gradient.shape[1]
    result = np.zeros((offsets, channels_in, channels_out), features.dtype)
    gathered = np.empty((_BLOCK, channels_in), features.dtype)
    arrived = np.empty((_BLOCK, channels_out), features.dtype)
    product = np.empty((channels_in, channels_out), features.dtype)
    for k in range(offsets):
        for start in range(starts[k], starts[k + 1], _BLOCK):
            stop = min(start + _BLOCK, starts[k + 1])
            _gather(features, source[start:stop], gathered)
            _gather(gradient, target[start:stop], arrived)
            np.dot(gathered[: stop - start].T, arrived[: stop - start], product)
            result[k] += product
    return result
