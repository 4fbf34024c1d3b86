"""``evaluate``: score predictions as ScanNet's benchmark does."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from twist.classes import CLASS_TABLES, ClassTable
from twist.errors import TwistError

if TYPE_CHECKING:
    from twist.scoring.evaluation import Evaluation

HELP = (
    "score predictions as ScanNet's benchmark does (mAP, AP50, AP25) and as papers on S3DIS do (mPrec, mRec)"
)
EXAMPLE = "python -m twist evaluate --gt truth/ --pred submission.zip --out eval.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    truth = parser.add_argument_group("ground truth, one of")
    truth.add_argument("--gt", type=Path, metavar="DIR", help="the benchmark's text format: SCENE.txt")
    truth.add_argument("--scenes", type=Path, metavar="DIR", help="prepared scenes: SCENE.npz, with --list")
    truth.add_argument("--list", type=Path, metavar="FILE", help="names of the scenes, one a line")
    guess = parser.add_argument_group("predictions, one of")
    guess.add_argument(
        "--pred",
        type=Path,
        metavar="PATH",
        help="the benchmark's text format, folder or zip: SCENE.txt, masks",
    )
    guess.add_argument("--predictions", type=Path, metavar="DIR", help="the workflow's: SCENE.npz")
    run = parser.add_argument_group("for the record")
    run.add_argument("--round", type=int, help="rounds that the model was trained for")
    run.add_argument(
        "--predicted", type=Path, nargs="+", default=[], metavar="FILE", help="manifests of `predict-scenes`"
    )
    parser.add_argument("--classes", choices=tuple(CLASS_TABLES), help="default: the run's, else scannet")
    add_settings_arguments(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", required=True, help="JSON to write")


def run(arguments: argparse.Namespace) -> None:
    from twist.files import write_json
    from twist.provenance import provenance
    from twist.runs import Run, chosen_settings
    from twist.scoring.record import eval_record, record_as_text
    from twist.scoring.stored_record import read_manifest

    begin = time.perf_counter()
    check_form(arguments)
    settings = chosen_settings(arguments) if arguments.run or arguments.dataset else None
    table = CLASS_TABLES[arguments.classes or (settings.data.format if settings else "scannet")]
    about = {"dataset": arguments.dataset or table.name}
    if arguments.run:
        about = Run.parse(arguments.run).about(arguments.round)
    evaluation = evaluated(arguments, table)
    predicted = [read_manifest(path) for path in arguments.predicted]
    source = provenance(
        settings_fingerprint=settings.fingerprint() if settings else None,
        device=" + ".join(sorted({manifest["device"] for manifest in predicted})) or None,
        wall_seconds=sum(manifest["wall_seconds"] for manifest in predicted) + time.perf_counter() - begin,
        trained_with=(origin for manifest in predicted for origin in manifest.get("trained_with", [])),
    )
    record = eval_record(evaluation, provenance=source, **about)
    write_json(arguments.out, record)
    print(record_as_text(record))


def check_form(arguments: argparse.Namespace) -> None:
    """Raises TwistError unless ground truth and predictions are given, each in one form, and whole."""
    prepared = [arguments.scenes, arguments.list]
    one_truth = any(prepared) != bool(arguments.gt) and any(prepared) == all(prepared)
    one_guess = bool(arguments.pred) != bool(arguments.predictions)
    if not one_truth or not one_guess or (arguments.gt and arguments.predictions):
        raise TwistError("give --gt and --pred, or --scenes and --list with either --predictions or --pred")


def evaluated(arguments: argparse.Namespace, table: ClassTable) -> Evaluation:
    from twist.files import read_names
    from twist.scoring.evaluation import evaluate_official, evaluate_run, evaluate_submission

    if arguments.gt:
        return evaluate_official(arguments.gt, arguments.pred, table)
    names = read_names(arguments.list)
    if arguments.pred:
        return evaluate_submission(names, arguments.scenes, arguments.pred, table)
    return evaluate_run(names, arguments.scenes, arguments.predictions, table)
