"""Write which scenes are labelled, unlabelled and scored."""

from __future__ import annotations

import argparse
from pathlib import Path

from twist.checking import natural, percentage

HELP = "write the lists of labelled, unlabelled and scored scenes of a data set"
EXAMPLE = (
    "python -m twist splits --dataset rooms --raw results/data/rooms/raw "
    "--scenes results/data/rooms/scenes.json --ratio 5 --seed 0 --out-dir splits/5pct-seed0"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--raw", type=Path, required=True, help="raw data folder")
    parser.add_argument("--scenes", type=Path, required=True, help="scenes.json of the data set")
    parser.add_argument(
        "--ratio", type=percentage, required=True, help="percentage of the training scenes that is labelled"
    )
    parser.add_argument("--seed", type=natural, default=0)
    parser.add_argument(
        "--out-dir", type=Path, required=True, help="gets labelled.txt, unlabelled.txt, val.txt"
    )


def run(arguments: argparse.Namespace) -> None:
    from twist.errors import TwistError
    from twist.files import read_json, write_text
    from twist.runs import chosen_settings
    from twist.splits import labelled_scenes, scene_lists, without_annotation

    settings = chosen_settings(arguments)
    facts = read_json(arguments.scenes)
    lists = scene_lists(settings, arguments.raw)
    unknown = [name for name in lists.train + lists.val if not _is_described(facts, name)]
    if unknown:
        raise TwistError(
            f"{arguments.scenes} is of another data set or outdated: it does not describe {len(unknown)} of "
            f"the scenes, first {unknown[0]}"
        )
    if bare := without_annotation(lists.val, facts):
        raise TwistError(
            f"{len(bare)} of the {len(lists.val)} scored scenes have no annotation, first {bare[0]}: nothing "
            "could be scored there; take them off the validation list"
        )
    labelled = labelled_scenes(settings, arguments.raw, arguments.ratio, arguments.seed, lists.train, facts)
    unlabelled = sorted(set(lists.train) - set(labelled))
    for name, scenes in (("labelled", labelled), ("unlabelled", unlabelled), ("val", lists.val)):
        write_text(arguments.out_dir / f"{name}.txt", "".join(f"{scene}\n" for scene in scenes))
    print(f"{len(labelled)} labelled, {len(unlabelled)} unlabelled, {len(lists.val)} scored scenes")


def _is_described(facts: object, name: str) -> bool:
    described = facts.get(name) if isinstance(facts, dict) else None
    return isinstance(described, dict) and {"scene_type", "instances"} <= described.keys()
