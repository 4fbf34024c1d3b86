"""The way of a pre-trained backbone into a model: what is loaded, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.synthetic import tiny_settings
from twist.classes import S3DIS, SCANNET
from twist.errors import TwistError
from twist.network.model import Model
from twist.network.pretrained import ContrastiveNetwork, load_backbone
from twist.sections import FEATURE_CHANNELS

NETWORK = tiny_settings().network


def saved(folder: Path, **changes: Any) -> Path:
    torch.manual_seed(1)
    network = ContrastiveNetwork(replace(NETWORK, **changes), 6)
    with torch.no_grad():
        for norm in network.modules():
            if isinstance(norm, torch.nn.BatchNorm1d):
                norm.running_mean.normal_()
    network.save(folder / "backbone.pt", method="pc")
    return folder / "backbone.pt"


def test_features_are_one_for_each_voxel_and_of_length_1() -> None:
    network = ContrastiveNetwork(NETWORK, 6)
    indices = torch.tensor([[0, x, y, 0] for x in range(5) for y in range(3)], dtype=torch.int32)
    channels = sum(FEATURE_CHANNELS[name] for name in NETWORK.features)
    hidden, projected = network(torch.randn(15, channels), indices, 1)
    assert hidden.shape == (15, NETWORK.decoder_channels[-1])
    assert projected.shape == (15, 6)
    torch.testing.assert_close(projected.norm(dim=1), torch.ones(15))


@pytest.mark.parametrize("table", [SCANNET, S3DIS])
def test_the_backbone_is_loaded_and_heads_stay_fresh(table: Any, tmp_path: Path) -> None:
    path = saved(tmp_path)
    stored = torch.load(path, weights_only=True)["weights"]
    model = Model(NETWORK, table)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    report = load_backbone(model, path)
    after = model.state_dict()
    for key in report.loaded:
        assert torch.equal(after[key], stored[key.removeprefix("extraction.")])
    for key in report.fresh:
        assert torch.equal(after[key], before[key])
    assert set(report.loaded) | set(report.fresh) == set(after)
    assert any("running_mean" in key for key in report.loaded)
    assert {key.split(".")[1] for key in report.fresh if key.startswith("extraction")} == {
        "semantic",
        "offset",
    }
    assert report.unused == ("projection.weight", "projection.bias")
    text = str(report)
    assert f"loaded: {len(report.loaded)} tensors of extraction.backbone; fresh: " in text
    assert "tensors of extraction.semantic" in text
    assert "tensors of recorrection; unused: 2 tensors of projection" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"voxel_size_m": 0.02}, r"voxel_size_m 0\.02, wanted 0\.15"),
        ({"features": ("rgb",)}, r"features \['rgb'\], wanted \['rgb', 'normal', 'height', 'supervoxel'\]"),
        ({"stem_channels": 5}, "stem_channels 5, wanted 4"),
        ({"encoder_channels": (6, 9)}, r"encoder_channels \[6, 9\], wanted \[6, 8\]"),
        (
            {"voxel_size_m": 0.3, "decoder_blocks": (1, 2)},
            r"voxel_size_m 0\.3, wanted 0\.15; decoder_blocks \[1, 2\], wanted \[1, 1\]",
        ),
    ],
)
def test_another_network_is_refused_and_says_in_what(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(TwistError, match=rf"backbone\.pt was pre-trained with another network: .*{said}"):
        load_backbone(Model(NETWORK, SCANNET), saved(tmp_path, **changes))


def test_another_re_correction_module_does_not_matter(tmp_path: Path) -> None:
    path = saved(tmp_path, recorrection_channels=(9, 9), recorrection_dropout=0.1)
    assert load_backbone(Model(NETWORK, SCANNET), path).loaded


def test_other_files_are_refused(tmp_path: Path) -> None:
    Model(NETWORK, SCANNET).save(tmp_path / "model.pt")
    with pytest.raises(TwistError, match=r"model\.pt is not a pre-trained backbone"):
        load_backbone(Model(NETWORK, SCANNET), tmp_path / "model.pt")
    with pytest.raises(TwistError, match=r"none\.pt does not exist"):
        load_backbone(Model(NETWORK, SCANNET), tmp_path / "none.pt")
    (tmp_path / "broken.pt").write_bytes(saved(tmp_path).read_bytes()[:-100])
    with pytest.raises(TwistError, match=r"broken\.pt is damaged"):
        load_backbone(Model(NETWORK, SCANNET), tmp_path / "broken.pt")


def test_weights_that_do_not_fit_the_code_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    content = torch.load(path, weights_only=True)
    del content["weights"]["backbone.stem.norm.weight"]
    torch.save(content, path)
    with pytest.raises(TwistError, match="does not fit this version's backbone; pre-train again"):
        load_backbone(Model(NETWORK, SCANNET), path)
