"""Draw the labelled rooms of an S3DIS run by their names."""

from __future__ import annotations

import argparse
from pathlib import Path

from twist.checking import natural, percentage

HELP = "draw labelled S3DIS rooms, by name alone: the lists under config/splits/s3dis were made so"
EXAMPLE = (
    "python -m twist draw-rooms --train config/splits/s3dis/train.txt --ratio 5 --seed 7 --out 5pct-seed7.txt"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train", type=Path, required=True, help="list of the training rooms")
    parser.add_argument("--ratio", type=percentage, required=True, help="percentage that is labelled")
    parser.add_argument("--seed", type=natural, required=True)
    parser.add_argument("--out", type=Path, required=True, help="gets the names, one a line")


def run(arguments: argparse.Namespace) -> None:
    from twist.files import write_text
    from twist.formats.scene_lists import read_list
    from twist.splits import draw_rooms

    train = read_list(arguments.train, own=True)
    rooms = draw_rooms(float(arguments.ratio), arguments.seed, train)
    write_text(arguments.out, "".join(f"{room}\n" for room in rooms))
    print(f"{len(rooms)} of {len(train)} rooms")
