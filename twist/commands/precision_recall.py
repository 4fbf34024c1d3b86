"""Precision over recall of each class, from one round's predictions."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "draw precision over recall of each class at IoU .5 and .25"
EXAMPLE = (
    "python -m twist precision-recall --run rooms_5pct --scenes results/data/rooms/scenes --list val.txt "
    "--predictions results/rooms_5pct/round5/predictions --csv precision_recall.csv --plot precision_recall"
)

#: The curves' names and IoU thresholds.
_CURVES = {"IoU .5": 0.5, "IoU .25": 0.25}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--scenes", type=Path, required=True, help="folder of the prepared scenes")
    parser.add_argument("--list", type=Path, required=True, help="names of the scored scenes")
    parser.add_argument("--predictions", type=Path, required=True, help="folder of the predictions")
    parser.add_argument("--csv", type=Path, required=True, help="a line for each point of each curve")
    parser.add_argument("--plot", type=Path, required=True, metavar="STEM", help="gets .png and .svg")


def run(arguments: argparse.Namespace) -> None:
    from twist.classes import CLASS_TABLES
    from twist.files import read_names, write_text
    from twist.runs import chosen_settings
    from twist.scoring.average_precision import average_precision, class_curves
    from twist.scoring.evaluation import match_run
    from twist.showing.precision_recall import plot_precision_recall
    from twist.showing.style import save_plot
    from twist.showing.tables import as_csv

    table = CLASS_TABLES[chosen_settings(arguments).data.format]
    matches = match_run(read_names(arguments.list), arguments.scenes, arguments.predictions, table)
    curves = {name: class_curves(matches, table, threshold) for name, threshold in _CURVES.items()}
    rows = [
        {"class": name, "iou": threshold, "recall": recall, "precision": precision}
        for label, threshold in _CURVES.items()
        for name, points in curves[label].items()
        for precision, recall in zip(*points, strict=True)
    ]
    write_text(arguments.csv, as_csv(rows, ("class", "iou", "recall", "precision")))
    scores = average_precision(matches, table)
    titles = {
        name: f"{name}\nAP50 {100 * ap:.0f}" if count else f"{name}\nnone annotated"
        for name, ap, count in zip(scores.names, scores.class_ap50, scores.instances, strict=True)
    }
    save_plot(plot_precision_recall(curves, titles), arguments.plot)
    print(f"AP50 {100 * scores.mean_ap50:.1f} on {scores.scenes} scenes; drawn to {arguments.plot}.png, .svg")
