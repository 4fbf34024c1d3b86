"""Sparse tensors and convolutions: the only file that knows spconv.

spconv checks little of its input and some mistakes give silently wrong numbers on the CPU, so whatever
enters is checked here, once:
  - convolutions carry no bias (with a bias, k > 1 raises in evaluation on the CPU);
  - indices are int32, contiguous, unique, inside the grid, and batch × grid stays below 2^32;
  - grids are rounded up to a multiple of 2^levels, because a stride of 2 drops odd borders.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata

import numpy as np
import torch
from torch import nn

from twist.errors import TwistError
from twist.network.rulebook import Rulebook, convolve

# importing spconv makes torch.fx warn about an unrelated deprecated name
logging.getLogger("torch.fx._symbolic_trace").setLevel(logging.ERROR)


def _refuse_wrong_wheel() -> None:
    """The CPU-only wheel named `spconv` computes wrong gradients; a CUDA wheel serves CPUs correctly."""
    names = {(dist.metadata["Name"] or "").lower() for dist in metadata.distributions()}
    if "spconv" in names:
        raise TwistError(
            "the wheel `spconv` is installed; it is broken on CPU. Run: pip uninstall spconv && "
            "pip install -r envs/requirements.txt (spconv-cu118 serves CPU and GPU)"
        )
    if not any(name.startswith("spconv-cu") for name in names):
        raise TwistError("no spconv wheel is installed; run: pip install -r envs/requirements.txt")


_refuse_wrong_wheel()

from spconv import constants, core  # noqa: E402  (only after the wheel is known to be right)
from spconv.core import ConvAlgo  # noqa: E402


@contextmanager
def _no_kernels_without_a_gpu() -> Iterator[None]:
    """Inside, spconv has no GPU kernels to list where no GPU is seen.

    While it is imported it describes each of them, twice: seconds that no job on a CPU has any use for.
    """
    lists = "ALL_IMPGEMM_PARAMS", "ALL_NATIVE_PARAMS"
    kept = {name: getattr(core, name) for name in lists}
    if not torch.cuda.is_available():
        vars(core).update({name: [] for name in lists})
    try:
        yield
    finally:
        vars(core).update(kept)


with _no_kernels_without_a_gpu():
    import spconv.pytorch as spconv
    from spconv import algo
    from spconv.pytorch import ops

SparseTensor = spconv.SparseConvTensor

_HASH_LIMIT = 2**32


def sparse_tensor(
    features: torch.Tensor,
    indices: torch.Tensor,
    batch_size: int,
    levels: int,
    *,
    check: bool = True,
    largest_index: tuple[int, int, int] | None = None,
) -> SparseTensor:
    """Voxels as a sparse tensor whose grid survives ``levels`` strides of 2.

    features: (V, C) float; indices: (V, 4) int32 (batch entry, x, y, z), non-negative and unique.
    ``check=False`` skips the costly uniqueness test for indices made by ``geometry.voxels``.
    largest_index: the largest x, y and z where the caller knows them and that no index is negative: to look
    for them on a GPU is to wait for all that it has been given to do.
    Raises TwistError for no voxels, bad indices or a grid too large to hash.
    """
    if len(indices) == 0:
        raise TwistError("a batch without a single voxel cannot be convolved; is a scene empty?")
    if indices.dtype != torch.int32 or indices.ndim != 2 or indices.shape[1] != 4:
        raise TwistError(f"voxel indices must be (V, 4) int32, not {tuple(indices.shape)} {indices.dtype}")
    if len(features) != len(indices):
        raise TwistError(f"{len(features)} features for {len(indices)} voxels")
    multiple = 2**levels
    largest = largest_index or _largest_index(indices, batch_size)
    shape = [multiple * -(-(side + 1) // multiple) for side in largest]
    if batch_size * shape[0] * shape[1] * shape[2] >= _HASH_LIMIT:
        raise TwistError(
            f"a batch of {batch_size} grids of {shape} voxels is too large to hash; raise voxel_size_m, "
            "lower scenes per step, or crop (augmentation.voxels_max)"
        )
    if check and len(torch.unique(indices, dim=0)) < len(indices):
        raise TwistError("voxel indices repeat; voxelise the points first")
    return SparseTensor(features, indices.contiguous(), shape, batch_size)


def _largest_index(indices: torch.Tensor, batch_size: int) -> list[int]:
    lowest, highest = torch.stack([indices.amin(0), indices.amax(0)]).tolist()
    if min(lowest) < 0 or highest[0] >= batch_size:
        raise TwistError(
            f"voxel indices must lie in 0..; found {lowest} to {highest} in a batch of {batch_size}"
        )
    return highest[1:]


def _algorithm(device: torch.device) -> ConvAlgo | None:
    """The CPU has the native algorithm only; on a GPU spconv chooses. Weights fit both.

    On a GPU float32 products are TF32's, as torch's are (``devices.open_device``).
    """
    constants.SPCONV_ALLOW_TF32 = constants.SPCONV_ALLOW_TF32 or device.type == "cuda"
    return ConvAlgo.Native if device.type == "cpu" else None


@contextmanager
def exact_products() -> Iterator[None]:
    """Inside, convolutions in float32 on a GPU are of float32, not of TF32, as a check against the CPU needs.

    With a chooser of kernels of its own: spconv's keeps the kernel that it has once chosen for a layer's
    shape, whatever is allowed later.
    """
    before = constants.SPCONV_ALLOW_TF32, ops.CONV_CPP
    constants.SPCONV_ALLOW_TF32, ops.CONV_CPP = False, _exact_kernels()
    try:
        yield
    finally:
        constants.SPCONV_ALLOW_TF32, ops.CONV_CPP = before


@functools.cache  # it takes seconds
def _exact_kernels() -> algo.ConvTunerSimple:
    parameters = map(algo.algocore.get_conv_algo_desp_from_param, algo.ALL_IMPGEMM_PARAMS)
    return algo.ConvTunerSimple(list(parameters))


@dataclass(frozen=True)
class _CpuRules:
    """What the layers of one key share on the CPU: the pairs, and the voxels and grid on either side."""

    pairs: Rulebook
    fine: torch.Tensor
    coarse: torch.Tensor
    fine_shape: list[int]
    coarse_shape: list[int]


def _cpu_rules(layer: spconv.SparseConvolution, x: SparseTensor) -> _CpuRules:
    """The rules of the layer's key, made by its first layer and kept with the sparse tensor."""
    if layer.indice_key not in x.indice_dict:
        coarse, pairs, counts = ops.get_indice_pairs(
            x.indices, x.batch_size, x.spatial_shape, ConvAlgo.Native, layer.kernel_size, layer.stride,
            layer.padding, layer.dilation, layer.output_padding, layer.subm, layer.transposed,
        )  # fmt: skip
        sizes = counts.tolist()
        sources, targets = ([rows[:n] for rows, n in zip(side, sizes, strict=True)] for side in pairs.numpy())
        shape = x.spatial_shape
        if layer.subm:  # spconv lists half of the offsets: the rest mirrors it, around each voxel itself
            half = len(sizes) // 2
            itself = [np.arange(len(x.indices), dtype=np.int32)]
            before, after = sources[:half], targets[:half]
            sources, targets = before + itself + after[::-1], after + itself + before[::-1]
        else:
            shape = ops.get_conv_output_size(
                shape, layer.kernel_size, layer.stride, layer.padding, layer.dilation
            )
        x.indice_dict[layer.indice_key] = _CpuRules(
            Rulebook.of_offsets(sources, targets), x.indices, coarse, x.spatial_shape, shape
        )
    return x.indice_dict[layer.indice_key]


class _Submanifold(spconv.SubMConv3d):
    def forward(self, x: SparseTensor) -> SparseTensor:
        if x.features.is_cuda:
            return super().forward(x)
        rules = _cpu_rules(self, x)
        return x.replace_feature(convolve(x.features, self.weight, rules.pairs, len(x.indices)))


class _Downward(spconv.SparseConv3d):
    def forward(self, x: SparseTensor) -> SparseTensor:
        if x.features.is_cuda:
            return super().forward(x)
        rules = _cpu_rules(self, x)
        features = convolve(x.features, self.weight, rules.pairs, len(rules.coarse))
        return SparseTensor(
            features, rules.coarse, rules.coarse_shape, x.batch_size, indice_dict=x.indice_dict
        )


class _Upward(spconv.SparseInverseConv3d):
    def forward(self, x: SparseTensor) -> SparseTensor:
        if x.features.is_cuda:
            return super().forward(x)
        rules = x.indice_dict[self.indice_key]
        features = convolve(x.features, self.weight, rules.pairs.reversed(), len(rules.fine))
        return SparseTensor(features, rules.fine, rules.fine_shape, x.batch_size, indice_dict=x.indice_dict)


def submanifold(channels_in: int, channels_out: int, key: str, device: torch.device) -> nn.Module:
    """3³ convolution on the voxels that exist; layers of one ``key`` share their rulebook."""
    return _Submanifold(channels_in, channels_out, 3, bias=False, indice_key=key, algo=_algorithm(device))


def downward(channels_in: int, channels_out: int, key: str, device: torch.device) -> nn.Module:
    """2³ convolution with stride 2."""
    return _Downward(channels_in, channels_out, 2, 2, bias=False, indice_key=key, algo=_algorithm(device))


def upward(channels_in: int, channels_out: int, key: str, device: torch.device) -> nn.Module:
    """Deconvolution back onto the voxels that ``downward`` of the same ``key`` came from."""
    return _Upward(channels_in, channels_out, 2, bias=False, indice_key=key, algo=_algorithm(device))
