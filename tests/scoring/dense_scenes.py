"""Random scenes for comparing scores with their references: many ties, duplicates and small regions."""

from __future__ import annotations

import numpy as np

from tests.references.ap_reference import DenseScene, Part
from twist.classes import SCANNET
from twist.regions import Regions

CHAIR, TABLE, WALL, FLOOR = (SCANNET.names.index(name) for name in ("chair", "table", "wall", "floor"))


def regions(masks: list[np.ndarray], labels: list[int], scores: list[float], points: int) -> Regions:
    index = [np.flatnonzero(mask) for mask in masks]
    return Regions(
        np.concatenate([np.zeros(0, int), *index]).astype(np.int32),
        np.cumsum([0, *map(len, index)]).astype(np.int64),
        np.array(labels, np.int32),
        np.array(scores, np.float64),
        points,
    )


def regions_of(scene: DenseScene) -> Regions:
    """The predictions of a dense scene."""
    guesses = scene.guesses
    masks, labels = [guess.mask for guess in guesses], [guess.label for guess in guesses]
    return regions(masks, labels, [guess.score for guess in guesses], len(scene.semantic))


def random_scene(random: np.random.Generator) -> DenseScene:
    """Instances of 0 to 600 points, half of the predictions near one of them; many ties and duplicates."""
    points, classes = 1500, [WALL, CHAIR, CHAIR, TABLE, TABLE]
    semantic, instance = np.full(points, -1), np.full(points, -1)
    for run in np.split(np.arange(points), np.sort(random.integers(0, points, random.integers(2, 14)))):
        semantic[run] = random.choice([-1, *classes])
        instance[run] = random.integers(-1, 8)
    guesses = []
    for _ in range(random.integers(0, 20)):
        seed = random.integers(points)
        label = semantic[seed] if random.random() < 0.8 else random.choice([-1, *classes])
        mask = (semantic == semantic[seed]) & (instance == instance[seed])
        mask = np.roll(mask, random.integers(-60, 60)) & (random.random(points) < random.choice([1, 0.7]))
        mask |= random.random(points) < random.choice([0, 0.05])
        for _ in range(1 + (random.random() < 0.2)):
            guesses.append(Part(mask, int(label), float(random.choice([0.1, 0.3, 0.5, 0.9]))))
    return DenseScene(semantic, instance, guesses)
