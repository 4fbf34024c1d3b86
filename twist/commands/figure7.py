"""Figure 7: scenes with annotation and prediction, and the pseudo-labels of each round."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "draw input, annotation and prediction of scenes side by side, and each round's pseudo-labels"
EXAMPLE = (
    "python -m twist figure7 --run rooms_5pct --data results/data/rooms --list val.txt "
    "--predictions results/rooms_5pct/round5/predictions --unlabelled unlabelled.txt "
    "--pseudo-labels round1/pseudolabels round2/pseudolabels --out results/rooms_5pct/figure7.png"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--data", type=Path, required=True, help="folder with scenes/")
    parser.add_argument("--list", type=Path, required=True, help="names of the scored scenes")
    parser.add_argument("--predictions", type=Path, required=True, help="folder of the predictions")
    parser.add_argument("--unlabelled", type=Path, help="names of the pseudo-labelled scans")
    parser.add_argument(
        "--pseudo-labels", type=Path, nargs="*", default=[], metavar="DIR", help="by round, from 1"
    )
    chosen = "which: a number, evenly spaced in the list, or names"
    parser.add_argument("--show", nargs="+", default=["3"], help=f"scored scenes, {chosen}")
    parser.add_argument("--show-unlabelled", nargs="+", default=["2"], help=f"unlabelled scans, {chosen}")
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")


def run(arguments: argparse.Namespace) -> None:
    from twist.classes import CLASS_TABLES
    from twist.errors import TwistError
    from twist.files import read_names
    from twist.regions import Regions
    from twist.runs import chosen_settings
    from twist.scene import Scene
    from twist.selftraining.pseudolabels import PseudoLabels
    from twist.showing.figure7 import Labels, figure7
    from twist.showing.selection import selected
    from twist.showing.style import save_plot

    if arguments.out.suffix != ".png":
        raise TwistError(f"--out {arguments.out}: the figure is a picture, name a .png")
    table = CLASS_TABLES[chosen_settings(arguments).data.format]
    scored = selected(read_names(arguments.list), arguments.show, arguments.list)
    predicted = [
        (
            Scene.load(arguments.data / "scenes" / f"{name}.npz"),
            Regions.load(arguments.predictions / f"{name}.npz"),
        )
        for name in scored
    ]
    scans: list[str] = []
    if arguments.unlabelled and arguments.pseudo_labels:
        scans = selected(read_names(arguments.unlabelled), arguments.show_unlabelled, arguments.unlabelled)

    def labels_of(name: str) -> dict[int, Labels]:
        loaded = (PseudoLabels.load(folder / f"{name}.npz") for folder in arguments.pseudo_labels)
        return {
            round_number: Labels(one.semantic, one.instance)
            for round_number, one in enumerate(loaded, start=1)
        }

    labelled = [(Scene.load(arguments.data / "scenes" / f"{name}.npz"), labels_of(name)) for name in scans]
    save_plot(figure7(predicted, labelled, table), arguments.out.with_suffix(""), kinds=("png",))
    print(f"{', '.join([*scored, *scans])} drawn to {arguments.out}")
