"""Make the views of scans that pre-training learns from."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "make partial views of prepared scans and find the pairs that overlap; current ones are kept"
EXAMPLE = (
    "python -m twist views --dataset rooms --scene-dir results/data/rooms/scenes "
    "--scenes scene0000_00 --out-dir views --manifest views/000.json"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--scene-dir", type=Path, required=True, help="folder of the prepared NAME.npz")
    parser.add_argument("--scenes", nargs="+", required=True, help="names of training scans")
    parser.add_argument("--raw", type=Path, help="raw data folder, for exported RGB-D frames")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for NAME.npz")
    parser.add_argument("--manifest", type=Path, required=True, help="JSON to write: views and pairs a scan")


def run(arguments: argparse.Namespace) -> None:
    from twist.errors import TwistError
    from twist.files import write_json
    from twist.preparation import FORMATS
    from twist.runs import chosen_settings
    from twist.views.scans import views_for_scans

    settings = chosen_settings(arguments)
    recordings = None
    if settings.views.source == "frames":
        if arguments.raw is None or settings.data.format != "scannet":
            raise TwistError("views.source: frames needs --raw with ScanNet's folders; others have no frames")
        find = FORMATS[settings.data.format].find
        recordings = {name: find(arguments.raw, name) for name in arguments.scenes}
    scenes = {name: arguments.scene_dir / f"{name}.npz" for name in arguments.scenes}
    manifest = views_for_scans(scenes, recordings, arguments.out_dir, settings.views)
    write_json(arguments.manifest, manifest)
    views, pairs = (sum(facts[key] for facts in manifest.values()) for key in ("views", "pairs"))
    print(f"{len(manifest)} scans, {views} views, {pairs} pairs that overlap")
    for name, facts in manifest.items():
        if not facts["pairs"]:
            print(f"{name}: warning: no two views overlap; pre-training leaves this scan out")
