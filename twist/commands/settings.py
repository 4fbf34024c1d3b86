"""Write resolved settings to a file, or print all of them with their reasons."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "write the resolved settings of a run or data set, or print every setting with its default and reason"
EXAMPLE = "python -m twist settings --run rooms_5pct-alpha0.1 --out settings.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", help="name of a run, such as rooms_5pct-seed1")
    parser.add_argument("--dataset", help="name of a data set")
    parser.add_argument("--config", type=Path, default=Path("config"), help="folder of the configuration")
    parser.add_argument("--override", default="{}", help="settings over the files', as YAML or JSON text")
    parser.add_argument("--out", type=Path, help="YAML to write")


def run(arguments: argparse.Namespace) -> None:
    import yaml

    from twist.errors import TwistError
    from twist.files import write_text
    from twist.runs import Run, dataset_settings
    from twist.settings import settings_as_markdown

    if not arguments.out:
        print(settings_as_markdown(), end="")
        return
    overrides = yaml.safe_load(arguments.override)
    if arguments.run:
        resolved = Run.parse(arguments.run).resolve(arguments.config, overrides)
    elif arguments.dataset:
        resolved = dataset_settings(arguments.dataset, arguments.config, overrides)
    else:
        raise TwistError("give --run or --dataset with --out")
    plain = yaml.safe_load(resolved.to_json())
    write_text(arguments.out, yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))
