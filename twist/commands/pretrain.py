"""Pre-train Φ's backbone without labels."""

from __future__ import annotations

import argparse
from pathlib import Path

from twist.checking import natural
from twist.modifiers import PRETRAINED

HELP = "pre-train Φ's backbone on pairs of views of the training scans; goes on where a killed one stopped"
EXAMPLE = (
    "python -m twist pretrain --dataset rooms --method pc --data results/data/rooms "
    "--views results/data/rooms/pretrain/views/*.json --out model.pt --work work"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.leases import add_device_argument
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument(
        "--method", choices=PRETRAINED, required=True, help="the loss: as PointContrast, as CSC"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with scenes/ and supervoxels/")
    parser.add_argument(
        "--views",
        type=Path,
        nargs="+",
        required=True,
        help="manifests of `views`; their scans are learned from",
    )
    parser.add_argument(
        "--scenes", type=Path, help="scenes.json with the hashes of the scans, which are read without it"
    )
    parser.add_argument("--seed", type=natural, default=0)
    add_device_argument(parser)
    parser.add_argument("--name", default="pre-training", help="name in the log")
    parser.add_argument("--work", type=Path, required=True, help="folder of the resumable state and the log")
    parser.add_argument("--out", type=Path, required=True, help="the pre-trained backbone")


def run(arguments: argparse.Namespace) -> None:
    from twist.leases import lease_gpus

    lease_gpus(arguments.device)  # before torch is imported

    from twist.classes import CLASS_TABLES
    from twist.devices import open_device
    from twist.errors import TwistError
    from twist.files import read_json
    from twist.learning.origins import origin_of, prepared_scans, results_for_scans
    from twist.pretraining.trainer import PretrainingPlan, pretrain
    from twist.runs import chosen_settings

    settings = chosen_settings(arguments).pretrained(arguments.method)
    pairs: dict[str, int] = {}
    for path in arguments.views:
        try:
            pairs |= {scan: int(facts["pairs"]) for scan, facts in read_json(path).items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise TwistError(f"{path} is no manifest of `twist views`; run `views` again") from error
    scans = tuple(scan for scan, count in pairs.items() if count)
    if len(scans) < len(pairs):
        print(
            f"{len(pairs) - len(scans)} of {len(pairs)} scans have no pair of views that overlap", flush=True
        )
    view_folder = arguments.views[0].parent
    learned = prepared_scans(arguments.data, scans, arguments.scenes)
    learned |= results_for_scans("views", view_folder, scans, arguments.views)
    plan = PretrainingPlan(
        settings=settings,
        table=CLASS_TABLES[settings.data.format],
        scene_folder=arguments.data / "scenes",
        supervoxel_folder=arguments.data / "supervoxels",
        view_folder=view_folder,
        scans=scans,
        seed=arguments.seed,
        origin=origin_of({}, settings.of_pretraining(), seed=arguments.seed, **learned),
    )
    pretrain(plan, arguments.work, arguments.out, open_device(arguments.device), arguments.name)
