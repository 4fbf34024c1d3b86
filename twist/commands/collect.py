"""Join the manifests of preparation and supervoxels to one description of a data set."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "join the manifests of a data set's preparation jobs to one file, and sum up what is there"
EXAMPLE = (
    "python -m twist collect --prepared results/data/rooms/prepared/*.json "
    "--supervoxels results/data/rooms/supervoxels/*.json --out results/data/rooms/scenes.json"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prepared", type=Path, nargs="+", required=True, help="manifests of `prepare`")
    parser.add_argument("--supervoxels", type=Path, nargs="+", required=True, help="those of `supervoxels`")
    parser.add_argument("--out", type=Path, required=True)


def run(arguments: argparse.Namespace) -> None:
    from collections import Counter

    from twist.errors import TwistError
    from twist.files import read_json, write_json

    scenes, supervoxels = (
        {name: facts for path in paths for name, facts in read_json(path).items()}
        for paths in (arguments.prepared, arguments.supervoxels)
    )
    if scenes.keys() != supervoxels.keys():
        odd = sorted(scenes.keys() ^ supervoxels.keys())
        raise TwistError(
            f"{odd[0]} is only in one of prepared scenes and supervoxels ({len(odd)} such scenes)"
        )
    write_json(
        arguments.out, {name: {**scenes[name], "supervoxels": supervoxels[name]} for name in sorted(scenes)}
    )
    points = sum(facts["points"] for facts in scenes.values())
    instances: Counter[str] = Counter()
    for facts in scenes.values():
        instances.update(facts["instances"])
    print(
        f"{len(scenes)} scenes, {points / len(scenes):.0f} points a scene, instances of 100 points and more:"
    )
    print(", ".join(f"{name} {count}" for name, count in instances.most_common()))
    for name, facts in scenes.items():
        for warning in facts["warnings"]:
            print(f"{name}: warning: {warning}")
