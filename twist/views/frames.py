"""RGB-D frames exported from a scan's recording: which of the scan's points each of them saw.

ScanNet's exporter writes ``depth/N.png`` (16 bit, millimetres, 0 = no reading), ``pose/N.txt`` (camera to
world) and ``intrinsic/intrinsic_depth.txt``. Its colour images are not read: points keep the scan's colours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from twist.errors import TwistError
from twist.pretraining_sections import ViewSettings


@dataclass(frozen=True)
class Frame:
    """One depth image with its pose.

    depth: (H, W) float32, metres along the optical axis, 0 = no reading
    intrinsic: (3, 3) float64, pixels; a pixel's centre has whole coordinates, x to the right, y down
    pose: (4, 4) float64, camera to world, the world being the scan's own frame (not axis-aligned)
    """

    depth: np.ndarray
    intrinsic: np.ndarray
    pose: np.ndarray


def read_frames(folder: Path, step: int) -> Iterator[Frame]:
    """Every ``step``-th frame of a scan's folder, without those whose tracking was lost (pose not finite).

    Raises TwistError naming a file that is missing, damaged or no depth image.
    """
    file, *rest = frame_files(folder, step)
    intrinsic = _read_matrix(file)[:3, :3]
    if not (np.isfinite(intrinsic).all() and intrinsic[0, 0] > 0 and intrinsic[1, 1] > 0):
        raise TwistError(f"{file} holds no focal lengths above 0")
    for depth_file, pose_file in zip(rest[::2], rest[1::2], strict=True):
        pose = _read_matrix(pose_file)
        if np.isfinite(pose).all():
            if abs(np.linalg.det(pose[:3, :3])) < 0.5:
                raise TwistError(f"{pose_file} is no pose: its upper left part is no rotation")
            yield Frame(_read_depth(depth_file), intrinsic, pose)


def frame_files(folder: Path, step: int) -> list[Path]:
    """The files that ``read_frames`` reads: the intrinsics, then each frame's depth image and pose.

    Raises TwistError where there is no depth image, or a file beside it is missing.
    """
    images = sorted((folder / "depth").glob("*.png"), key=lambda path: (len(path.stem), path.stem))
    if not images:
        raise TwistError(
            f"{folder / 'depth'} holds no frames; export them with ScanNet's SensReader, or set "
            "views.source: rendered"
        )
    files = [folder / "intrinsic" / "intrinsic_depth.txt"]
    for image in images[::step]:
        files += [image, folder / "pose" / f"{image.stem}.txt"]
    for path in files:
        if not path.is_file():
            raise TwistError(f"{path} is missing; depth images need poses and intrinsics beside them")
    return files


def seen_in_frame(xyz: np.ndarray, frame: Frame, settings: ViewSettings) -> np.ndarray:
    """(N,) bool: the points whose depth agrees with the frame's reading at their pixel.

    xyz: (N, 3) float, metres, in the frame's world; tolerance and range of depth as in the settings.
    """
    local = (xyz - frame.pose[:3, 3]) @ np.linalg.inv(frame.pose[:3, :3]).T
    nearest, farthest = settings.depth_m
    candidates = np.flatnonzero((local[:, 2] >= nearest) & (local[:, 2] <= farthest))
    image = local[candidates] @ frame.intrinsic.T
    pixel = np.rint(image[:, :2] / image[:, 2:])
    height, width = frame.depth.shape
    inside = ((pixel >= 0) & (pixel < [width, height])).all(axis=1)
    candidates, (column, row) = candidates[inside], pixel[inside].astype(np.int64).T
    reading = frame.depth[row, column]
    agrees = (reading > 0) & (np.abs(reading - local[candidates, 2]) <= settings.frame_tolerance_m)
    seen = np.zeros(len(xyz), bool)
    seen[candidates[agrees]] = True
    return seen


def _read_matrix(path: Path) -> np.ndarray:
    """A 4 × 4 matrix of text; ``inf`` and ``nan`` are numbers here."""
    try:
        values = np.array(path.read_text(encoding="utf-8").split(), np.float64)
        return values.reshape(4, 4)
    except (OSError, ValueError) as error:
        raise TwistError(f"{path} is no 4 x 4 matrix of numbers ({error})") from error


def _read_depth(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            if image.mode not in ("I;16", "I;16B", "I"):
                raise TwistError(f"{path} is no 16-bit depth image (its mode is {image.mode})")
            return np.asarray(image, np.float32) / 1000
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as error:  # SyntaxError: a broken PNG
        raise TwistError(f"{path} cannot be read as a depth image ({error})") from error
