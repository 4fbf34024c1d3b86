"""Surfaces: colour, texture and how well a depth camera sees them."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace

import numpy as np

#: Share of the paints that come from the material's usual colours; the others may have any colour.
USUAL_COLOUR = 0.75
#: The same share for materials of which nobody makes odd colours.
_USUAL_OF = {
    "glass": 1.0,
    "screen": 1.0,
    "porcelain": 1.0,
    "wall": 0.9,
    "floorboards": 0.95,
    "tiles": 0.95,
    "carpet": 0.9,
}

#: Usual colours of each material (sRGB). Furniture classes share materials on purpose: colour is a hint
#: to the class, never proof of it.
USUAL: dict[str, tuple[tuple[int, int, int], ...]] = {
    "wood": ((176, 132, 86), (133, 92, 58), (94, 62, 42), (205, 172, 130), (66, 45, 34), (222, 205, 178)),
    "white": ((236, 234, 228), (224, 224, 222), (214, 208, 198), (242, 240, 236)),
    "fabric": ((112, 114, 118), (70, 78, 92), (150, 138, 124), (96, 60, 54), (60, 84, 80), (190, 180, 164)),
    "leather": ((58, 44, 38), (30, 30, 32), (120, 78, 50), (200, 190, 176)),
    "plastic": ((32, 32, 34), (90, 92, 96), (180, 180, 180), (40, 70, 120), (150, 40, 40), (60, 110, 60)),
    "metal": ((150, 152, 155), (110, 112, 116), (190, 192, 194), (60, 62, 64)),
    "stone": ((120, 114, 108), (70, 68, 70), (186, 180, 170), (40, 40, 44), (210, 206, 200)),
    "linen": (
        (230, 226, 218), (190, 200, 212), (120, 130, 160), (170, 90, 90), (110, 130, 100), (70, 74, 90),
    ),
    "wall": (
        (226, 220, 208), (212, 212, 210), (236, 234, 228), (196, 206, 210), (214, 204, 180), (200, 186, 170),
    ),
    "floorboards": ((160, 118, 78), (120, 86, 58), (190, 156, 116), (96, 70, 52)),
    "carpet": ((128, 122, 116), (96, 92, 92), (150, 140, 120), (90, 96, 110)),
    "tiles": ((206, 204, 198), (176, 170, 160), (140, 140, 142), (226, 224, 220)),
    "glass": ((150, 170, 180), (190, 205, 212), (110, 125, 135)),
    "screen": ((18, 18, 20), (30, 32, 36)),
    "porcelain": ((240, 240, 238), (232, 232, 228), (226, 222, 212)),
}  # fmt: skip

_TEXTURE = {
    "wood": "grain", "fabric": "mottled", "carpet": "mottled", "floorboards": "boards", "tiles": "tiles",
    "stone": "mottled", "linen": "mottled",
}  # fmt: skip

#: Share of a material's pixels for which the depth camera gets no answer.
_DROPOUT = {"glass": 0.75, "screen": 0.35, "metal": 0.12, "porcelain": 0.04, "leather": 0.04}

TEXTURES = ("plain", "grain", "mottled", "boards", "tiles", "stripes", "print")


@dataclass(frozen=True)
class Paint:
    """How a surface looks: sRGB colour 0..255, a texture of ``TEXTURES`` with its own phase and contrast,
    and the share of depth readings that it loses.
    """

    rgb: tuple[float, float, float]
    texture: str = "plain"
    contrast: float = 0.0
    scale_m: float = 0.2
    phase: float = 0.0
    dropout: float = 0.0

    def shaded(self, factor: float) -> Paint:
        """The same paint, lighter or darker."""
        red, green, blue = (float(np.clip(channel * factor, 0, 255)) for channel in self.rgb)
        return replace(self, rgb=(red, green, blue))


def mix(rng: np.random.Generator, *materials: str) -> Paint:
    """A paint of one of ``materials``: usually in one of its usual colours, sometimes in any."""
    material = materials[int(rng.integers(len(materials)))]
    usual = USUAL[material]
    if rng.random() < _USUAL_OF.get(material, USUAL_COLOUR):
        colour = np.array(usual[int(rng.integers(len(usual)))]) + rng.normal(0, 8, 3)
    else:
        hue, saturation, value = rng.random(), rng.uniform(0.1, 0.8), rng.uniform(0.25, 0.95)
        colour = np.array(colorsys.hsv_to_rgb(hue, saturation, value)) * 255
    red, green, blue = (float(channel) for channel in np.clip(colour, 8, 250))
    return Paint(
        (red, green, blue),
        texture=_TEXTURE.get(material, "plain"),
        contrast=float(rng.uniform(0.03, 0.16)),
        scale_m=float(rng.uniform(0.1, 0.35)),
        phase=float(rng.uniform(0, 100)),
        dropout=_DROPOUT.get(material, 0.0),
    )


def colour_at(
    points: np.ndarray, normals: np.ndarray, paint_of_point: np.ndarray, paints: list[Paint]
) -> np.ndarray:
    """Textured colours (N, 3) float64, 0..255, of points (N, 3) in metres with normals (N, 3).

    paint_of_point: (N,) index into ``paints``
    """
    rgb = np.array([paint.rgb for paint in paints])[paint_of_point]
    texture = np.array([TEXTURES.index(paint.texture) for paint in paints])[paint_of_point]
    contrast, scale, phase = (
        np.array([getattr(paint, key) for paint in paints])[paint_of_point]
        for key in ("contrast", "scale_m", "phase")
    )
    along, across = _surface_coordinates(points, normals)
    u, v = along / scale, across / scale
    patterns = np.stack(
        [
            np.zeros_like(u),
            np.sin(9 * v + 2.5 * np.sin(0.7 * u + phase) + phase),
            np.sin(5.1 * u + phase) * np.sin(4.3 * v + 2 * phase) + 0.5 * np.sin(11.7 * u + 7.9 * v),
            _hash01(np.floor(v + phase), np.floor(u / 4 + _hash01(np.floor(v + phase), phase))) * 2 - 1,
            np.where((np.abs(u % 1 - 0.5) > 0.44) | (np.abs(v % 1 - 0.5) > 0.44), -1.5, 0.3),
            np.sign(np.sin(4 * u + phase)),
            2.5 * np.sin(3.1 * u + phase) * np.cos(2.3 * v * (1 + phase % 1)) + np.sin(6 * v + 5 * phase),
        ]
    )
    pattern = patterns[texture, np.arange(len(points))]
    # Prints (pictures, book covers) shift their hue as well; other textures only their lightness.
    tint = np.where(texture == TEXTURES.index("print"), 1.0, 0.0)[:, None] * np.stack(
        [np.sin(2.2 * u + phase), np.sin(1.9 * v + 3 * phase), np.cos(2.6 * (u + v))], axis=1
    )
    return np.clip(rgb * (1 + (contrast * pattern)[:, None]) + 90 * contrast[:, None] * tint, 0, 255)


def _surface_coordinates(points: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two coordinates on each point's surface, (N,) each: drop the axis that the normal is closest to."""
    axis = np.abs(normals).argmax(axis=1)
    rows = np.arange(len(points))
    return points[rows, np.array([1, 0, 0])[axis]], points[rows, np.array([2, 2, 1])[axis]]


def _hash01(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A repeatable number in [0, 1) from each pair of floats."""
    return np.modf(np.abs(np.sin(a * 12.9898 + b * 78.233)) * 4375.85453)[0]
