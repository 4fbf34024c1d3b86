"""glTF: where meshes stand, the ways to say a colour, and damage."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.scan_files import glb_bytes, gltf_document
from twist.errors import TwistError
from twist.formats.scans.gltf import read_gltf
from twist.formats.scans.record import ScanFile

XYZ = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 2]], np.float32)
FACES = np.array([[0, 1, 2], [0, 1, 3]], np.uint16)
MESH = {"POSITION": XYZ, "indices": FACES.reshape(-1)}


def read(folder: Path, document: dict[str, Any], binary: bytes) -> ScanFile:
    path = folder / "scan.glb"
    path.write_bytes(glb_bytes(document, binary))
    return read_gltf(path)


def test_a_mesh_with_colours_of_its_vertices(tmp_path: Path) -> None:
    linear = np.array([[0, 0, 0, 1], [1, 1, 1, 1], [0.2140411, 0, 1, 1], [1, 0, 0, 1]], np.float32)
    scan = read(tmp_path, *gltf_document({**MESH, "COLOR_0": linear}))
    np.testing.assert_array_equal(scan.xyz, XYZ)
    np.testing.assert_array_equal(scan.faces, FACES)
    assert scan.rgb.tolist() == [[0, 0, 0], [255, 255, 255], [127, 0, 255], [255, 0, 0]]
    assert scan.up == "y"


def test_nodes_place_meshes_and_a_mesh_may_stand_twice(tmp_path: Path) -> None:
    half = float(np.sqrt(0.5))
    nodes = [
        {"children": [1, 2], "translation": [10, 0, 0]},
        {"mesh": 0, "scale": [2, 2, 2], "rotation": [0, 0, half, half]},  # a quarter turn about z
        {"mesh": 0, "matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 5, 1]},
    ]
    scan = read(tmp_path, *gltf_document(MESH, nodes))
    expected = [[10, 0, 0], [10, 2, 0], [8, 0, 0], [10, 0, 4], [10, 0, 5], [11, 0, 5], [10, 1, 5], [10, 0, 7]]
    np.testing.assert_allclose(scan.xyz, expected, atol=1e-12)
    np.testing.assert_array_equal(scan.faces, [*FACES, *(FACES + 4)])
    assert scan.rgb is None


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("as_matrix", [False, True])
def test_a_mirrored_mesh_keeps_its_outside(axis: int, as_matrix: bool, tmp_path: Path) -> None:
    scale = np.where(np.arange(3) == axis, -2.0, 1.0)
    matrix = np.diag([*scale, 1]).ravel().tolist()
    node = {"mesh": 0, "matrix": matrix} if as_matrix else {"mesh": 0, "scale": scale.tolist()}
    scan = read(tmp_path, *gltf_document(MESH, [node]))
    for face, of_file in zip(scan.faces, FACES, strict=True):
        (a, b, c), (p, q, r) = scan.xyz[face], XYZ[of_file] * scale
        outside = np.cross(q - p, r - p) * np.sign(np.prod(scale))
        assert np.cross(b - a, c - a) @ outside > 0


def test_colours_of_a_texture_are_those_at_the_vertices(tmp_path: Path) -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]], np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    corners = np.array([[0.1, 0.1], [0.9, 0.1], [0.1, 0.9], [1.9, -0.1]], np.float32)
    document, binary = gltf_document(
        {**MESH, "TEXCOORD_0": corners},
        material=0,
        materials=[{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        textures=[{"source": 0}],
        images=[{"uri": uri}],
    )
    scan = read(tmp_path, document, binary)
    assert scan.rgb.tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]


def test_points_in_a_gltf_with_its_buffer_beside_it(tmp_path: Path) -> None:
    document, binary = gltf_document({"POSITION": XYZ, "COLOR_0": np.full((4, 3), 255, np.uint8)})
    document["buffers"][0]["uri"] = "the%20points.bin"
    (tmp_path / "the points.bin").write_bytes(binary)
    (tmp_path / "scan.gltf").write_text(json.dumps(document))
    scan = read_gltf(tmp_path / "scan.gltf")
    np.testing.assert_array_equal(scan.xyz, XYZ)
    assert (len(scan.faces), scan.rgb.tolist()) == (0, [[255, 255, 255]] * 4)


def test_a_material_of_one_colour_and_none(tmp_path: Path) -> None:
    surfaces = [{"pbrMetallicRoughness": {"baseColorFactor": [1, 0, 0, 1]}}]
    assert (
        read(tmp_path, *gltf_document(MESH, material=0, materials=surfaces)).rgb.tolist() == [[255, 0, 0]] * 4
    )
    assert read(tmp_path, *gltf_document(MESH, material=0, materials=[{}])).rgb is None


def test_without_a_scene_every_root_stands_once_and_bare_parts_are_grey(tmp_path: Path) -> None:
    nodes = [{"children": [1]}, {"mesh": 0, "translation": [0, 7, 0]}]
    document, binary = gltf_document({**MESH, "COLOR_0": np.zeros((4, 4), np.float32)}, nodes)
    del document["scenes"]
    (primitive,) = document["meshes"][0]["primitives"]
    bare = {"attributes": {"POSITION": 0}, "indices": primitive["indices"]}
    document["meshes"][0]["primitives"].append(bare)
    scan = read(tmp_path, document, binary)
    np.testing.assert_array_equal(scan.xyz, np.tile(XYZ + np.float32([0, 7, 0]), (2, 1)))
    assert scan.rgb.tolist() == [[0, 0, 0]] * 4 + [[127, 127, 127]] * 4
    assert scan.notes == ("1 of 2 parts have no colours: grey",)


def test_damage_is_one_error(tmp_path: Path) -> None:
    document, binary = gltf_document(MESH)
    whole = glb_bytes(document, binary)
    path = tmp_path / "scan.glb"
    for end in (*range(4, len(whole) - 4, 37), len(whole) - 8):
        path.write_bytes(whole[:end])
        with pytest.raises(TwistError, match="truncated, damaged or no glTF"):
            read_gltf(path)
    for key in ("accessors", "bufferViews", "meshes", "nodes"):
        with pytest.raises(TwistError, match="damaged"):
            read(tmp_path, {**document, key: []}, binary)
    with pytest.raises(TwistError, match="holds no mesh"):
        read(tmp_path, {**document, "nodes": [{}]}, binary)
    with pytest.raises(TwistError, match=r"compressed \(KHR_draco_mesh_compression\)"):
        read(tmp_path, {**document, "extensionsRequired": ["KHR_draco_mesh_compression"]}, binary)


@pytest.mark.parametrize(
    ("mode", "indices", "faces"),
    [
        (5, [0, 1, 2, 3], [[0, 1, 2], [2, 1, 3]]),
        (6, [0, 1, 2, 3], [[0, 1, 2], [0, 2, 3]]),
        (5, [0, 1], []),
        (5, None, [[0, 1, 2], [2, 1, 3]]),
    ],
    ids=["strip", "fan", "too short", "without indices"],
)
def test_strips_and_fans_are_triangles(
    tmp_path: Path, mode: int, indices: list[int] | None, faces: list[list[int]]
) -> None:
    corners = {} if indices is None else {"indices": np.array(indices, np.uint16)}
    document, binary = gltf_document({"POSITION": XYZ, **corners})
    document["meshes"][0]["primitives"][0]["mode"] = mode
    assert read(tmp_path, document, binary).faces.tolist() == faces


def test_lines_are_left_out_and_told(tmp_path: Path) -> None:
    document, binary = gltf_document(MESH)
    primitives = document["meshes"][0]["primitives"]
    primitives.append({**primitives[0], "mode": 3})
    scan = read(tmp_path, document, binary)
    assert len(scan.xyz) == len(XYZ)
    assert scan.notes == ("parts that are lines, left out: 1",)


def textured(folder: Path, **texture: Any) -> ScanFile:
    """A mesh whose material has a red picture as WebP, by the extension."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (255, 0, 0)).save(buffer, "WEBP", lossless=True)
    picture = "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
    uv = {"TEXCOORD_0": np.full((4, 2), 0.5, np.float32)} if texture.pop("placed", True) else {}
    document, binary = gltf_document(
        {**MESH, **uv},
        material=0,
        materials=[{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        textures=[texture],
        images=[{"uri": picture}],
    )
    return read(folder, document, binary)


def test_a_webp_texture_is_read(tmp_path: Path) -> None:
    scan = textured(tmp_path, extensions={"EXT_texture_webp": {"source": 0}})
    assert scan.rgb.tolist() == [[255, 0, 0]] * 4


def test_a_texture_that_cannot_be_placed_or_read_is_no_colour(tmp_path: Path) -> None:
    assert textured(tmp_path, source=0, placed=False).rgb is None
    assert textured(tmp_path, extensions={"KHR_texture_basisu": {"source": 0}}).rgb is None


def test_a_part_of_an_atlas_has_its_colours_from_there(tmp_path: Path) -> None:
    pixels = np.arange(16, dtype=np.uint8).repeat(3).reshape(4, 4, 3)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    picture = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)
    place = {"offset": [0.5, 0.25], "scale": [0.3, 0.3], "texCoord": 1}

    def atlas(**more: float) -> ScanFile:
        texture = {"index": 0, "extensions": {"KHR_texture_transform": place | more}}
        document, binary = gltf_document(
            {**MESH, "TEXCOORD_0": corners * 0, "TEXCOORD_1": corners},
            material=0,
            materials=[{"pbrMetallicRoughness": {"baseColorTexture": texture}}],
            textures=[{"source": 0}],
            images=[{"uri": picture}],
        )
        return read(tmp_path, document, binary)

    assert atlas().rgb[:, 0].tolist() == [6, 7, 10, 11]
    turned = atlas(rotation=0.3)
    assert turned.rgb is None
    np.testing.assert_array_equal(turned.xyz, XYZ)


def test_a_damaged_picture_is_one_error(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), (255, 0, 0)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[data.index(b"IDAT") - 1] -= 5  # its length
    document, binary = gltf_document(
        {**MESH, "TEXCOORD_0": np.zeros((4, 2), np.float32)},
        material=0,
        materials=[{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        textures=[{"source": 0}],
        images=[{"uri": "data:image/png;base64," + base64.b64encode(bytes(data)).decode()}],
    )
    with pytest.raises(TwistError, match="truncated, damaged or no glTF"):
        read(tmp_path, document, binary)


def test_a_texture_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    with pytest.raises(TwistError, match="too large to be read"):
        textured(tmp_path, extensions={"EXT_texture_webp": {"source": 0}})
