"""Scans in the formats that ``predict`` reads, as bytes, written without the package's own code."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np


def pcd_bytes(xyz: np.ndarray, rgb: np.ndarray | None, encoding: str, *, kind: str = "F") -> bytes:
    """A PCD file of float32 coordinates and colours packed into a float (kind F) or an integer (U)."""
    names, types = ["x", "y", "z"], ["F", "F", "F"]
    columns = [xyz[:, axis].astype("<f4") for axis in range(3)]
    if rgb is not None:
        packed = (rgb.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)).astype("<u4")
        columns.append(packed.view("<f4") if kind == "F" else packed)
        names.append("rgb")
        types.append(kind)
    sizes = " ".join("4" for _ in names)
    header = "\n".join([
        "# .PCD v0.7 - Point Cloud Data file format", "VERSION 0.7", f"FIELDS {' '.join(names)}",
        f"SIZE {sizes}", f"TYPE {' '.join(types)}", f"COUNT {' '.join('1' for _ in names)}",
        f"WIDTH {len(xyz)}", "HEIGHT 1", "VIEWPOINT 0 0 0 1 0 0 0", f"POINTS {len(xyz)}",
        f"DATA {encoding}", "",
    ])  # fmt: skip
    if encoding == "ascii":
        rows = zip(*columns, strict=True)
        body = "".join(" ".join(repr(value.item()) for value in row) + "\n" for row in rows).encode()
    elif encoding == "binary":
        body = b"".join(b"".join(value.tobytes() for value in row) for row in zip(*columns, strict=True))
    else:
        plain = b"".join(column.tobytes() for column in columns)
        packed_body = lzf_compressed(plain)
        body = struct.pack("<II", len(packed_body), len(plain)) + packed_body
    return header.encode() + body


def lzf_compressed(plain: bytes) -> bytes:
    """LZF with a copy wherever the next three bytes have come up within 8192 bytes, else plain bytes."""
    out, literal, at = bytearray(), bytearray(), 0

    def flush() -> None:
        for start in range(0, len(literal), 32):
            run = literal[start : start + 32]
            out.append(len(run) - 1)
            out.extend(run)
        literal.clear()

    while at < len(plain):
        before = plain.rfind(plain[at : at + 3], max(0, at - 8192), at + 2) if at + 3 <= len(plain) else -1
        if before < 0 or before == at:
            literal.append(plain[at])
            at += 1
            continue
        flush()
        length = 3
        while length < 264 and at + length < len(plain) and plain[before + length] == plain[at + length]:
            length += 1
        back, code = at - before - 1, length - 2
        out.extend([min(code, 7) << 5 | back >> 8] + ([code - 7] if code >= 7 else []) + [back & 255])
        at += length
    flush()
    return bytes(out)


def glb_bytes(document: dict[str, Any], binary: bytes) -> bytes:
    """A GLB file of a glTF document and its one buffer."""
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    length = 12 + 8 + len(text) + 8 + len(binary)
    head = struct.pack("<4sIIII", b"glTF", 2, length, len(text), 0x4E4F534A)
    return head + text + struct.pack("<II", len(binary), 0x004E4942) + binary


def gltf_document(
    arrays: dict[str, np.ndarray], nodes: list[dict[str, Any]] | None = None, **more: Any
) -> tuple[dict[str, Any], bytes]:
    """A glTF document with one mesh of one primitive, and its buffer.

    arrays: attributes by their name in glTF, and ``indices``; float32, uint16 or uint8 (fractions)
    more: further entries of the document, and ``material`` of the primitive
    """
    codes = {"f4": 5126, "u2": 5123, "u1": 5121}
    binary, views, accessors = b"", [], []
    for values in arrays.values():
        binary += b"\0" * (-len(binary) % 4)
        kind = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}[1 if values.ndim == 1 else values.shape[1]]
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": values.nbytes})
        code = codes[values.dtype.str[1:]]
        accessors.append(
            {"bufferView": len(views) - 1, "componentType": code, "count": len(values), "type": kind}
        )
        accessors[-1]["normalized"] = values.dtype == np.uint8
        binary += values.tobytes()
    places = {name: number for number, name in enumerate(arrays)}
    primitive: dict[str, Any] = {"attributes": {k: v for k, v in places.items() if k != "indices"}}
    primitive |= {"indices": places["indices"]} if "indices" in places else {"mode": 0}
    primitive |= {"material": more.pop("material")} if "material" in more else {}
    document = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": nodes or [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
        "buffers": [{"byteLength": len(binary)}],
        "bufferViews": views,
        "accessors": accessors,
    }
    return document | more, binary
