"""The pseudo-labels of a round against the annotations of their scans, which only this diagnosis reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

from twist.classes import ClassTable
from twist.errors import TwistError, naming
from twist.scene import Scene
from twist.scoring.pseudo_quality import LabelCounts, count_labels
from twist.scoring.reliability import Reliability, certainty_reliability, probability_reliability
from twist.selftraining.evidence import Evidence
from twist.selftraining.pseudolabels import PseudoLabels
from twist.settings import RecorrectionSettings


@dataclass(frozen=True)
class Diagnosis:
    """What one or more scans show; they are joined by ``+``.

    certainty: of Ψ, over all proposals; thing_probability, stuff_probability: of Φ, over points by the kind
    of their predicted class
    """

    labels: LabelCounts
    certainty: Reliability
    thing_probability: Reliability
    stuff_probability: Reliability

    def __add__(self, other: Diagnosis) -> Diagnosis:
        return Diagnosis(*(getattr(self, key) + getattr(other, key) for key in vars(self)))

    @property
    def reliability(self) -> dict[str, Reliability]:
        return {key: value for key, value in vars(self).items() if key != "labels"}


def diagnose_scans(
    names: Sequence[str],
    scene_folder: Path,
    label_folder: Path,
    table: ClassTable,
    settings: RecorrectionSettings,
) -> Diagnosis:
    """Diagnose what `label` left of each scan in ``label_folder``; one scan is in memory at a time.

    Raises TwistError for no scans, and naming the scan that came without annotations or does not fit.
    """
    if not names:
        raise TwistError("there are no scans, so there are no pseudo-labels to diagnose")
    return reduce(
        add,
        (
            _diagnose_scan(scene_folder / f"{n}.npz", label_folder / f"{n}.npz", table, settings)
            for n in names
        ),
    )


def _diagnose_scan(
    scene_path: Path, label_path: Path, table: ClassTable, settings: RecorrectionSettings
) -> Diagnosis:
    scene = Scene.load(scene_path)
    if not scene.labelled:
        raise TwistError(
            f"scene {scene.name} came without annotations ({scene_path}), so nobody can tell how good its "
            "pseudo-labels are; list annotated scenes only"
        )
    labels, evidence = PseudoLabels.load(label_path), Evidence.load(label_path)
    if not len(scene) == len(labels.semantic) == len(evidence.predicted):
        raise TwistError(
            f"scene {scene.name} has {len(scene)} points, its pseudo-labels {label_path} have "
            f"{len(labels.semantic)}; delete {label_path.parent} and run again"
        )
    truth = scene.semantic, scene.instance
    is_thing, probability = table.is_thing[evidence.predicted], evidence.confidence / 255
    with naming(f"scene {scene.name}"):
        return Diagnosis(
            count_labels(scene.xyz, truth, (labels.semantic, labels.instance), table),
            certainty_reliability(evidence.proposals, *truth, table, settings),
            *(
                probability_reliability(probability[kind], evidence.predicted[kind], scene.semantic[kind])
                for kind in (is_thing, ~is_thing)
            ),
        )
