"""Model: its file, what damages and attacks it, and the presets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.synthetic import room_sample, tiny_settings
from twist.checking import read_yaml
from twist.classes import S3DIS, SCANNET
from twist.errors import TwistError
from twist.learning.batches import make_batch, point_features
from twist.network.model import Model, load_tensors
from twist.sections import FEATURE_CHANNELS
from twist.settings import Settings

CONFIG = Path(__file__).parents[2] / "config"


def tiny_model(seed: int = 0) -> Model:
    torch.manual_seed(seed)
    return Model(tiny_settings().network, SCANNET)


def same_weights(a: Model, b: Model) -> bool:
    ours, theirs = a.state_dict(), b.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize("certainty_trained", [True, False])
def test_a_loaded_model_is_the_saved_one(certainty_trained: bool, tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = Model(tiny_settings(network={"features": ["rgb"]}).network, S3DIS)
    model.certainty_trained = certainty_trained
    for _, buffer in model.named_buffers():
        buffer.add_(1)
    model.save(tmp_path / "model.pt", steps=7)
    loaded = Model.load(tmp_path / "model.pt")
    assert same_weights(model, loaded)
    assert (loaded.settings, loaded.table.name) == (model.settings, "s3dis")
    assert loaded.certainty_trained is certainty_trained
    assert load_tensors(tmp_path / "model.pt")["facts"] == {"steps": 7}


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """Results are kept by the hash of their model."""
    for name in ("a.pt", "b.pt"):
        tiny_model().save(tmp_path / name, steps=1)
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_a_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=r"model\.pt does not exist; the training"):
        Model.load(tmp_path / "model.pt")


def test_a_truncated_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    tiny_model().save(path)
    whole = path.read_bytes()
    for size in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(TwistError, match=r"model\.pt is damaged"):
            Model.load(path)


def test_a_flipped_bit_is_found_or_without_effect(tmp_path: Path) -> None:
    model, path = tiny_model(), tmp_path / "model.pt"
    model.save(path)
    whole, rng, said = path.read_bytes(), np.random.default_rng(0), []
    for place in rng.integers(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            loaded = Model.load(path)
        except TwistError as error:
            said.append(str(error))
        else:
            assert same_weights(loaded, model)  # the bit lies between the zip's parts
    assert len(said) > 30
    assert all("model.pt is damaged" in text for text in said)


class Attack:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_not_executed(zipped: bool, tmp_path: Path) -> None:
    path, mark = tmp_path / "model.pt", tmp_path / "executed"
    content = {"format": "twist-model-1", "weights": Attack(mark)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(TwistError, match="not a file of tensors"):
        Model.load(path)
    assert not mark.exists()
    torch.load(path, weights_only=False)
    assert mark.exists()  # the attack does work where it is let in


@pytest.mark.parametrize("content", [{"weights": {}}, {"format": "twist-model-0"}])
def test_another_file_of_tensors_is_no_model(content: dict[str, object], tmp_path: Path) -> None:
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(TwistError, match=r"other\.pt is not a TWIST model"):
        Model.load(tmp_path / "other.pt")


@pytest.mark.parametrize("change", ["classes", "facts", "network", "weights"])
def test_a_model_of_another_version_is_told(change: str, tmp_path: Path) -> None:
    Model(tiny_settings().network, SCANNET).save(tmp_path / "a.pt")
    content = load_tensors(tmp_path / "a.pt")
    if change == "weights":
        content["weights"].popitem()
    elif change == "classes":
        content["classes"] = "kitti"
    else:
        del content[change]
    torch.save(content, tmp_path / "b.pt")
    with pytest.raises(TwistError, match=r"b\.pt does not fit this version of the code; train it again"):
        Model.load(tmp_path / "b.pt")


def test_too_little_memory_is_not_called_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Model(tiny_settings().network, SCANNET).save(tmp_path / "a.pt")

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    for name in ("load_state_dict", "to"):
        with monkeypatch.context() as patched:
            patched.setattr(torch.nn.Module, name, full)
            with pytest.raises(torch.OutOfMemoryError):
                Model.load(tmp_path / "a.pt")


def test_bare_tensors_are_no_model(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "tensor.pt")
    with pytest.raises(TwistError, match="does not hold a model"):
        Model.load(tmp_path / "tensor.pt")


def test_input_channels_are_those_that_samples_give(tmp_path: Path) -> None:
    sample = room_sample(tmp_path, 60)
    for name, channels in FEATURE_CHANNELS.items():
        assert point_features(sample, (name,)).shape == (60, channels)


@pytest.mark.parametrize("preset", ["small", "paper"])
def test_a_preset_runs_forward_and_backward(preset: str, tmp_path: Path) -> None:
    path = CONFIG / "presets" / f"{preset}.yaml"
    settings = Settings.from_layers({str(path): read_yaml(path)}).network
    torch.manual_seed(0)
    model = Model(settings, SCANNET).train()
    sample = room_sample(tmp_path, 400)
    shrunk = replace(sample, xyz=sample.xyz * settings.voxel_size_m / 0.2)
    batch = make_batch([shrunk], settings)
    assert 100 < len(batch.indices) < 400
    extraction = model.extraction(batch.features, batch.indices, 1)
    assert extraction.logits.shape == (len(batch.indices), 20)
    assert extraction.offset.shape == (len(batch.indices), 3)
    (extraction.logits.square().sum() + extraction.offset.square().sum()).backward()
    gradients = [weight.grad for weight in model.extraction.parameters()]
    assert all(torch.isfinite(gradient).all() and gradient.abs().max() > 0 for gradient in gradients)
