"""A run's scans and what it said of them, as the 3D page takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.files import read_npz
from twist.regions import Regions, overlap
from twist.scene import Scene
from twist.selftraining.evidence import Evidence
from twist.selftraining.pseudolabels import PseudoLabels
from twist.showing.viewer import Labelling, ViewedScene


def predicted_scenes(names: Sequence[str], data: Path, predictions: Path) -> Iterator[ViewedScene]:
    """Scored scans with the predictions of a model. data: folder with scenes/ and supervoxels/."""
    for name in names:
        labelling = Labelling("Predictions", Regions.load(predictions / f"{name}.npz"))
        yield _viewed(name, data, "scored scan", [labelling])


def pseudo_labelled_scenes(
    names: Sequence[str], data: Path, rounds: Mapping[int, Path]
) -> Iterator[ViewedScene]:
    """Unlabelled training scans with what was learned of them. rounds: folder of each round's labels."""
    for name in names:
        labellings = [
            pseudo_labelling(f"Pseudo-labels, round {round_number}", folder / f"{name}.npz")
            for round_number, folder in sorted(rounds.items())
        ]
        yield _viewed(name, data, "training scan, labels hidden from the training", labellings)


def pseudo_labelling(title: str, path: Path) -> Labelling:
    """One round's pseudo-labels of a scan. Instances come by Ψ's certainty, best first."""
    labels, evidence = PseudoLabels.load(path), Evidence.load(path)
    instances, proposals = Regions.from_ids(labels.instance, labels.semantic), evidence.proposals
    # An instance is what better ones have left of its proposal: the surest of its class that holds all of it.
    inside = overlap(instances, proposals).toarray() == instances.sizes[:, None]
    its_own = inside & (instances.label[:, None] == proposals.label)
    certainty = np.where(its_own, proposals.score, 0.0).max(axis=1, initial=0.0)
    instances = instances.with_labels(instances.label, certainty)
    return Labelling(
        title,
        instances.select(np.argsort(-instances.score, kind="stable")),
        semantic=labels.semantic,
        certainty=evidence.confidence / np.float32(255),
    )


def _viewed(name: str, data: Path, note: str, labellings: Sequence[Labelling]) -> ViewedScene:
    path = data / "supervoxels" / f"{name}.npz"
    try:
        supervoxel = read_npz(path)["supervoxel"]
    except KeyError as error:
        raise TwistError(f"{path} does not hold supervoxels; delete it and run again") from error
    return ViewedScene(Scene.load(data / "scenes" / f"{name}.npz"), note, labellings, supervoxel)
