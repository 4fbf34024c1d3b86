"""prepare: raw scans -> prepared scenes."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "read raw scans and save them as prepared scenes"
EXAMPLE = "python -m twist prepare --dataset scannet --scene scans/scene0011_00 --out scene0011_00.npz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", required=True, help="name of the data set")
    parser.add_argument("--format", help="raw layout, scannet or s3dis; default: the data set's name")
    parser.add_argument("--label-map", type=Path, help="scannetv2-labels.combined.tsv; default: looked for")
    one = parser.add_argument_group("one scan")
    one.add_argument("--scene", type=Path, help="folder of the raw scan")
    one.add_argument("--out", type=Path, help="npz to write")
    many = parser.add_argument_group("many scans, skipping those that are current")
    many.add_argument("--raw", type=Path, help="folder of the raw download")
    many.add_argument("--scenes", nargs="+", default=[], help="names of the scenes")
    many.add_argument("--scenes-file", type=Path, help="text file with one scene name a line")
    many.add_argument("--out-dir", type=Path, help="folder for NAME.npz")
    many.add_argument("--manifest", type=Path, help="JSON to write: what each scene holds, and warnings")
    many.add_argument("--force", action="store_true", help="read current scenes again too")


def run(arguments: argparse.Namespace) -> None:
    from twist.errors import TwistError
    from twist.files import write_json
    from twist.preparation import FORMATS, prepare_scenes, read_raw, scene_facts, scene_names

    name = arguments.format or arguments.dataset
    if name not in FORMATS:
        raise TwistError(f"unknown format {name!r}; give --format {' or '.join(FORMATS)}")
    if arguments.scene and arguments.out:
        scene, report = read_raw(arguments.scene, name, arguments.label_map)
        scene.save(arguments.out)
        _print_facts(scene.name, scene_facts(scene, report, FORMATS[name].table))
        return
    if not (arguments.raw and arguments.out_dir and arguments.manifest):
        raise TwistError("give --scene and --out, or --raw, --out-dir and --manifest with the scenes")
    names = scene_names(arguments.scenes, arguments.scenes_file)
    folders = {scene: FORMATS[name].find(arguments.raw, scene) for scene in names}
    manifest = prepare_scenes(folders, name, arguments.label_map, arguments.out_dir, force=arguments.force)
    write_json(arguments.manifest, manifest)
    for scene, facts in manifest.items():
        _print_facts(scene, facts)


def _print_facts(scene: str, facts: dict) -> None:
    instances = sum(facts["instances"].values())
    print(f"{scene}: {facts['points']} points, {facts['faces']} faces, {instances} instances")
    for warning in facts["warnings"]:
        print(f"{scene}: warning: {warning}")
