"""Write predictions as a submission to ScanNet's benchmark."""

from __future__ import annotations

import argparse
from pathlib import Path

from twist.classes import CLASS_TABLES

HELP = "write the workflow's predictions as a submission to ScanNet's instance benchmark, zip or folder"
EXAMPLE = (
    "python -m twist export-submission --dataset scannet "
    "--predictions results/scannet_5pct/test/predictions --list data/scannet/scannetv2_test.txt "
    "--out submission.zip"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    parser.add_argument(
        "--predictions", type=Path, required=True, metavar="DIR", help="SCENE.npz of `predict-scenes`"
    )
    parser.add_argument("--list", type=Path, required=True, metavar="FILE", help="scenes, one a line")
    parser.add_argument("--classes", choices=tuple(CLASS_TABLES), help="default: the run's, else scannet")
    add_settings_arguments(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="PATH", help="zip to write, or a new folder for the files"
    )


def run(arguments: argparse.Namespace) -> None:
    from twist.errors import TwistError
    from twist.files import read_names
    from twist.formats.submission import write_submission
    from twist.regions import Regions
    from twist.runs import chosen_settings

    settings = chosen_settings(arguments) if arguments.run or arguments.dataset else None
    table = CLASS_TABLES[arguments.classes or (settings.data.format if settings else "scannet")]
    names = read_names(arguments.list)
    if not names or len(set(names)) < len(names):
        raise TwistError(f"{arguments.list}: lists {len(names)} scenes; there must be some, each only once")
    files = {name: arguments.predictions / f"{name}.npz" for name in names}
    missing = [name for name, path in files.items() if not path.is_file()]
    if missing:
        raise TwistError(
            f"{arguments.predictions} lacks {len(missing)} of {len(names)} scenes, first {missing[0]}.npz; "
            "a submission needs every scene: run `predict-scenes` for the whole list"
        )
    scenes = ((name, Regions.load(path)) for name, path in files.items())
    scenes_written, written = write_submission(arguments.out, scenes, table)
    print(f"{arguments.out}: {scenes_written} scenes, {written} predictions")
