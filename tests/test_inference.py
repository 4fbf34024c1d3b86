"""Inference: views, the three ways without proposals or certainty, and what becomes a prediction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.synthetic import BED, CHAIR, room_sample, tiny_settings
from twist import inference
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.inference import Inference, extract, favour_rare, infer, predictions, recorrected_proposals
from twist.learning.batches import make_batch
from twist.learning.samples import SceneSample
from twist.network.ensemble import Ensemble
from twist.network.model import Model
from twist.regions import Regions
from twist.settings import InferenceSettings, PredictionSettings

SETTINGS = tiny_settings()
WHOLE = InferenceSettings()


@pytest.fixture
def model() -> Model:
    torch.manual_seed(1)
    made = Model(SETTINGS.network, SCANNET).eval()
    made.certainty_trained = True
    return made


@pytest.fixture
def sample(tmp_path: Path) -> SceneSample:
    return room_sample(tmp_path, 300)


def alone(model: Model) -> Ensemble:
    return Ensemble((model,))


def keen(model: Model) -> Model:
    """A model that takes everything for a chair."""
    with torch.no_grad():
        model.extraction.semantic[-1].bias[CHAIR] = 50
    return model


# --- Φ -------------------------------------------------------------------------------------------


def test_points_take_their_voxels_answer(model: Model, sample: SceneSample) -> None:
    points = extract(alone(model), sample, WHOLE)
    with torch.inference_mode():
        answer = model.extraction(points.batch.features, points.batch.indices, 1)
        centre = points.batch.position + answer.offset
        voxel = points.batch.voxel_of_point
        np.testing.assert_array_equal(points.probability, torch.softmax(answer.logits, 1)[voxel])
    centre = centre[voxel].numpy()
    np.testing.assert_allclose(sample.xyz + points.offset, centre, atol=1e-5)
    assert (points.probability.dtype, points.offset.dtype) == (np.float32, np.float32)


def test_views_are_averaged_and_the_same_in_every_run(model: Model, sample: SceneSample) -> None:
    one, three = extract(alone(model), sample, WHOLE), extract(alone(model), sample, WHOLE, views=3)
    assert not np.allclose(one.probability, three.probability)
    np.testing.assert_allclose(three.probability.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(
        extract(alone(model), sample, WHOLE, views=3).probability, three.probability
    )
    assert torch.equal(one.features[0], three.features[0])


def test_offsets_of_views_are_turned_back(
    model: Model, sample: SceneSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Φ points at a fixed landmark of the scan in every view, the average points there too."""
    landmark = sample.xyz[17] + np.float32(0.5)
    seen = []

    def answer(_: Ensemble, view: SceneSample, __: InferenceSettings) -> Any:
        across = np.linalg.lstsq(
            np.c_[sample.xyz, np.ones(len(sample))].astype(np.float64),
            view.xyz.astype(np.float64),
            rcond=None,
        )[0]
        seen.append(across[:3])
        offset = np.append(landmark, 1) @ across - view.xyz
        return None, (), np.full((len(offset), 20), 0.05, np.float32), offset

    monkeypatch.setattr(inference, "_answer", answer)
    points = extract(alone(model), sample, WHOLE, views=6)
    np.testing.assert_allclose(sample.xyz + points.offset, np.tile(landmark, (300, 1)), atol=1e-4)
    determinants = [round(float(np.linalg.det(matrix)), 3) for matrix in seen]
    assert set(determinants) == {-1.0, 1.0}, "no view was mirrored, or one was stretched"


def test_rare_classes_are_favoured_as_a_loop_says() -> None:
    rng = np.random.default_rng(0)
    probability, points = rng.dirichlet(np.ones(4), 30).astype(np.float32), np.array([900, 90, 10, 0])
    favoured = favour_rare(probability, points, 0.75)
    for before, after in zip(probability, favoured, strict=True):
        product = [p * (n / 1000 + 0.002) ** -0.75 for p, n in zip(before, points, strict=True)]
        np.testing.assert_allclose(after, np.array(product) / sum(product), rtol=1e-5)
    np.testing.assert_allclose(favour_rare(probability, points, 0.0), probability, rtol=1e-6)


def test_prediction_may_favour_the_classes_that_the_model_seldom_met(
    model: Model, sample: SceneSample
) -> None:
    """Φ takes most for a chair; met a million times as often as others, chairs are doubted."""
    plain = infer(alone(model), sample, SETTINGS.proposals, WHOLE)
    with pytest.raises(TwistError, match="trained by an earlier version: train it again"):
        infer(alone(model), sample, SETTINGS.proposals, WHOLE, class_weight_power=2.0)
    model.facts["class_points"] = [10**6 if k == CHAIR else 1 for k in range(20)]
    favoured = infer(alone(model), sample, SETTINGS.proposals, WHOLE, class_weight_power=2.0)
    expected = favour_rare(plain.point_probability, np.array(model.facts["class_points"]), 2.0)
    np.testing.assert_allclose(favoured.point_probability, expected, rtol=1e-5)
    assert (favoured.point_probability[:, CHAIR] < plain.point_probability[:, CHAIR]).all()


# --- several models ------------------------------------------------------------------------------


@pytest.fixture
def three() -> list[Model]:
    """Models from other weights that all take most for a chair, and whose Ψ differ."""
    models = []
    for seed in range(3):
        torch.manual_seed(seed)
        made = keen(Model(SETTINGS.network, SCANNET).eval())
        made.certainty_trained = True
        with torch.no_grad():
            made.recorrection.residual.bias[:] = torch.linspace(-6 * seed, 6 * seed, 19)
        models.append(made)
    return models


@pytest.mark.parametrize("views", [1, 3])
def test_points_of_several_models_are_their_mean(three: list[Model], sample: SceneSample, views: int) -> None:
    together = extract(Ensemble(tuple(three)), sample, WHOLE, views)
    each = [extract(alone(model), sample, WHOLE, views) for model in three]
    for name in ("probability", "offset"):
        expected = np.mean([getattr(points, name) for points in each], axis=0)
        np.testing.assert_allclose(getattr(together, name), expected, atol=1e-5)
    assert not np.allclose(each[0].offset, each[1].offset, atol=1e-3)
    assert all(torch.equal(a, b.features[0]) for a, b in zip(together.features, each, strict=True))


def test_several_models_judge_the_same_proposals(
    three: list[Model], sample: SceneSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Certainty and class are the mean of each Ψ's, which reads its own Φ; proposals are the averaged Φ's."""
    together = infer(Ensemble(tuple(three)), sample, SETTINGS.proposals, WHOLE)
    assert len(together.proposals) > 0
    points = extract(Ensemble(tuple(three)), sample, WHOLE)
    each = []
    for model, features in zip(three, points.features, strict=True):
        monkeypatch.setattr(inference, "extract", lambda *_, own=features: replace(points, features=(own,)))
        each.append(infer(alone(model), sample, SETTINGS.proposals, WHOLE))
    for name in ("certainty", "recorrected"):
        expected = np.mean([getattr(answer, name) for answer in each], axis=0)
        np.testing.assert_allclose(getattr(together, name), expected, atol=1e-6)
    assert not np.allclose(each[0].recorrected, each[2].recorrected, atol=1e-2)


# --- tiles ---------------------------------------------------------------------------------------


@pytest.fixture
def hall(tmp_path: Path) -> SceneSample:
    """Six furnished rooms in a row: 27 m long, some 2 500 voxels."""
    rooms = [room_sample(tmp_path, 1200, seed) for seed in range(6)]
    shifts = [np.array([4.5 * k, 0, 0], np.float32) for k in range(6)]
    arrays = {
        key: np.concatenate([getattr(room, key) for room in rooms])
        for key in ("rgb", "normal", "supervoxel_features", "semantic", "instance", "weight")
    }
    xyz = np.concatenate([room.xyz + shift for room, shift in zip(rooms, shifts, strict=True)])
    supervoxel = np.concatenate([room.supervoxel + 100 * k for k, room in enumerate(rooms)])
    return replace(rooms[0], xyz=xyz, supervoxel=supervoxel, **arrays)


def halves(hall: SceneSample) -> InferenceSettings:
    """Two tiles of two thirds of the hall each, with a margin wider than the tiny network's view."""
    voxels = len(make_batch([hall], SETTINGS.network).indices)
    return InferenceSettings(voxels_max=3 * voxels // 4, margin_m=4.5)


def differences(model: Model, sample: SceneSample, limits: InferenceSettings) -> tuple[float, float, float]:
    """Largest difference of probability, offset and feature to the untiled answer."""
    whole, tiled = extract(alone(model), sample, WHOLE), extract(alone(model), sample, limits)
    return (
        float(np.abs(whole.probability - tiled.probability).max()),
        float(np.abs(whole.offset - tiled.offset).max()),
        float((whole.features[0] - tiled.features[0]).abs().max()),
    )


def test_a_scan_that_fits_is_answered_as_without_tiles(model: Model, sample: SceneSample) -> None:
    with torch.inference_mode():
        batch = make_batch([sample], model.settings)
        plain = model.extraction(batch.features, batch.indices, 1)
    fits = extract(alone(model), sample, InferenceSettings(voxels_max=len(batch.indices), margin_m=0.3))
    assert torch.equal(fits.features[0], plain.features)


def test_tiles_whose_margin_covers_the_view_answer_as_the_whole(model: Model, hall: SceneSample) -> None:
    assert max(differences(model, hall, halves(hall))) < 1e-5
    # the view is wider than nothing: cores alone answer otherwise
    assert max(differences(model, hall, replace(halves(hall), margin_m=0.0))) > 1e-3


def test_every_view_is_tiled(model: Model, hall: SceneSample) -> None:
    limits = halves(hall)
    whole, tiled = extract(alone(model), hall, WHOLE, views=3), extract(alone(model), hall, limits, views=3)
    np.testing.assert_allclose(tiled.probability, whole.probability, atol=1e-5)
    np.testing.assert_allclose(tiled.offset, whole.offset, atol=1e-4)


def test_no_instance_is_cut_between_tiles(model: Model, hall: SceneSample) -> None:
    """Grouping and Ψ see the whole scan: its one chair of all points stays one."""
    settings = replace(SETTINGS.proposals, radius_m=1.0)
    whole = infer(alone(keen(model)), hall, settings, WHOLE)
    tiled = infer(alone(keen(model)), hall, settings, halves(hall))
    assert whole.proposals.sizes.max() == len(hall)
    np.testing.assert_array_equal(tiled.proposals.index, whole.proposals.index)
    np.testing.assert_allclose(tiled.certainty, whole.certainty, atol=1e-5)


# --- Φ, grouping and Ψ ---------------------------------------------------------------------------


def test_a_round_0_model_has_no_certainty(model: Model, sample: SceneSample) -> None:
    model.certainty_trained = False
    answer = infer(alone(keen(model)), sample, SETTINGS.proposals, WHOLE)
    assert answer.certainty is None
    assert answer.recorrected is None
    assert len(answer.proposals) > 0
    assert set(answer.proposals.label.tolist()) == {CHAIR}
    assert recorrected_proposals(answer, SCANNET) is answer.proposals
    found = predictions(answer, SCANNET, PredictionSettings(min_points=5))
    assert set(found.label.tolist()) == {CHAIR}
    np.testing.assert_allclose(found.score, 1, atol=1e-5)


@pytest.mark.parametrize("trained", [True, False])
def test_no_proposals_are_a_normal_answer(trained: bool, model: Model, sample: SceneSample) -> None:
    model.certainty_trained = trained
    settings = replace(SETTINGS.proposals, min_points=10_000)
    answer = infer(alone(model), sample, settings, WHOLE)
    assert len(answer.proposals) == 0
    assert (answer.certainty is None) == (not trained)
    assert not trained or answer.recorrected.shape == (0, 19)
    found = predictions(answer, SCANNET, PredictionSettings())
    assert len(found) == 0
    assert found.size_of_scene == 300


def test_psi_judges_every_proposal(model: Model, sample: SceneSample) -> None:
    answer = infer(alone(keen(model)), sample, SETTINGS.proposals, WHOLE)
    assert answer.certainty.shape == (len(answer.proposals),)
    assert ((answer.certainty > 0) & (answer.certainty < 1)).all()
    np.testing.assert_allclose(answer.recorrected.sum(axis=1), 1, rtol=1e-5)
    assert answer.recorrected.shape == (len(answer.proposals), 19)
    # an untrained residual repeats Φ's class
    assert recorrected_proposals(answer, SCANNET).label.tolist() == answer.proposals.label.tolist()


def test_the_recorrected_class_is_a_geometric_mean_of_both_words(model: Model, sample: SceneSample) -> None:
    with torch.no_grad():
        model.recorrection.residual.bias[:] = torch.linspace(-8, 8, 19)

    def recorrected(trust: float) -> np.ndarray:
        return infer(
            alone(keen(model)), sample, replace(SETTINGS.proposals, class_trust=trust), WHOLE
        ).recorrected.astype(np.float64)

    before, half, psi = recorrected(0), recorrected(0.5), recorrected(1)
    mean = np.sqrt(before * psi)
    np.testing.assert_allclose(half, mean / mean.sum(axis=1, keepdims=True), rtol=1e-4)
    assert set(np.array(SCANNET.things)[before.argmax(axis=1)]) == {CHAIR}
    assert not np.allclose(before, psi, atol=0.1)


def test_probabilities_are_averaged_over_supervoxels_where_so_set(model: Model, sample: SceneSample) -> None:
    answer = infer(alone(model), sample, replace(SETTINGS.proposals, supervoxel_mean=True), WHOLE)
    plain = infer(alone(model), sample, SETTINGS.proposals, WHOLE)
    for piece in np.unique(sample.supervoxel):
        members = sample.supervoxel == piece
        expected = np.tile(plain.probability[members].mean(axis=0), (members.sum(), 1))
        np.testing.assert_allclose(answer.probability[members], expected, atol=1e-6)


# --- predictions ---------------------------------------------------------------------------------


def judged(*proposals: tuple[range, int | None, float, float]) -> Inference:
    """Proposals as (points, class by Ψ, None = background, certainty, its probability)."""
    table = SCANNET
    sets = [np.array(points, np.int32) for points, *_ in proposals]
    recorrected = np.zeros((len(proposals), 19), np.float32)
    for row, (_, label, _, probability) in zip(recorrected, proposals, strict=True):
        row[:] = (1 - probability) / 18
        row[18 if label is None else table.things.tolist().index(label)] = probability
    regions = Regions(
        np.concatenate(sets),
        np.cumsum([0] + [len(points) for points in sets]).astype(np.int64),
        np.zeros(len(sets), np.int32),
        np.zeros(len(sets), np.float32),
        1000,
    )
    certainty = np.array([certainty for _, _, certainty, _ in proposals], np.float32)
    nothing = np.zeros((1000, 20), np.float32)
    return Inference(nothing, nothing, regions, certainty, recorrected)


def found(model: Model, answer: Inference, **changes: Any) -> list[tuple[int, int, float]]:
    """(first point, class, score) of each prediction."""
    regions = predictions(answer, SCANNET, PredictionSettings(**({"score": "certainty"} | changes)))
    return [
        (int(regions[k][0]), int(regions.label[k]), round(float(regions.score[k]), 4))
        for k in range(len(regions))
    ]


def test_predictions_drop_background_the_faint_and_the_small_and_come_best_first(model: Model) -> None:
    answer = judged(
        (range(0, 100), CHAIR, 0.5, 0.9),
        (range(100, 199), CHAIR, 0.9, 0.9),  # 99 points
        (range(200, 300), None, 0.9, 0.9),
        (range(300, 400), BED, 0.08, 0.9),
        (range(400, 500), BED, 0.7, 0.9),
    )
    assert found(model, answer) == [(400, BED, 0.7), (0, CHAIR, 0.5)]
    assert found(model, answer, min_score=0.0, min_points=99)[0] == (100, CHAIR, 0.9)
    assert found(model, answer, min_score=0.0)[-1] == (300, BED, 0.08)


def test_of_two_predictions_that_overlap_the_better_stays_whatever_its_class(model: Model) -> None:
    answer = judged(
        (range(0, 100), CHAIR, 0.5, 0.9),
        (range(40, 140), BED, 0.6, 0.9),  # IoU 60 / 140
        (range(120, 220), CHAIR, 0.4, 0.9),  # IoU 20 / 180 with the second
    )
    assert found(model, answer) == [(40, BED, 0.6), (120, CHAIR, 0.4)]
    assert len(found(model, answer, nms_iou=0.43)) == 3


def test_a_dropped_prediction_suppresses_nothing(model: Model) -> None:
    answer = judged((range(0, 120), None, 0.9, 0.9), (range(0, 110), CHAIR, 0.3, 0.9))
    assert found(model, answer) == [(0, CHAIR, 0.3)]


def test_score_may_be_the_geometric_mean_with_the_class_probability(model: Model) -> None:
    answer = judged((range(0, 100), CHAIR, 0.5, 0.5), (range(200, 300), BED, 0.4, 0.9))
    assert found(model, answer) == [(0, CHAIR, 0.5), (200, BED, 0.4)]
    mean = found(model, answer, score="geometric_mean")
    assert mean == [(200, BED, 0.6), (0, CHAIR, 0.5)]
