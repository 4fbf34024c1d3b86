"""check: one look at a raw data set before hours are spent on it."""

from __future__ import annotations

import argparse
from pathlib import Path

from twist.checking import natural
from twist.planned import config_folder

HELP = "look at all raw files of a data set and tell every problem at once; exit code 1 if there is one"
EXAMPLE = "python -m twist check scannet --jobs 4"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", help="name of a file in config/datasets")
    parser.add_argument(
        "--quick", action="store_true", help="lists, and names, sizes and headers of the files only: seconds"
    )
    parser.add_argument("--jobs", type=natural, default=1, help="processes; each holds one scan")
    parser.add_argument("--out-dir", type=Path, help="gets check.md, with a line a scan, and check.json")
    parser.add_argument("--config", type=Path, default=config_folder(), help="folder of the configuration")
    parser.add_argument("--override", default="{}", metavar="YAML", help="settings over the files'")
    parser.set_defaults(run=None)  # a data set's settings, not a run's


def run(arguments: argparse.Namespace) -> None:
    from twist.errors import TwistError
    from twist.files import write_json, write_text
    from twist.inspection.datasets import inspect_dataset
    from twist.runs import chosen_settings
    from twist.showing.inspection import all_problems, inspection_page, inspection_summary

    settings = chosen_settings(arguments)
    found = inspect_dataset(arguments.dataset, settings, quick=arguments.quick, jobs=max(1, arguments.jobs))
    record = found.as_json()
    print(inspection_summary(record, found.parts))
    for line in found.notes:
        print(f"note: {line}")
    if arguments.out_dir:
        write_text(arguments.out_dir / "check.md", inspection_page(record, found.parts))
        write_json(arguments.out_dir / "check.json", record)
    problems = len(all_problems(record))
    if problems:
        told = "1 problem; it is" if problems == 1 else f"{problems} problems; each is"
        raise TwistError(f"{arguments.dataset} has {told} told above")
