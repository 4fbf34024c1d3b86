"""Model: Φ and Ψ together, with the file they are kept in."""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from twist.classes import CLASS_TABLES, ClassTable
from twist.errors import TwistError
from twist.files import atomic_write
from twist.network.extraction import FeatureExtraction
from twist.network.recorrection import ProposalRecorrection
from twist.sections import FEATURE_CHANNELS
from twist.settings import NetworkSettings, Settings

_FORMAT = "twist-model-1"

#: What zipfile, zlib, torch and its restricted unpickler raise for damaged bytes and foreign files.
_DAMAGE = (
    OSError, RuntimeError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error,
    pickle.UnpicklingError,
)  # fmt: skip


class Model(nn.Module):
    """Φ and Ψ of one run.

    ``certainty_trained`` tells whether Ψ has learned; without it (round 0) a proposal's score is its mean
    class probability. ``facts`` are those that it was saved with.
    """

    def __init__(
        self, settings: NetworkSettings, table: ClassTable, device: torch.device | str = "cpu"
    ) -> None:
        super().__init__()
        device = torch.device(device)
        self.settings, self.table = settings, table
        self.certainty_trained = False
        self.facts: dict[str, Any] = {}
        channels_in = sum(FEATURE_CHANNELS[name] for name in settings.features)
        self.extraction = FeatureExtraction(channels_in, len(table), settings, device)
        channels = self.extraction.backbone.channels_out
        self.recorrection = ProposalRecorrection(channels, len(table.things), settings, device)
        self.to(device)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def save(self, path: str | Path, **facts: Any) -> None:
        """Write weights, shape and ``facts`` (plain values), atomically."""
        content = {
            "format": _FORMAT,
            "network": asdict(self.settings),
            "classes": self.table.name,
            "certainty_trained": self.certainty_trained,
            "facts": facts,
            "weights": self.state_dict(),
        }
        with atomic_write(path) as handle:
            torch.save(content, handle)

    @classmethod
    def load(cls, path: str | Path, device: torch.device | str = "cpu") -> Model:
        """Read a model onto a device. Never executes code from the file (``weights_only``).

        Raises TwistError for a missing or damaged file, and for a model of another version.
        """
        content = load_tensors(path)
        if content.get("format") != _FORMAT:
            raise TwistError(f"{path} is not a TWIST model (or of another version)")
        other = f"{path} does not fit this version of the code; train it again"
        try:
            shape, table, weights = content["network"], CLASS_TABLES[content["classes"]], content["weights"]
            certainty_trained, facts = content["certainty_trained"], content["facts"]
        except KeyError as error:
            raise TwistError(other) from error
        model = cls(Settings.from_layers({str(path): {"network": shape}}).network, table, device)
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            if type(error) is not RuntimeError:  # such as too little memory on a GPU
                raise
            raise TwistError(other) from error
        model.certainty_trained, model.facts = certainty_trained, facts
        return model


def trained_with(paths: Iterable[str | Path]) -> list[dict[str, Any]]:
    """What the models of these files were trained with, as far as they say so."""
    origins = (load_tensors(path).get("facts", {}).get("trained_with") for path in paths)
    return [origin for origin in origins if origin]


def load_tensors(source: str | Path | bytes) -> dict[str, Any]:
    """``torch.load`` of plain tensors and values onto the CPU; TwistError names a damaged file.

    The file's own checksums are verified first: torch leaves them out, and a flipped bit would only be met
    as a slightly wrong weight.
    """
    name = "saved state" if isinstance(source, bytes) else str(source)
    try:
        raw = source if isinstance(source, bytes) else Path(source).read_bytes()
    except FileNotFoundError as error:
        raise TwistError(f"{name} does not exist; the training that makes it has not finished") from error
    except OSError as error:
        raise TwistError(f"cannot read {name}: {error.strerror}") from error
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            damaged = archive.testzip()
        if damaged:
            raise TwistError(f"{name} is damaged: the checksum of its part {damaged} does not fit")
        content = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        reason = "".join(str(error).splitlines()[:1]) or type(error).__name__
        raise TwistError(f"{name} is damaged or not a file of tensors ({reason})") from error
    if not isinstance(content, dict):
        raise TwistError(f"{name} does not hold a model or a training state")
    return content
