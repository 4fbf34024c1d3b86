"""What networks are built of: BatchNorm over voxels, and blocks of sparse convolutions."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from twist.network.sparse import SparseTensor, submanifold


class BatchNorm(nn.BatchNorm1d):
    """BatchNorm over voxels, (V, C), that also takes a single voxel in training.

    total: sums over the processes of a training; where it is set, statistics are over the voxels of all
    """

    total: Callable[[torch.Tensor], torch.Tensor] | None = None

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if self.training and self.total is not None:
            return self._over_all_processes(features)
        if self.training and len(features) < 2:
            return nn.functional.batch_norm(
                features, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        return super().forward(features)

    def _over_all_processes(self, features: torch.Tensor) -> torch.Tensor:
        """One exchange a layer: sums of values and squares about the running mean, which keeps them exact."""
        shifted = features.float() - self.running_mean
        count = shifted.new_full((1,), len(features))
        sums = self.total(torch.cat([shifted.sum(0), (shifted * shifted).sum(0), count]))
        count = sums[-1].detach()
        mean, square = (sums[:-1] / count).chunk(2)
        variance = (square - mean * mean).clamp(min=0)
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.add_(mean, alpha=self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return torch.addcmul(self.bias - mean * scale, shifted, scale).to(features.dtype)


def synchronise(network: nn.Module, total: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Let every BatchNorm of a network speak for the voxels of all processes; each must have some."""
    for module in network.modules():
        if isinstance(module, BatchNorm):
            module.total = total


class ConvBlock(nn.Module):
    """Convolution, BatchNorm, ReLU."""

    def __init__(self, convolution: nn.Module, channels: int) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = BatchNorm(channels)

    def forward(self, x: SparseTensor) -> SparseTensor:
        x = self.convolution(x)
        return x.replace_feature(torch.relu(self.norm(x.features)))


class ResBlock(nn.Module):
    """Sparse ResBlock: two 3³ convolutions, each with BN and ReLU, beside an identity or 1³ path.

    Source: supplementary, figure 6 (c): every convolution is followed by BN and ReLU.
    """

    def __init__(self, channels_in: int, channels_out: int, key: str, device: torch.device) -> None:
        super().__init__()
        self.first = ConvBlock(submanifold(channels_in, channels_out, key, device), channels_out)
        self.second = submanifold(channels_out, channels_out, key, device)
        self.norm = BatchNorm(channels_out)
        same = channels_in == channels_out
        self.shortcut = nn.Identity() if same else nn.Linear(channels_in, channels_out, bias=False)
        self.shortcut_norm = nn.Identity() if same else BatchNorm(channels_out)

    def forward(self, x: SparseTensor) -> SparseTensor:
        shortcut = self.shortcut_norm(self.shortcut(x.features))
        y = self.second(self.first(x))
        return y.replace_feature(torch.relu(self.norm(y.features) + shortcut))
