"""picture: draw prepared scenes into one contact sheet."""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path

HELP = "draw prepared scenes, each in its colours, semantic classes and instances, into a PNG"
EXAMPLE = "python -m twist picture scene0000_00.npz scene0001_00.npz --out rooms.png"
_LOWEST = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenes", nargs="+", type=Path, help="prepared scenes (npz)")
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    parser.add_argument("--height", type=int, default=240, help="pixels of each picture")
    parser.add_argument("--per-row", type=int, default=1, help="scenes side by side")
    parser.add_argument("--classes", choices=("scannet", "s3dis"), default="scannet", help="class table")


def run(arguments: argparse.Namespace) -> None:
    from twist.classes import CLASS_TABLES
    from twist.errors import TwistError
    from twist.scene import Scene
    from twist.showing.pictures import contact_sheet, save_png, views_of_scene

    if arguments.height < _LOWEST:
        raise TwistError(f"--height {arguments.height}: a picture needs {_LOWEST} pixels or more")
    table = CLASS_TABLES[arguments.classes]
    size = (arguments.height, arguments.height * 5 // 4)
    views = [views_of_scene(Scene.load(path), size, table) for path in arguments.scenes]
    per_row = max(1, arguments.per_row)
    rows = [
        list(chain.from_iterable(views[first : first + per_row])) for first in range(0, len(views), per_row)
    ]
    save_png(arguments.out, contact_sheet(rows))
    print(f"{len(views)} scenes drawn to {arguments.out}")
