"""Cases of evaluation and of pseudo-labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.bench.case import Case, Task
from benchmarks.bench.inputs import folded_sheet, random_predictions
from tests.references.ap_reference import DenseScene, Part, reference_ap
from twist.classes import SCANNET
from twist.geometry.supervoxels import segment_mesh
from twist.regions import Regions
from twist.scoring.evaluation import Evaluation, evaluate
from twist.sections import PseudoLabelSettings
from twist.selftraining.pseudolabels import PseudoLabels, proposal_pseudo_labels

POINTS, PREDICTIONS = 132_000, 100
CERTAIN = 0.5


def evaluation_task(scenes: int, _: Path) -> Task:
    made = {f"scene{k}": random_predictions(POINTS, PREDICTIONS, seed=k) for k in range(scenes)}

    def ours() -> np.ndarray:
        found: Evaluation = evaluate(
            list(made), lambda name: made[name][:2], lambda name, _: made[name][2], SCANNET
        )
        coverage = found.coverage
        figures = (coverage.precision, coverage.recall, coverage.coverage, coverage.weighted)
        return np.column_stack([found.ap.ap, *figures])

    def reference() -> np.ndarray:
        things = SCANNET.things.tolist()
        dense = [dense_scene(*scene) for scene in made.values()]
        return np.column_stack([reference_ap(dense, things), coverage_plainly(dense, things)])

    def check(mine: np.ndarray, other: np.ndarray) -> None:
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-12)

    return Task(ours, reference, check, scenes)


def dense_scene(semantic: np.ndarray, instance: np.ndarray, guesses: Regions) -> DenseScene:
    masks = np.zeros((len(guesses), len(semantic)), bool)
    for k, mask in enumerate(masks):
        mask[guesses[k]] = True
    parts = zip(masks, guesses.label.tolist(), guesses.score.tolist(), strict=True)
    return DenseScene(semantic, instance, [Part(*part) for part in parts])


def coverage_plainly(scenes: list[DenseScene], things: list[int]) -> np.ndarray:
    """(things, 4) precision, recall, coverage and weighted coverage, mask by mask."""
    counts, coverages = np.zeros((len(things), 3)), np.full((len(scenes), len(things), 2), np.nan)
    for s, scene in enumerate(scenes):
        owner = np.full(len(scene.semantic), -1)
        guesses = [guess for guess in scene.guesses if guess.label in things]
        for k in sorted(range(len(guesses)), key=lambda k: (guesses[k].score, -k)):
            owner[guesses[k].mask] = k
        painted = [(guesses[k].label, owner == k) for k in range(len(guesses)) if (owner == k).any()]
        for row, label in enumerate(things):
            truths = [truth.mask for truth in scene.truths if truth.label == label]
            mine = [mask for of_class, mask in painted if of_class == label]
            iou = np.array([[(a & b).sum() / (a | b).sum() for b in truths] for a in mine])
            iou = iou.reshape(len(mine), len(truths))
            counts[row] += len(truths), len(mine), (iou.max(axis=1, initial=0) >= 0.5).sum()
            if truths:
                best = iou.max(axis=0, initial=0)
                coverages[s, row] = best.mean(), np.average(best, weights=[mask.sum() for mask in truths])
    some = counts[:, 0] > 0
    instances, predictions, right = counts[some].T
    figures = np.full((len(things), 4), np.nan)
    figures[some, 0], figures[some, 1] = right / np.maximum(predictions, 1), np.minimum(right / instances, 1)
    figures[some, 2:] = np.nanmean(coverages[:, some], axis=0)
    return figures


def label_task(points: int, _: Path) -> Task:
    scene, _ = folded_sheet(points)
    supervoxel, rng = segment_mesh(scene.xyz, scene.faces), np.random.default_rng(0)
    raw = rng.random((len(scene), len(SCANNET)), np.float32) ** 8
    probability = raw / raw.sum(axis=1, keepdims=True)
    _, _, proposals = random_predictions(len(scene), PREDICTIONS, seed=0)
    settings = PseudoLabelSettings(semantic_threshold=0.3)

    def check(mine: PseudoLabels, other: PseudoLabels) -> None:
        np.testing.assert_array_equal(mine.semantic, other.semantic)
        np.testing.assert_array_equal(mine.instance, other.instance)
        np.testing.assert_allclose(mine.weight, other.weight, rtol=0, atol=1e-5)

    arguments = (probability, supervoxel, proposals)
    return Task(
        lambda: proposal_pseudo_labels(*arguments, SCANNET, settings, CERTAIN),
        lambda: labels_plainly(*arguments, settings),
        check,
        len(scene),
    )


def labels_plainly(
    probability: np.ndarray, supervoxel: np.ndarray, proposals: Regions, settings: PseudoLabelSettings
) -> PseudoLabels:
    """Suppression by dense masks, then one supervoxel after the other."""
    masks = np.zeros((len(proposals), len(probability)), bool)
    for k, mask in enumerate(masks):
        mask[proposals[k]] = True
    kept: list[int] = []
    for k in np.argsort(-proposals.score, kind="stable"):
        overlaps = [(masks[k] & masks[j]).sum() / (masks[k] | masks[j]).sum() for j in kept]
        if proposals.score[k] > CERTAIN and max(overlaps, default=0) <= settings.overlap_iou:
            kept.append(k)
    semantic = np.full(len(probability), -1, np.int32)
    weight, instance = np.zeros(len(probability), np.float32), semantic.copy()
    order = np.argsort(supervoxel, kind="stable")
    for piece in np.split(order, np.flatnonzero(np.diff(supervoxel[order])) + 1):
        inside = probability[piece]
        sure = inside.max(axis=1) > settings.semantic_threshold
        votes = np.bincount(inside[sure].argmax(axis=1), minlength=inside.shape[1])
        winner = int(votes.argmax())
        if sure.any() and votes[winner] / len(piece) >= settings.initial_share:
            semantic[piece], weight[piece] = winner, inside[:, winner].mean()
    if settings.outside == "ignore":
        semantic[(semantic >= 0) & SCANNET.is_thing[semantic]] = -1
    for number, k in reversed(list(enumerate(kept))):
        semantic[masks[k]], instance[masks[k]] = proposals.label[k], number
        weight[masks[k]] = proposals.score[k]
    if settings.weighting == "equal":
        weight[:] = 1
    return PseudoLabels(semantic, instance, weight)


CASES = [
    Case(
        "pseudo-labels of a scan", "points", "dense masks, one supervoxel after the other",
        "bit for bit, weights to 1e-5", (33_000, 132_000, 500_000), label_task,
    ),
    Case(
        "evaluation, 132 000 points, 100 predictions", "scenes", "dense masks", "to 1e-12", (1, 2, 4),
        evaluation_task,
    ),
]  # fmt: skip
