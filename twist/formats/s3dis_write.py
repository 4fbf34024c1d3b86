"""Writing rooms in S3DIS's raw layout (Stanford3dDataset v1.2, aligned version)."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from pathlib import Path

import numpy as np

from twist.files import write_text
from twist.scene import Scene


def write_s3dis_room(folder: Path, scene: Scene, classes: tuple[str, ...]) -> list[Path]:
    """Write ``<room>.txt`` and ``Annotations/<class>_<n>.txt`` of one room into ``folder``.

    scene: its ``instance`` holds object ids 0..len(classes) - 1; points with id -1 go to the room file only
    classes: S3DIS class name of each object
    Lines are ``x y z r g b``, metres and 0..255. Returns the paths written, the room file last, so that a
    room that has one is whole.
    """
    paths = []
    number: Counter[str] = Counter()
    for k, name in enumerate(classes):
        number[name] += 1
        paths.append(folder / "Annotations" / f"{name}_{number[name]}.txt")
        of_object = scene.instance == k
        write_text(paths[-1], _lines(scene.xyz[of_object], scene.rgb[of_object]))
    paths.append(folder / f"{folder.name}.txt")
    write_text(paths[-1], _lines(scene.xyz, scene.rgb))
    return paths


def _lines(xyz: np.ndarray, rgb: np.ndarray) -> str:
    text = StringIO()
    np.savetxt(text, np.column_stack([xyz, rgb]), fmt="%.3f %.3f %.3f %d %d %d")
    return text.getvalue()
