"""CPU seconds and memory of one S3DIS room of 4 million points: python -m benchmarks.s3dis_room

The room is a hall of 30 by 20 metres with 200 chairs, in the raw layout with millimetres, as the release has.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from twist.formats.s3dis import read_room
from twist.formats.s3dis_write import write_s3dis_room
from twist.geometry.supervoxels import segment_cloud
from twist.scene import Scene

SIDES = (30.0, 20.0, 5.0)
CHAIRS = 200


def sheet(points: int, low: np.ndarray, high: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points of a flat box with 4 mm of noise."""
    return rng.uniform(low, high, (points, 3)) + rng.normal(0, 0.004, (points, 3))


def hall(points: int) -> tuple[Scene, tuple[str, ...]]:
    """A quarter of the points each on floor and ceiling, three tenths on walls, a fifth on chairs."""
    rng = np.random.default_rng(0)
    x, y, z = SIDES
    boxes = [
        ("floor", 0.25, (0, 0, 0), (x, y, 0)),
        ("ceiling", 0.25, (0, 0, z), (x, y, z)),
        *(("wall", 0.09, (0, side, 0), (x, side, z)) for side in (0, y)),
        *(("wall", 0.06, (side, 0, 0), (side, y, z)) for side in (0, x)),
    ]
    for left, front in rng.uniform((1, 1), (x - 1, y - 1), (CHAIRS, 2)):
        boxes.append(("chair", 0.2 / CHAIRS, (left, front, 0.45), (left + 0.5, front + 0.5, 0.45)))
    parts = [sheet(int(points * share), np.array(low), np.array(high), rng) for _, share, low, high in boxes]
    xyz = np.concatenate(parts).astype(np.float32)
    instance = np.repeat(np.arange(len(parts)), [len(part) for part in parts]).astype(np.int32)
    rgb = rng.integers(0, 256, xyz.shape, np.uint8)
    scene = Scene("Area_1_hall_1", xyz, rgb, np.zeros((0, 3), np.int32), np.zeros_like(instance), instance)
    return scene, tuple(name for name, *_ in boxes)


def write_hall(folder: Path, points: int) -> None:
    write_s3dis_room(folder, *hall(points))


def measure(what: str, start: float) -> None:
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{what}: {time.process_time() - start:.1f} CPU s, {gib:.2f} GiB at most so far", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=4_000_000)
    points = parser.parse_args().points
    with tempfile.TemporaryDirectory() as raw:
        room = Path(raw) / "Area_1" / "hall_1"
        # by another process, so that its memory is not counted
        maker = multiprocessing.get_context("spawn").Process(target=write_hall, args=(room, points))
        maker.start()
        maker.join()
        start = time.process_time()
        scene, _ = read_room(room)
        measure(f"reading {len(scene)} points", start)
        start = time.process_time()
        ids, _ = segment_cloud(scene.xyz)
        measure(f"{ids.max() + 1} supervoxels", start)


if __name__ == "__main__":
    main()
