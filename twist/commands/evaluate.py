"""``evaluate``: score predictions as ScanNet's benchmark does."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from twist.classes import CLASS_TABLES
from twist.errors import TwistError

HELP = "score predictions as ScanNet's benchmark does (mAP, AP50, AP25)"
EXAMPLE = "python -m twist evaluate --gt truth/ --pred submission/ --out eval.json"

#: What ``--run`` may tell about the run, for the record.
RUN_KEYS = {"dataset": str, "ratio_pct": float, "method": str, "variant": str, "seed": int, "rounds": int}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    official = parser.add_argument_group("predictions in the benchmark's text format")
    official.add_argument("--gt", type=Path, metavar="DIR", help="ground truth: SCENE.txt")
    official.add_argument("--pred", type=Path, metavar="DIR", help="predictions: SCENE.txt and their masks")
    run = parser.add_argument_group("predictions of the workflow")
    run.add_argument("--scenes", type=Path, metavar="DIR", help="prepared scenes: SCENE.npz")
    run.add_argument("--predictions", type=Path, metavar="DIR", help="predictions: SCENE.npz")
    run.add_argument("--list", type=Path, metavar="FILE", help="names of the scenes, one a line")
    run.add_argument("--settings", type=Path, metavar="FILE", help="resolved settings, for the record")
    run.add_argument(
        "--run", metavar="KEY=VALUE", nargs="+", default=[], help=f"for the record: {', '.join(RUN_KEYS)}"
    )
    parser.add_argument("--dataset", choices=tuple(CLASS_TABLES), help="class table (default: scannet)")
    parser.add_argument("--out", type=Path, metavar="FILE", required=True, help="JSON to write")


def run(arguments: argparse.Namespace) -> None:
    from twist.files import read_names, write_json
    from twist.provenance import provenance
    from twist.scoring.evaluation import evaluate_official, evaluate_run
    from twist.scoring.record import eval_record, record_as_text
    from twist.settings import Settings

    begin = time.perf_counter()
    settings = Settings.load(arguments.settings) if arguments.settings else None
    table = CLASS_TABLES[arguments.dataset or (settings.data.format if settings else "scannet")]
    about = {"dataset": table.name} | parse_run(arguments.run)
    if is_official(arguments):
        scores = evaluate_official(arguments.gt, arguments.pred, table)
    else:
        names = read_names(arguments.list)
        scores = evaluate_run(names, arguments.scenes, arguments.predictions, table)
    source = provenance(
        settings_fingerprint=settings.fingerprint() if settings else None,
        device="cpu",
        wall_seconds=time.perf_counter() - begin,
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


def parse_run(words: list[str]) -> dict[str, Any]:
    """``key=value`` words, values converted as in ``RUN_KEYS``. Raises TwistError naming a bad one."""
    about: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in RUN_KEYS:
            raise TwistError(f"--run {word}: expected KEY=VALUE with a key of {', '.join(RUN_KEYS)}")
        try:
            about[key] = RUN_KEYS[key](value)
        except ValueError as error:
            raise TwistError(f"--run {word}: {value!r} is not a number") from error
    return about
