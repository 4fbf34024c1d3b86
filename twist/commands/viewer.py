"""``viewer``: a run's scans in one HTML page, to turn, pick and compare."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "write the 3D page of a run: scans, ground truth, predictions and pseudo-labels in one HTML file"
EXAMPLE = (
    "python -m twist viewer --run rooms_5pct --data results/data/rooms --scenes val.txt "
    "--predictions predictions --unlabelled unlabelled.txt --pseudo-labels round1 round2 --out viewer.html"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--data", type=Path, required=True, help="folder with scenes/ and supervoxels/")
    parser.add_argument("--scenes", type=Path, required=True, help="list of the predicted scenes")
    parser.add_argument(
        "--predictions", type=Path, metavar="DIR", required=True, help="as `predict-scenes` left them"
    )
    parser.add_argument("--unlabelled", type=Path, metavar="FILE", help="list of the pseudo-labelled scenes")
    parser.add_argument(
        "--pseudo-labels",
        type=Path,
        metavar="DIR",
        nargs="+",
        default=[],
        help="as `label` left them, a folder a round, from round 1 on",
    )
    parser.add_argument(
        "--only", nargs="+", metavar="SCENE", help="these scenes; default: some, evenly over the lists"
    )
    parser.add_argument("--out", type=Path, required=True, help="HTML to write")


def run(arguments: argparse.Namespace) -> None:
    from itertools import chain

    from twist.classes import CLASS_TABLES
    from twist.errors import TwistError
    from twist.files import read_names
    from twist.runs import chosen_settings
    from twist.selftraining.viewed import predicted_scenes, pseudo_labelled_scenes
    from twist.showing.selection import evenly
    from twist.showing.viewer import write_viewer

    settings = chosen_settings(arguments)
    if bool(arguments.unlabelled) != bool(arguments.pseudo_labels):
        raise TwistError("give --unlabelled and --pseudo-labels together, or neither")
    predicted = read_names(arguments.scenes)
    unlabelled = read_names(arguments.unlabelled) if arguments.unlabelled else ()
    if wanted := set(arguments.only or ()):
        if unknown := wanted - {*predicted, *unlabelled}:
            raise TwistError(f"--only: {', '.join(sorted(unknown))} not in the lists of scenes")
        predicted = [name for name in predicted if name in wanted]
        unlabelled = [name for name in unlabelled if name in wanted]
    else:
        predicted = evenly(predicted, settings.viewer.predicted_scenes)
        unlabelled = evenly(unlabelled, settings.viewer.unlabelled_scenes)

    rounds = dict(enumerate(arguments.pseudo_labels, start=1))
    scenes = chain(
        predicted_scenes(predicted, arguments.data, arguments.predictions),
        pseudo_labelled_scenes(unlabelled, arguments.data, rounds),
    )
    write_viewer(
        arguments.out,
        scenes,
        title=arguments.run or arguments.dataset,
        table=CLASS_TABLES[settings.data.format],
        points_max=settings.viewer.points_max,
    )
    size = arguments.out.stat().st_size / 1e6
    print(f"{len(predicted) + len(unlabelled)} scans in {arguments.out}, {size:.1f} MB: open it in a browser")
