"""Does a device compute what the CPU computes? Same weights, same scenes: outputs, losses, gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from benchmarks.bench.teaching import new_trainer
from twist.classes import SCANNET
from twist.inference import extract
from twist.learning.batches import make_batch
from twist.learning.samples import SceneSample
from twist.network import sparse
from twist.network.ensemble import Ensemble
from twist.network.model import Model
from twist.settings import Settings

#: Largest differences in float32 with exact products: of a probability, of an offset in metres, and, as a
#: share, of a loss and of the length of the gradient.
TOLERANCES = {"probability": 1e-3, "offset": 1e-3, "loss": 1e-3, "gradient": 1e-2}
#: Of a step in mixed precision, as the trainings' own scaling settles on some such number.
_LOSS_SCALE = 1024.0


@contextmanager
def exact_products() -> Iterator[None]:
    """Inside, float32 products on a GPU are of float32, not of TF32."""
    matmul = torch.backends.cuda.matmul
    before = matmul.allow_tf32
    matmul.allow_tf32 = False
    try:
        with sparse.exact_products():
            yield
    finally:
        matmul.allow_tf32 = before


def compare(
    device: torch.device, settings: Settings, samples: Sequence[SceneSample], folder: Path
) -> dict[str, float]:
    """Differences between the device and the CPU, by the keys of ``TOLERANCES``."""
    output = [_output(where, settings, samples[0]) for where in (torch.device("cpu"), device)]
    (folder / "cpu").mkdir(parents=True)
    (folder / "device").mkdir()
    step = [
        _step(where, settings, samples, folder / name)
        for where, name in ((torch.device("cpu"), "cpu"), (device, "device"))
    ]
    (losses, gradient), (others, other) = step
    return {
        "probability": float(np.abs(output[0][0] - output[1][0]).max()),
        "offset": float(np.abs(output[0][1] - output[1][1]).max()),
        **_of_steps(losses, gradient, others, other),
    }


def _of_steps(
    losses: dict[str, float], gradient: torch.Tensor, others: dict[str, float], other: torch.Tensor
) -> dict[str, float]:
    return {
        "loss": max(abs(others[key] - value) / max(abs(value), 1e-3) for key, value in losses.items()),
        "gradient": float((gradient - other).norm() / gradient.norm()),
    }


def mixed_against_float32(
    device: torch.device, settings: Settings, samples: Sequence[SceneSample], folder: Path
) -> dict[str, float]:
    """How much a step's losses and gradient on a GPU differ in mixed precision, by keys of ``TOLERANCES``.

    What is allowed is not known until a GPU has told what is usual: figures, no check.
    """
    (folder / "exact").mkdir(parents=True)
    (folder / "mixed").mkdir()
    losses, gradient = _step(device, settings, samples, folder / "exact")
    others, other = _step(device, settings, samples, folder / "mixed", mixed=True)
    return _of_steps(losses, gradient, others, other)


def check(differences: dict[str, float]) -> None:
    """Raises SystemExit naming what differs more than ``TOLERANCES``."""
    wrong = [
        f"{key} {differences[key]:.2g} > {most:g}"
        for key, most in TOLERANCES.items()
        if not differences[key] <= most
    ]
    if wrong:
        raise SystemExit(f"the device computes other results than the CPU: {', '.join(wrong)}")


def _output(device: torch.device, settings: Settings, sample: SceneSample) -> tuple[np.ndarray, np.ndarray]:
    """Class probabilities and offsets of one scene's points by a fresh model."""
    torch.manual_seed(0)
    weights = Model(settings.network, SCANNET).state_dict()
    model = Model(settings.network, SCANNET, device).eval()
    model.load_state_dict(weights)
    with exact_products():
        points = extract(Ensemble((model,)), sample, settings.inference)
    return points.probability, points.offset


def _step(
    device: torch.device,
    settings: Settings,
    samples: Sequence[SceneSample],
    folder: Path,
    mixed: bool = False,
) -> tuple[dict[str, float], torch.Tensor]:
    """Losses of the first step of Φ and Ψ on some scenes, and the gradient as one vector."""
    batch = make_batch(list(samples), settings.network).to(device)
    trainer = new_trainer(folder, batch, samples, settings, device)
    torch.manual_seed(0)
    trainer.model.load_state_dict(Model(settings.network, SCANNET).state_dict())
    trainer.model.recorrection.dropout.p = 0.0  # the devices draw other numbers
    scale = _LOSS_SCALE if mixed else 1.0  # float16 has no room for small gradients
    with exact_products():
        with torch.autocast(device.type, torch.float16, enabled=mixed):
            losses, _ = trainer.losses(batch)
        (scale * torch.stack(list(losses.values())).sum()).backward()
    parameters = trainer.model.parameters()
    gradient = torch.cat([p.grad.flatten().cpu() for p in parameters if p.grad is not None]) / scale
    return {key: float(value.detach()) for key, value in losses.items()}, gradient
