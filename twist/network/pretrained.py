"""Φ's backbone in pre-training: with a projection in place of Φ's heads, and its way into a Model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from twist.errors import TwistError
from twist.files import atomic_write
from twist.network.model import Model, load_tensors
from twist.network.sparse import sparse_tensor
from twist.network.unet import SparseUNet
from twist.sections import FEATURE_CHANNELS
from twist.settings import NetworkSettings

_FORMAT = "twist-backbone-1"
_BACKBONE = "backbone."


class ContrastiveNetwork(nn.Module):
    """The backbone that Φ has, and a linear layer to the features that are contrasted [PointContrast]."""

    def __init__(self, settings: NetworkSettings, channels: int, device: torch.device | str = "cpu") -> None:
        super().__init__()
        self.settings = settings
        channels_in = sum(FEATURE_CHANNELS[name] for name in settings.features)
        self.backbone = SparseUNet(channels_in, settings, torch.device(device))
        self.projection = nn.Linear(self.backbone.channels_out, channels)
        self.to(device)

    def forward(
        self, features: torch.Tensor, indices: torch.Tensor, batch_size: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(V, C) features of the backbone and (V, channels) float32 projected ones of length 1.

        features: (V, channels_in) float32; indices: (V, 4) int32, unique (see ``sparse_tensor``).
        """
        x = sparse_tensor(features, indices, batch_size, self.backbone.levels, check=False)
        hidden = self.backbone(x)
        return hidden, functional.normalize(self.projection(hidden).float(), dim=1)

    def save(self, path: str | Path, **facts: Any) -> None:
        """Write weights, shape and ``facts`` (plain values), atomically."""
        content = {"format": _FORMAT, "network": asdict(self.settings), "facts": facts}
        with atomic_write(path) as handle:
            torch.save(content | {"weights": self.state_dict()}, handle)


@dataclass(frozen=True)
class LoadReport:
    """What a model took from a pre-trained backbone, by names of tensors.

    fresh: as random as before, since the file has none; unused: in the file alone
    """

    loaded: tuple[str, ...]
    fresh: tuple[str, ...]
    unused: tuple[str, ...]

    def __str__(self) -> str:
        parts = {"loaded": self.loaded, "fresh": self.fresh, "unused": self.unused}
        return "; ".join(f"{key}: {_summary(names)}" for key, names in parts.items())


def load_backbone(model: Model, path: str | Path) -> LoadReport:
    """Give Φ of ``model`` the weights of a pre-trained backbone; heads and Ψ stay as they are.

    Raises TwistError for a missing, damaged or foreign file, and for a backbone of another shape or voxel
    size, naming each setting that differs.
    """
    content = load_tensors(path)
    if content.get("format") != _FORMAT:
        raise TwistError(f"{path} is not a pre-trained backbone of TWIST (or of another version)")
    _check_settings(content["network"], model.settings, path)
    weights: dict[str, torch.Tensor] = content["weights"]
    backbone = {k.removeprefix(_BACKBONE): value for k, value in weights.items() if k.startswith(_BACKBONE)}
    try:
        model.extraction.backbone.load_state_dict(backbone)
    except RuntimeError as error:  # the same settings, so another version of the code
        raise TwistError(f"{path} does not fit this version's backbone; pre-train again") from error
    prefix = f"extraction.{_BACKBONE}"
    return LoadReport(
        loaded=tuple(prefix + key for key in backbone),
        fresh=tuple(key for key in model.state_dict() if not key.startswith(prefix)),
        unused=tuple(key for key in weights if not key.startswith(_BACKBONE)),
    )


def _check_settings(found: dict[str, Any], wanted: NetworkSettings, path: str | Path) -> None:
    """All settings of the network but Ψ's must agree."""
    mine = {key: value for key, value in asdict(wanted).items() if not key.startswith("recorrection_")}
    other = [
        f"{key} {_plain(found.get(key))}, wanted {_plain(value)}"
        for key, value in mine.items()
        if _plain(found.get(key)) != _plain(value)
    ]
    if other:
        raise TwistError(f"{path} was pre-trained with another network: {'; '.join(other)}; pre-train again")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _summary(names: tuple[str, ...]) -> str:
    """``120 tensors of extraction.backbone``: the tensors by the module that holds them."""
    if not names:
        return "nothing"
    counts: dict[str, int] = {}
    for name in names:
        owner = name.split(".")
        module = ".".join(owner[:2]) if owner[0] == "extraction" else owner[0]
        counts[module] = counts.get(module, 0) + 1
    return ", ".join(f"{count} tensors of {module}" for module, count in counts.items())
