"""``evaluate``: score predictions as ScanNet's benchmark does."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from twist.classes import CLASS_TABLES
from twist.errors import TwistError

HELP = "score predictions as ScanNet's benchmark does (mAP, AP50, AP25)"
EXAMPLE = "python -m twist evaluate --gt truth/ --pred submission/ --out eval.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    official = parser.add_argument_group("predictions in the benchmark's text format")
    official.add_argument("--gt", type=Path, metavar="DIR", help="ground truth: SCENE.txt")
    official.add_argument("--pred", type=Path, metavar="DIR", help="predictions: SCENE.txt and their masks")
    run = parser.add_argument_group("predictions of the workflow")
    run.add_argument("--scenes", type=Path, metavar="DIR", help="prepared scenes: SCENE.npz")
    run.add_argument("--predictions", type=Path, metavar="DIR", help="predictions: SCENE.npz")
    run.add_argument("--list", type=Path, metavar="FILE", help="names of the scenes, one a line")
    run.add_argument("--round", type=int, help="rounds that the model was trained for")
    run.add_argument("--predicted", type=Path, metavar="FILE", help="manifest of `predict`, for the record")
    parser.add_argument("--classes", choices=tuple(CLASS_TABLES), help="of the text format; else the run's")
    add_settings_arguments(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", required=True, help="JSON to write")


def run(arguments: argparse.Namespace) -> None:
    from twist.files import read_json, read_names, write_json
    from twist.provenance import provenance
    from twist.runs import Run, chosen_settings
    from twist.scoring.evaluation import evaluate_official, evaluate_run
    from twist.scoring.record import eval_record, record_as_text

    begin = time.perf_counter()
    official = is_official(arguments)
    settings = chosen_settings(arguments) if arguments.run or arguments.dataset else None
    table = CLASS_TABLES[arguments.classes or (settings.data.format if settings else "scannet")]
    about = {"dataset": arguments.dataset or table.name}
    if arguments.run:
        about = Run.parse(arguments.run).about(arguments.round)
    if official:
        scores = evaluate_official(arguments.gt, arguments.pred, table)
    else:
        names = read_names(arguments.list)
        scores = evaluate_run(names, arguments.scenes, arguments.predictions, table)
    predicted = read_json(arguments.predicted) if arguments.predicted else {}
    source = provenance(
        settings_fingerprint=settings.fingerprint() if settings else None,
        device=predicted.get("device"),
        wall_seconds=predicted.get("wall_seconds", 0.0) + time.perf_counter() - begin,
    )
    record = eval_record(scores, provenance=source, **about)
    write_json(arguments.out, record)
    print(record_as_text(record))


def is_official(arguments: argparse.Namespace) -> bool:
    """Whether the text format is meant. Raises TwistError unless one form is given, and whole."""
    official = [arguments.gt, arguments.pred]
    workflow = [arguments.scenes, arguments.predictions, arguments.list]
    if all(official) and not any(workflow):
        return True
    if all(workflow) and not any(official):
        return False
    raise TwistError("give either --gt and --pred, or --scenes, --predictions and --list")
