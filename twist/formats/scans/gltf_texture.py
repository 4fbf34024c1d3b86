"""Textures of glTF: pictures, and the place in them that a vertex has its colour from."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from twist.errors import TwistError

_TRANSFORM = "KHR_texture_transform"


def decoded(data: bytes) -> np.ndarray:
    """(height, width, 3) uint8 of a PNG, JPEG or WebP file. Raises TwistError for one too large to be read,
    and what Pillow raises for damage.
    """
    from PIL import Image  # noqa: PLC0415  comes with matplotlib

    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))
    except Image.DecompressionBombError as error:
        raise TwistError(
            f"a texture of the glTF file is too large to be read ({error}); halve its size"
        ) from error


def coordinates_of(texture: dict[str, Any]) -> int:
    """The number of the set of texture coordinates that a material's texture is laid out by."""
    return _transform(texture).get("texCoord", texture.get("texCoord", 0))


def placed(texture: dict[str, Any], uv: np.ndarray) -> np.ndarray | None:
    """Texture coordinates (N, 2) float64 scaled and shifted as the texture says, as parts of an atlas are.

    None for one that is turned, too: no scan that we know of has one.
    """
    change = _transform(texture)
    if change.get("rotation", 0) != 0:
        return None
    return uv * np.array(change.get("scale", (1, 1)), float) + np.array(change.get("offset", (0, 0)), float)


def _transform(texture: dict[str, Any]) -> dict[str, Any]:
    return texture.get("extensions", {}).get(_TRANSFORM, {})


def sampled(image: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """The image's colour at each vertex, (N, 3) uint8.

    uv: (N, 2), 0..1 from the upper left; beyond, the image repeats
    """
    height, width = image.shape[:2]
    uv = np.nan_to_num(uv) % 1.0
    column = np.minimum((uv[:, 0] * width).astype(np.int64), width - 1)
    row = np.minimum((uv[:, 1] * height).astype(np.int64), height - 1)
    return image[row, column]
