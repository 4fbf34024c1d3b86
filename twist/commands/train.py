"""Train Φ, and Ψ in every round but the first."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from twist.checking import natural

if TYPE_CHECKING:
    from twist.learning.batches import Mix
    from twist.learning.processes import Processes
    from twist.learning.trainer import TrainingPlan
    from twist.settings import Settings

HELP = "train Φ (and Ψ) on labelled and pseudo-labelled scenes; goes on where a killed training stopped"
EXAMPLE = (
    "python -m twist train --stage start --run rooms_5pct-suponly "
    "--data results/data/rooms --labelled labelled.txt --out model.pt --work work"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.leases import add_device_argument
    from twist.runs import add_settings_arguments

    parser.add_argument(
        "--stage",
        choices=("start", "round", "control"),
        required=True,
        help="start: round 0, Φ on labels alone; round: labels and pseudo-labels; "
        "control: a round's schedule on labels alone",
    )
    add_settings_arguments(parser)
    parser.add_argument("--data", type=Path, required=True, help="folder with scenes/ and supervoxels/")
    parser.add_argument("--full", action="store_true", help="start: every scene is labelled, train longer")
    parser.add_argument("--labelled", type=Path, required=True, help="list of labelled scenes")
    parser.add_argument("--unlabelled", type=Path, help="list of pseudo-labelled scenes")
    parser.add_argument("--pseudo-labels", type=Path, help="folder with their pseudo-labels")
    parser.add_argument("--start", type=Path, help="model to go on from; without it, random weights")
    parser.add_argument("--backbone", type=Path, help="pre-trained backbone, where --start gives no model")
    parser.add_argument(
        "--scenes", type=Path, help="scenes.json with the hashes of the scans, which are read without it"
    )
    parser.add_argument(
        "--labels",
        type=Path,
        nargs="*",
        default=[],
        help="manifests of `label` with the hashes of the pseudo-labels, which are read without them",
    )
    parser.add_argument("--seed", type=natural, default=0)
    add_device_argument(parser)
    parser.add_argument("--name", default="training", help="name in the log")
    parser.add_argument("--work", type=Path, required=True, help="folder of the resumable state and the log")
    parser.add_argument("--out", type=Path, required=True, help="the trained model")


def run(arguments: argparse.Namespace) -> None:
    from twist.leases import lease_gpus
    from twist.runs import chosen_settings

    settings = chosen_settings(arguments)
    count = settings.training.gpus_per_training
    lease_gpus(arguments.device, count)  # before torch is imported

    from twist.classes import CLASS_TABLES
    from twist.errors import TwistError
    from twist.files import read_json, read_names
    from twist.learning.launching import launch
    from twist.learning.origins import origin_of, prepared_scans, results_for_scans
    from twist.learning.trainer import TrainingPlan
    from twist.splits import without_annotation

    labelled, is_start = read_names(arguments.labelled), arguments.stage == "start"
    if not labelled:
        raise TwistError(f"{arguments.labelled} lists no scenes; training needs labelled ones")
    if arguments.scenes and (bare := without_annotation(labelled, read_json(arguments.scenes))):
        raise TwistError(
            f"{arguments.labelled}: {len(bare)} of the {len(labelled)} scans have no annotation, first "
            f"{bare[0]}; Ψ would take all their proposals for background. Delete the list: it is made anew"
        )
    if arguments.start and arguments.backbone:
        raise TwistError("give --start or --backbone: a model to go on from has its backbone already")
    files = {what: vars(arguments)[what] for what in ("labelled", "unlabelled", "start", "backbone")}
    later = settings.of_round_training(pseudo_labels=arguments.stage == "round")
    depends = settings.of_start_training() if is_start else later
    start_iterations = settings.training.start_iterations(len(labelled), arguments.full)
    iterations = start_iterations if is_start else settings.selftraining.iterations
    mix = scene_mix(arguments, settings, labelled)
    facts = {"seed": arguments.seed, "stage": arguments.stage, "iterations": iterations}
    facts |= prepared_scans(arguments.data, (*mix.labelled, *mix.pseudo), arguments.scenes)
    if mix.pseudo:
        facts |= results_for_scans("pseudo-labels", arguments.pseudo_labels, mix.pseudo, arguments.labels)
    plan = TrainingPlan(
        settings=settings,
        table=CLASS_TABLES[settings.data.format],
        scene_folder=arguments.data / "scenes",
        supervoxel_folder=arguments.data / "supervoxels",
        mix=mix,
        iterations=iterations,
        seed=arguments.seed,
        start=arguments.start,
        backbone=arguments.backbone,
        train_recorrection=not is_start,
        origin=origin_of(files, depends, **facts),
    )
    paths = (arguments.work, arguments.out)
    launch(count, train_on, plan, *paths, arguments.device, arguments.name)


def scene_mix(arguments: argparse.Namespace, settings: Settings, labelled: tuple[str, ...]) -> Mix:
    """Which scenes make a step of the stage. Raises TwistError for a round without pseudo-labels."""
    from twist.errors import TwistError
    from twist.files import read_names
    from twist.learning.batches import Mix

    rounds = settings.selftraining
    if arguments.stage == "start":
        return Mix(labelled, settings.training.scenes_per_step)
    if arguments.stage == "control":  # as many scenes a step as a round has, all of them labelled
        return Mix(labelled, rounds.labelled_per_step + rounds.pseudo_per_step)
    if not (arguments.unlabelled and arguments.pseudo_labels):
        raise TwistError("--stage round needs --unlabelled and --pseudo-labels; without them, use control")
    pseudo = read_names(arguments.unlabelled)
    if not pseudo:
        raise TwistError(f"{arguments.unlabelled} lists no scenes: a round needs some that are not labelled")
    return Mix(labelled, rounds.labelled_per_step, pseudo, rounds.pseudo_per_step, arguments.pseudo_labels)


def train_on(
    processes: Processes, plan: TrainingPlan, work: Path, out: Path, device_name: str, name: str
) -> None:
    """What each process of a training does."""
    from twist.devices import open_device
    from twist.learning.trainer import train

    device = open_device(processes.device_name(device_name))
    train(plan, work, out, device, name, processes)
