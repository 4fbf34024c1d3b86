"""Write resolved settings to a file, or print all of them with their reasons."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "write the resolved settings of a run or data set, or print every setting with its default and reason"
EXAMPLE = "python -m twist settings --run rooms_5pct-alpha0.1 --out settings.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--out", type=Path, help="YAML to write instead of printing")


def run(arguments: argparse.Namespace) -> None:
    from twist.runs import chosen_settings
    from twist.settings import settings_as_markdown

    if arguments.out:
        chosen_settings(arguments).save(arguments.out)
    elif arguments.run or arguments.dataset:
        print(chosen_settings(arguments).as_yaml(), end="")
    else:
        print(settings_as_markdown(), end="")
