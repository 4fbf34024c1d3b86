"""Applying models to one's own scan, or to a list of scans so that a killed job goes on with the rest."""

from __future__ import annotations

import hashlib
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from twist.devices import enough_memory
from twist.errors import TwistError, naming
from twist.files import exclusive_lock, exclusive_lock_if_free, file_sha256, shared_lock, write_text
from twist.inference import Inference, extract, infer, predictions, recorrected_proposals
from twist.inspection.own_scan import FittedScan
from twist.learning.samples import SceneSample, load_sample, make_sample
from twist.network.ensemble import Ensemble
from twist.regions import Regions
from twist.selftraining.evidence import Evidence
from twist.selftraining.pseudolabels import PseudoLabels, initial_pseudo_labels, proposal_pseudo_labels
from twist.settings import Settings

_MEMORY_ADVICE = "lower inference.voxels_max, so that large scans go through the network in tiles"
_LINE_EVERY_S = 5.0
_SAY_WAITING_AFTER_S = 2.0


def each_scan(
    models: Sequence[Path],
    data: Path,
    scenes: Sequence[str],
    out_dir: Path,
    depends: str,
    device: torch.device,
) -> Iterator[tuple[Ensemble, SceneSample, Path]]:
    """(the models, scan, where its result goes) for every scan without a current result.

    data: folder with ``scenes/`` and ``supervoxels/``; depends: settings that results depend on, as text.
    Results of other models or other settings in ``out_dir`` are deleted first. Prints progress.
    Raises TwistError where ``out_dir`` holds files of this kind that no such job wrote.
    """
    job = hashlib.sha256("\n".join(scenes).encode()).hexdigest()[:12]
    with (
        _current_results_alone(out_dir, "".join(map(file_sha256, models)) + depends),
        exclusive_lock(out_dir / f".{job}.lock", f"{out_dir}, {len(scenes)} scans"),  # an orphan of this job
    ):
        yield from _missing_scans(models, data, scenes, out_dir, device)


@contextmanager
def work_on(scene: str) -> Iterator[None]:
    """Inside, errors name the scan, and too little memory says what to do."""
    with naming(f"scene {scene}"), enough_memory(_MEMORY_ADVICE):
        yield


def _missing_scans(
    models: Sequence[Path], data: Path, scenes: Sequence[str], out_dir: Path, device: torch.device
) -> Iterator[tuple[Ensemble, SceneSample, Path]]:
    inputs = {name: [data / part / f"{name}.npz" for part in ("scenes", "supervoxels")] for name in scenes}
    missing = [name for name in scenes if not _is_current(out_dir / f"{name}.npz", inputs[name])]
    if len(missing) < len(scenes):
        print(f"{len(scenes) - len(missing)} of {len(scenes)} scans are done already", flush=True)
    if not missing:
        return
    for part in out_dir.glob(".*.part"):  # of killed writers
        if part.name[1:].split(".npz.")[0].removesuffix(".evidence") in missing:
            part.unlink(missing_ok=True)
    ensemble = Ensemble.load(models, device)
    began = said = time.monotonic()
    for done, name in enumerate(missing, start=1):
        result, written_at = out_dir / f"{name}.npz", _written_at(inputs[name])
        features = ensemble.settings.features
        with work_on(name):
            sample = load_sample(*inputs[name], ensemble.table, hide_labels=True, features=features)
        yield ensemble, sample, result
        if result.exists():  # of a scan that was prepared anew meanwhile it is outdated
            os.utime(result, ns=(written_at, written_at))
        now = time.monotonic()
        if now - said > _LINE_EVERY_S or done == len(missing):
            left = (now - began) / done * (len(missing) - done)
            print(f"{done}/{len(missing)} scans, {left:.0f} s left", flush=True)
            said = now


def _is_current(result: Path, inputs: Sequence[Path]) -> bool:
    """Is the result of these inputs, or of younger ones? A scan that was prepared anew needs another."""
    return result.exists() and result.stat().st_mtime_ns >= _written_at(inputs)


def _written_at(inputs: Sequence[Path]) -> int:
    """When the youngest input was written, in ns; a missing one is younger than any result."""
    return max(path.stat().st_mtime_ns if path.exists() else sys.maxsize for path in inputs)


@contextmanager
def _current_results_alone(out_dir: Path, origin: str) -> Iterator[None]:
    """While inside, ``out_dir`` takes results of this origin alone; those of another one are deleted.

    Shards of one origin work side by side; what is left of a killed workflow with another one is waited for,
    lest it go on writing among them. Manifests vouch for deleted results and go with them.
    """
    digest = hashlib.sha256(origin.encode()).hexdigest()
    mark, lock = out_dir / "origin.sha256", out_dir / ".lock"
    began, said = time.monotonic(), False
    while True:
        with shared_lock(lock, f"{out_dir}"):
            if mark.exists() and mark.read_text() == digest:
                yield
                return
        # Not waited for in the lock's own queue: of shards that start together one marks the folder and works
        # on, and the others must see that and join it.
        with exclusive_lock_if_free(lock) as alone:
            if alone:
                _begin(out_dir, mark, digest)
                continue
        if not said and time.monotonic() - began > _SAY_WAITING_AFTER_S:
            print(f"{out_dir} is being worked on with other models or settings; waiting ...", flush=True)
            said = True
        time.sleep(random.uniform(0.05, 0.2))


def _begin(out_dir: Path, mark: Path, digest: str) -> None:
    """Mark a folder that nobody works on, and delete what has another mark."""
    if mark.exists() and mark.read_text() == digest:
        return
    others = [*out_dir.glob("*.npz"), *out_dir.glob("shard*.json")]
    if others and not mark.exists():
        raise TwistError(
            f"{out_dir} holds files that this step did not write, as {others[0].name}, and that would be "
            "taken for its own; name another folder, or empty this one"
        )
    write_text(mark, "being emptied\n")
    for stale in others:
        stale.unlink()
    write_text(mark, digest)


def pseudo_label(
    ensemble: Ensemble, sample: SceneSample, settings: Settings, round_number: int
) -> tuple[PseudoLabels, Evidence]:
    """What a round, from 1 on, learns of a scan, by the models of the round before; and what it rests on.

    Round 1 learns classes alone, for Ψ cannot judge yet [paper].
    """
    options = settings.pseudolabels
    if round_number == 1:
        said = extract(ensemble, sample, settings.inference, options.views)
        labels = initial_pseudo_labels(said.probability, sample.supervoxel, options)
        return labels, Evidence.of(said.probability)
    answer = infer(ensemble, sample, settings.proposals, settings.inference, options.views)
    proposals = recorrected_proposals(answer, ensemble.table)
    threshold = options.threshold_of(round_number)
    labels = proposal_pseudo_labels(
        answer.point_probability, sample.supervoxel, proposals, ensemble.table, options, threshold
    )
    return labels, Evidence.of(answer.point_probability, proposals)


def scored_instances(
    ensemble: Ensemble, sample: SceneSample, settings: Settings
) -> tuple[Regions, Inference]:
    """The scored instances of a scan, best first, and the answer that they were chosen from."""
    options, limits = settings.prediction, settings.inference
    answer = infer(ensemble, sample, settings.proposals, limits, options.views, options.class_weight_power)
    return predictions(answer, ensemble.table, options), answer


def find_instances(ensemble: Ensemble, fitted: FittedScan, settings: Settings) -> tuple[Regions, np.ndarray]:
    """The scored instances of one's own scan, best first, and the class index of each point, (M,) int64.

    Both are of the scene's points, not yet of the file's: see ``FittedScan.of_file``.
    """
    features = ensemble.settings.features
    sample = make_sample(fitted.scene, fitted.supervoxels, ensemble.table, features=features)
    with enough_memory(_MEMORY_ADVICE):
        instances, answer = scored_instances(ensemble, sample, settings)
    return instances, answer.probability.argmax(axis=1)
