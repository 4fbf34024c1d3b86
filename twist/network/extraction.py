"""Φ, the 3D feature extraction network: Sparse U-Net with a semantic and an offset head."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from twist.network.blocks import BatchNorm
from twist.network.sparse import sparse_tensor
from twist.network.unet import SparseUNet
from twist.settings import NetworkSettings


@dataclass(frozen=True)
class Extraction:
    """What Φ says of V voxels.

    features: (V, C) of the backbone; logits: (V, classes); offset: (V, 3) metres, from the mean position of
    the voxel's points to the centre of the instance it lies on. All float32; float16 in mixed precision.
    """

    features: torch.Tensor
    logits: torch.Tensor
    offset: torch.Tensor


class FeatureExtraction(nn.Module):
    """Φ(x; θ) of the paper: per-voxel features, class logits and offsets to the instance's centre."""

    def __init__(
        self, channels_in: int, classes: int, settings: NetworkSettings, device: torch.device
    ) -> None:
        super().__init__()
        self.backbone = SparseUNet(channels_in, settings, device)
        self.semantic = _head(self.backbone.channels_out, classes)
        self.offset = _head(self.backbone.channels_out, 3)

    def forward(
        self,
        features: torch.Tensor,
        indices: torch.Tensor,
        batch_size: int,
        largest_index: tuple[int, int, int] | None = None,
    ) -> Extraction:
        """features: (V, channels_in) float32; indices: (V, 4) int32, unique; see ``sparse_tensor``."""
        levels = self.backbone.levels
        x = sparse_tensor(features, indices, batch_size, levels, check=False, largest_index=largest_index)
        voxel_features = self.backbone(x)
        return Extraction(voxel_features, self.semantic(voxel_features), self.offset(voxel_features))


def _head(channels: int, outputs: int) -> nn.Sequential:
    """PointGroup's head: one hidden layer of the same width."""
    return nn.Sequential(
        nn.Linear(channels, channels, bias=False),
        BatchNorm(channels),
        nn.ReLU(),
        nn.Linear(channels, outputs),
    )
