"""``diagnose``: the pseudo-labels of one round against the hidden annotations of their scans."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from twist.checking import natural

HELP = "compare a round's pseudo-labels with annotations that the training never saw"
EXAMPLE = (
    "python -m twist diagnose --run rooms_5pct --data results/data/rooms --scenes unlabelled.txt "
    "--pseudo-labels pseudolabels --round 2 --out pseudo_quality.csv --calibration calibration.csv"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--data", type=Path, required=True, help="folder with scenes/, annotations included")
    parser.add_argument("--scenes", type=Path, required=True, help="list of the pseudo-labelled scenes")
    parser.add_argument("--pseudo-labels", type=Path, metavar="DIR", required=True, help="as `label` left it")
    parser.add_argument("--round", type=natural, required=True, help="that learned from them")
    parser.add_argument("--out", type=Path, required=True, help="CSV, one row a class and five summaries")
    parser.add_argument("--calibration", type=Path, required=True, help="CSV, one row a bin of a score")


def run(arguments: argparse.Namespace) -> None:
    import pandas as pd

    from twist.classes import CLASS_TABLES
    from twist.files import read_names, write_text
    from twist.runs import chosen_settings
    from twist.scoring.pseudo_quality import quality_rows
    from twist.selftraining.diagnosis import diagnose_scans

    settings = chosen_settings(arguments)
    table = CLASS_TABLES[settings.data.format]
    names = read_names(arguments.scenes)
    diagnosis = diagnose_scans(
        names, arguments.data / "scenes", arguments.pseudo_labels, table, settings.recorrection
    )
    rows = quality_rows(diagnosis.labels, table)
    bins = [{"score": key, **row} for key, part in diagnosis.reliability.items() for row in part.rows()]
    for path, content in ((arguments.out, rows), (arguments.calibration, bins)):
        frame = pd.DataFrame(content)
        frame.insert(0, "round", arguments.round)
        write_text(path, frame.to_csv(index=False, float_format="%.6g"))

    (things,) = [row for row in rows if row["class"] == "all things"]
    shown = ("precision", "coverage", "recall", "instance_precision", "instance_recall", "mean_iou")
    known = [key for key in shown if not math.isnan(things[key])]
    figures = [f"{key.replace('_', ' ')} {things[key]:.2f}" for key in known]
    print(f"round {arguments.round}, {len(names)} scans; objects: {', '.join(figures)}")
