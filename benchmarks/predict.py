"""CPU seconds and memory of `predict` on 5 million points: python -m benchmarks.predict --model model.pt

The scan is the hall of benchmarks/s3dis_room.py, 30 by 20 metres with 200 chairs, as a PLY file of points.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path

from benchmarks.s3dis_room import hall, measure
from twist.__main__ import main as twist
from twist.formats.ply import write_ply


def write_scan(path: Path, points: int) -> None:
    scene, _ = hall(points)
    vertex = dict(zip("xyz", scene.xyz.T, strict=True))
    write_ply(path, vertex | dict(zip(("red", "green", "blue"), scene.rgb.T, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--points", type=int, default=5_000_000)
    arguments, options = parser.parse_known_args()  # the others are predict's
    with tempfile.TemporaryDirectory() as folder:
        scan = Path(folder) / "hall.ply"
        # by another process, so that its memory is not counted
        maker = multiprocessing.get_context("spawn").Process(target=write_scan, args=(scan, arguments.points))
        maker.start()
        maker.join()
        start = time.process_time()
        words = ["predict", str(scan), "--model", arguments.model, "--out", folder, "--device", "cpu"]
        if twist([*words, *options]) == 0:
            measure("predict", start)


if __name__ == "__main__":
    main()
