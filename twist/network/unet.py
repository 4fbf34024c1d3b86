"""The Sparse U-Net: an encoder of strided stages, a decoder with concatenated skips."""

from __future__ import annotations

import itertools

import torch
from torch import nn

from twist.network.blocks import ConvBlock, ResBlock
from twist.network.sparse import SparseTensor, downward, submanifold, upward
from twist.settings import NetworkSettings


class SparseUNet(nn.Module):
    """Voxel features in, voxel features out, on the same voxels.

    Source: supplementary, section A (Sparse U-Net of stacked Sparse (De)Conv ResBlocks). Its layer counts
    are not published with the text; preset ``paper`` takes the 34-layer Res16UNet shape that PointContrast
    and CSC use, preset ``small`` PointGroup's shape (our choice).
    """

    def __init__(self, channels_in: int, settings: NetworkSettings, device: torch.device) -> None:
        super().__init__()
        self.levels = len(settings.encoder_channels)
        stem, skips = settings.stem_channels, [settings.stem_channels]
        self.stem = ConvBlock(submanifold(channels_in, stem, "level0", device), stem)
        self.stem_blocks = _stage(stem, stem, settings.stem_blocks, 0, device)
        self.down, self.encoder = nn.ModuleList(), nn.ModuleList()
        stages = zip(settings.encoder_channels, settings.encoder_blocks, strict=True)
        for level, (channels, blocks) in enumerate(stages, start=1):
            self.down.append(ConvBlock(downward(skips[-1], skips[-1], f"stride{level}", device), skips[-1]))
            self.encoder.append(_stage(skips[-1], channels, blocks, level, device))
            skips.append(channels)
        self.up, self.decoder = nn.ModuleList(), nn.ModuleList()
        below = skips.pop()
        stages = zip(settings.decoder_channels, settings.decoder_blocks, strict=True)
        for level, (channels, blocks) in zip(reversed(range(self.levels)), stages, strict=True):
            self.up.append(ConvBlock(upward(below, channels, f"stride{level + 1}", device), channels))
            self.decoder.append(_stage(channels + skips.pop(), channels, blocks, level, device))
            below = channels
        self.channels_out = below

    def forward(self, x: SparseTensor) -> torch.Tensor:
        """(V, channels_out) features of x's voxels, in their order."""
        x = self.stem_blocks(self.stem(x))
        skips = [x]
        for down, stage in zip(self.down, self.encoder, strict=True):
            x = stage(down(x))
            skips.append(x)
        x = skips.pop()
        for up, stage in zip(self.up, self.decoder, strict=True):
            skip = skips.pop()
            x = up(x)
            x = stage(x.replace_feature(torch.cat([x.features, skip.features], dim=1)))
        return x.features


def _stage(channels_in: int, channels: int, blocks: int, level: int, device: torch.device) -> nn.Sequential:
    widths = [channels_in] + [channels] * blocks
    pairs = itertools.pairwise(widths)
    return nn.Sequential(*(ResBlock(a, b, f"level{level}", device) for a, b in pairs))
