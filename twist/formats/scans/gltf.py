"""glTF 2.0, the format of scanning apps on phones: GLB in one file, or glTF with its buffers beside it."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from twist.errors import TwistError
from twist.formats.scans.gltf_texture import coordinates_of, decoded, placed, sampled
from twist.formats.scans.record import GREY, ScanFile, read_bytes
from twist.geometry.mesh import strip_triangles

_COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_POINTS, _TRIANGLES, _STRIP, _FAN = 0, 4, 5, 6
_JSON, _BINARY = 0x4E4F534A, 0x004E4942
#: What damaged JSON, buffers and pictures lead to.
_DAMAGE = (
    KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError, OSError, SyntaxError,
    struct.error,
)  # fmt: skip


def read_gltf(path: Path) -> ScanFile:
    """Read all meshes of the scene where they stand; colours of vertices, else of their texture or material.

    The format defines metres, and y as upwards. Raises TwistError for damage, and for compressed meshes.
    """
    try:
        return _Gltf(path).scan()
    except _DAMAGE as error:
        raise TwistError(f"{path} is truncated, damaged or no glTF 2.0 ({error})") from error


class _Gltf:
    """One file: its JSON and binary buffers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        data = read_bytes(path)
        self.embedded = b""
        if data.startswith(b"glTF"):
            content = self._chunks(data)
            self.json: dict[str, Any] = json.loads(content[_JSON])
            self.embedded = content.get(_BINARY, b"")
        else:
            self.json = json.loads(data)
        required = self.json.get("extensionsRequired", [])
        packed = [name for name in required if "compression" in name or "quantization" in name]
        if packed:
            raise TwistError(f"{path} is compressed ({packed[0]}); save it without compression, or as PLY")
        self.buffers = [self._bytes_of(buffer) for buffer in self.json.get("buffers", [])]
        self.images: dict[int, np.ndarray] = {}

    @staticmethod
    def _chunks(data: bytes) -> dict[int, bytes]:
        length = struct.unpack_from("<I", data, 8)[0]
        if length > len(data):
            raise ValueError(f"{len(data)} bytes of {length}")
        at, content = 12, {}
        while at < length:
            size, kind = struct.unpack_from("<II", data, at)
            content[kind] = data[at + 8 : at + 8 + size]
            at += 8 + size
        return content

    def _bytes_of(self, source: dict[str, Any]) -> bytes:
        """A buffer or image: in the GLB itself, as text in the JSON, in a buffer, or in a file beside."""
        if "bufferView" in source:
            return self._view(source["bufferView"])
        uri = source.get("uri")
        if uri is None:
            return self.embedded
        if uri.startswith("data:"):
            try:
                return base64.b64decode(uri.partition(",")[2], validate=True)
            except binascii.Error as error:
                raise ValueError(f"a buffer is no base64: {error}") from error
        return read_bytes(self.path.parent / unquote(uri))

    def _view(self, number: int) -> bytes:
        view = self.json["bufferViews"][number]
        start = view.get("byteOffset", 0)
        return self.buffers[view["buffer"]][start : start + view["byteLength"]]

    def _accessor(self, number: int) -> np.ndarray:
        """(count, width) values; integers that stand for fractions become those."""
        accessor = self.json["accessors"][number]
        dtype, width = np.dtype(_COMPONENTS[accessor["componentType"]]), _WIDTHS[accessor["type"]]
        count, start = accessor["count"], accessor.get("byteOffset", 0)
        if "sparse" in accessor or "bufferView" not in accessor:
            raise ValueError("sparse accessors are not read")
        row = dtype.itemsize * width
        stride = self.json["bufferViews"][accessor["bufferView"]].get("byteStride", row)
        data = self._view(accessor["bufferView"])
        if count < 0 or start < 0 or (count and start + stride * (count - 1) + row > len(data)):
            raise ValueError(f"accessor {number} reaches beyond its buffer")
        values = np.ndarray((count, width), dtype, data, start, (stride, dtype.itemsize))
        if accessor.get("normalized"):
            return values / np.float32(np.iinfo(dtype).max)
        return values.copy()

    # --- the scene

    def scan(self) -> ScanFile:
        """All primitives, one after another."""
        nodes, scenes = self.json["nodes"], self.json.get("scenes")
        inner = {child for node in nodes for child in node.get("children", [])}
        every = [number for number in range(len(nodes)) if number not in inner]
        roots = scenes[self.json.get("scene", 0)]["nodes"] if scenes else every
        self.xyz: list[np.ndarray] = []
        self.rgb: list[np.ndarray | None] = []
        self.faces: list[np.ndarray] = []
        self.lines = 0
        for root in roots:
            self._add_node(nodes[root], np.eye(4))
        if not self.xyz:
            raise TwistError(f"{self.path} holds no mesh and no points")
        bare = sum(rgb is None for rgb in self.rgb)
        colours = [
            np.full(xyz.shape, GREY, np.uint8) if rgb is None else rgb
            for xyz, rgb in zip(self.xyz, self.rgb, strict=True)
        ]
        sizes = np.cumsum([0] + [len(part) for part in self.xyz])
        faces = [part + first for part, first in zip(self.faces, sizes, strict=False)]
        return ScanFile(
            self.path,
            np.concatenate(self.xyz),
            None if bare == len(colours) else np.concatenate(colours),
            np.concatenate(faces),
            up="y",
            notes=self._notes(bare, len(colours)),
        )

    def _notes(self, bare: int, parts: int) -> tuple[str, ...]:
        grey = (f"{bare} of {parts} parts have no colours: grey",) if 0 < bare < parts else ()
        return grey + ((f"parts that are lines, left out: {self.lines}",) if self.lines else ())

    def _add_node(self, node: dict[str, Any], above: np.ndarray) -> None:
        matrix = above @ _matrix(node)
        if "mesh" in node:
            for primitive in self.json["meshes"][node["mesh"]]["primitives"]:
                self._add_primitive(primitive, matrix)
        for child in node.get("children", []):
            self._add_node(self.json["nodes"][child], matrix)

    def _add_primitive(self, primitive: dict[str, Any], matrix: np.ndarray) -> None:
        mode = primitive.get("mode", _TRIANGLES)
        if "POSITION" not in primitive["attributes"]:
            return
        if mode not in (_POINTS, _TRIANGLES, _STRIP, _FAN):
            self.lines += 1
            return
        xyz = self._accessor(primitive["attributes"]["POSITION"]).astype(np.float64)
        corners = np.arange(len(xyz))
        if mode != _POINTS and "indices" in primitive:
            corners = self._accessor(primitive["indices"]).reshape(-1).astype(np.int64)
        if corners.max(initial=0) >= max(len(xyz), 1):
            raise ValueError("a triangle has a corner beyond the vertices")
        self.xyz.append(xyz @ matrix[:3, :3].T + matrix[:3, 3])
        self.rgb.append(self._colours(primitive, len(xyz)))
        faces = _triangles(mode, corners)
        mirrored = np.linalg.det(matrix[:3, :3]) < 0  # glTF 2.0: triangles then turn the other way
        self.faces.append(faces[:, ::-1] if mirrored else faces)

    def _colours(self, primitive: dict[str, Any], n: int) -> np.ndarray | None:
        attributes = primitive["attributes"]
        if "COLOR_0" in attributes:
            colours = self._accessor(attributes["COLOR_0"])[:, :3]
            linear = colours if colours.dtype.kind == "f" else colours / np.iinfo(colours.dtype).max
            return _srgb(linear)
        if "material" not in primitive:
            return None
        surface = self.json["materials"][primitive["material"]].get("pbrMetallicRoughness", {})
        texture = surface.get("baseColorTexture")
        place = None if texture is None else attributes.get(f"TEXCOORD_{coordinates_of(texture)}")
        if place is not None and (source := self._image_of(texture["index"])) is not None:
            uv = placed(texture, self._accessor(place).astype(np.float64))
            if uv is not None:
                return sampled(self._picture(source), uv)
        if "baseColorFactor" not in surface:
            return None
        return np.tile(_srgb(np.array(surface["baseColorFactor"][:3], np.float64)), (n, 1))

    def _picture(self, source: int) -> np.ndarray:
        if source not in self.images:
            self.images[source] = decoded(self._bytes_of(self.json["images"][source]))
        return self.images[source]

    def _image_of(self, texture: int) -> int | None:
        """The texture's image, as WebP where it has no other; None where it is of a kind that is not read."""
        entry = self.json["textures"][texture]
        webp = entry.get("extensions", {}).get("EXT_texture_webp", {})
        return entry.get("source", webp.get("source"))


def _matrix(node: dict[str, Any]) -> np.ndarray:
    """(4, 4) of a node: given outright, or as scale, then rotation (quaternion x y z w), then translation."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    rotation = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * np.array(node.get("scale", (1, 1, 1)), np.float64)
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def _srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light 0..1, as glTF has it in vertices and materials, as uint8 of the usual colours."""
    linear = np.clip(np.nan_to_num(linear), 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * curved).astype(np.uint8)


def _triangles(mode: int, corners: np.ndarray) -> np.ndarray:
    """(F, 3) corners of a primitive's triangles, all turning the same way; none of points."""
    if mode == _TRIANGLES:
        return corners[: len(corners) // 3 * 3].reshape(-1, 3)
    if mode == _POINTS or len(corners) < 3:
        return np.zeros((0, 3), np.int64)
    if mode == _FAN:
        first = np.full(len(corners) - 2, corners[0])
        return np.stack([first, corners[1:-1], corners[2:]], axis=1)
    return strip_triangles(corners)
