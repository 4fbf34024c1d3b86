"""Ensembles: only models that are alike answer together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.synthetic import tiny_settings
from twist.classes import S3DIS, SCANNET, ClassTable
from twist.errors import TwistError
from twist.network.ensemble import Ensemble
from twist.network.model import Model

NETWORK = tiny_settings().network


def model(table: ClassTable = SCANNET, trained: bool = False, voxel_size_m: float = 0.3) -> Model:
    made = Model(replace(NETWORK, voxel_size_m=voxel_size_m), table)
    made.certainty_trained = trained
    return made


def test_models_are_read_in_order_and_do_not_train(tmp_path: Path) -> None:
    models = [model(), model()]
    paths = [tmp_path / f"{k}.pt" for k in range(2)]
    for one, path in zip(models, paths, strict=True):
        one.save(path)
    ensemble = Ensemble.load(paths)
    assert not any(one.training for one in ensemble.models)
    for read, one in zip(ensemble.models, models, strict=True):
        assert all(torch.equal(read.state_dict()[key], value) for key, value in one.state_dict().items())
    assert (ensemble.table, ensemble.settings.voxel_size_m) == (SCANNET, 0.3)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (model(voxel_size_m=0.2), "shape"),
        (model(table=S3DIS), "classes"),
        (model(trained=True), "rounds: Ψ has learned in some alone"),
    ],
)
def test_models_that_are_not_alike_are_refused(other: Model, told: str) -> None:
    with pytest.raises(TwistError, match=rf"must be alike; these differ in their {told}"):
        Ensemble((model(), other))


def test_files_that_are_not_alike_are_named(tmp_path: Path) -> None:
    model().save(tmp_path / "a.pt")
    model(trained=True).save(tmp_path / "b.pt")
    with pytest.raises(TwistError, match=r"a\.pt, .*b\.pt: models that answer together must be alike"):
        Ensemble.load([tmp_path / "a.pt", tmp_path / "b.pt"])


def test_no_model_is_no_ensemble() -> None:
    with pytest.raises(TwistError, match="at least one model"):
        Ensemble.load([])
