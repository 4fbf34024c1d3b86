"""The instances that were found in a scan: a table of them, and the scan painted in their colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from twist.classes import ClassTable
from twist.formats.ply import write_ply
from twist.formats.scans.record import ScanFile
from twist.regions import Regions
from twist.showing.pictures import label_colours

COLUMNS = (
    "instance", "class", "score", "points",
    "centre_x", "centre_y", "centre_z", "min_x", "min_y", "min_z", "max_x", "max_y", "max_z",
)  # fmt: skip


def instance_rows(instances: Regions, xyz: np.ndarray, table: ClassTable) -> list[dict[str, Any]]:
    """One row an instance, by ``COLUMNS``: centre (mean of its points) and box in the coordinates of ``xyz``.

    instances: over the N points of ``xyz`` (N, 3); none of them may lack coordinates
    """
    rows = []
    for k in range(len(instances)):
        points = xyz[instances[k]].astype(np.float64)
        row: dict[str, Any] = {
            "instance": k,
            "class": table.names[instances.label[k]],
            "score": round(float(instances.score[k]), 4),
            "points": len(points),
        }
        for name, corner in (("centre", points.mean(0)), ("min", points.min(0)), ("max", points.max(0))):
            row |= {
                f"{name}_{axis}": round(float(value), 4) for axis, value in zip("xyz", corner, strict=True)
            }
        rows.append(row)
    return rows


def write_instances(path: Path, scan: ScanFile, instances: Regions, label: np.ndarray) -> None:
    """Write a scan as PLY, point for point as in its file; each instance has a colour, the rest is pale.
    Where instances overlap, the one with the best score is seen.

    label: (N,) published id of each point's class, 0 = none; stored as ``label`` beside ``instance``, which
    is the row of the table, -1 = none
    """
    instance = instances.owner_of_points().astype(np.int32)
    paint = label_colours(instance)
    if scan.rgb is not None:
        bare = instance < 0
        paint[bare] = 255 - (255 - scan.rgb[bare]) // 2
    vertex = {axis: scan.xyz[:, k] for k, axis in enumerate("xyz")}
    vertex |= {name: paint[:, k] for k, name in enumerate(("red", "green", "blue"))}
    write_ply(path, vertex | {"label": label.astype(np.int32), "instance": instance}, scan.faces)
