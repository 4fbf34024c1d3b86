import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.raw_scans import mesh_vertices, ply_bytes
from twist.errors import TwistError
from twist.formats.ply import count_vertices, read_ply, write_ply

CODES = {"char": "b", "uchar": "B", "short": "h", "ushort": "H", "int": "i", "uint": "I", "float": "f",
         "double": "d", "uint8": "B", "float32": "f", "int32": "i"}  # fmt: skip
ENCODINGS = ["ascii", "binary_little_endian", "binary_big_endian"]


def encode(encoding: str, elements: list[tuple[str, list[str], list[list]]], newline: str = "\n") -> bytes:
    """A PLY file from (element, property lines, rows); a list value stands for a list property."""
    header, body = ["ply", f"format {encoding} 1.0", "comment élan ☃"], []
    order = ">" if encoding.endswith("big_endian") else "<"
    for name, properties, rows in elements:
        header += [f"element {name} {len(rows)}", *(f"property {line}" for line in properties)]
        for row in rows:
            words, packed = [], b""
            for line, value in zip(properties, row, strict=True):
                kinds = line.split()[:-1]
                if kinds[0] == "list":
                    words += [len(value), *value]
                    packed += struct.pack(order + CODES[kinds[1]], len(value))
                    packed += struct.pack(f"{order}{len(value)}{CODES[kinds[2]]}", *value)
                else:
                    words.append(value)
                    packed += struct.pack(order + CODES[kinds[0]], value)
            body.append((newline.join([" ".join(map(str, words)), ""])).encode() if order else b"")
            if encoding != "ascii":
                body[-1] = packed
    return newline.join([*header, "end_header", ""]).encode() + b"".join(body)


def read(tmp_path, data: bytes):
    path = tmp_path / "file.ply"
    path.write_bytes(data)
    return read_ply(path)


VERTICES = (
    "vertex",
    ["uchar red", "double z", "list uchar short odd", "float32 x", "int y", "ushort label"],
    [[7, 0.1, [1, -2], 0.5, -3, 65535], [255, 1e300, [4, 5], -1.25, 2**31 - 1, 0], [0, 0, [6, 7], 2, 3, 4]],
)
EXTRAS = ("camera", ["float view", "list int int ids"], [[1.5, [1, 2, 3]], [2.5, []]])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_any_property_in_any_order_among_other_elements(tmp_path, encoding, newline):
    faces = ("face", ["int flag", "list uchar int vertex_index"], [[1, [0, 1, 2]], [2, [2, 1, 0]]])
    ply = read(tmp_path, encode(encoding, [EXTRAS, VERTICES, faces], newline))
    assert list(ply.vertex) == ["red", "z", "x", "y", "label"]
    assert [ply.vertex[name].dtype for name in ply.vertex] == ["u1", "f8", "f4", "i4", "u2"]
    assert ply.vertex["z"].tolist() == [0.1, 1e300, 0]
    assert ply.vertex["y"].tolist() == [-3, 2**31 - 1, 3]
    assert ply.vertex["label"].tolist() == [65535, 0, 4]
    assert ply.faces.tolist() == [[0, 1, 2], [2, 1, 0]]
    assert ply.faces.dtype == np.int32


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("polygons", "triangles"),
    [
        ([], []),
        ([[0, 1, 2, 3]] * 2, [[0, 1, 2], [0, 2, 3]] * 2),
        ([[3, 2, 1], [0, 1, 2, 3, 4], [], [1, 2]], [[3, 2, 1], [0, 1, 2], [0, 2, 3], [0, 3, 4]]),
        ([[0, 1]], []),
    ],
)
def test_polygons_become_fans(tmp_path, encoding, polygons, triangles):
    points = ("vertex", ["float x"], [[0.0]] * 5)
    faces = (
        "face",
        ["list uint8 uint vertex_indices", "uchar group"],
        [[corners, 9] for corners in polygons],
    )
    assert read(tmp_path, encode(encoding, [points, faces])).faces.tolist() == triangles


def test_written_files_read_back_equal(tmp_path):
    vertex = mesh_vertices() | {"label": np.arange(12, dtype=np.int16), "far": np.full(12, 1e300)}
    faces = np.array([[0, 1, 2], [9, 10, 11]])
    write_ply(tmp_path / "a.ply", vertex, faces)
    ply = read_ply(tmp_path / "a.ply")
    assert list(ply.vertex) == list(vertex)
    for name, values in vertex.items():
        np.testing.assert_array_equal(ply.vertex[name], values)
        assert ply.vertex[name].dtype == values.dtype
    np.testing.assert_array_equal(ply.faces, faces)
    write_ply(tmp_path / "cloud.ply", {"x": np.zeros(0, np.float32)})
    assert len(read_ply(tmp_path / "cloud.ply").vertex["x"]) == 0


def test_coordinates_and_colours_are_those_of_the_file(tmp_path):
    vertex = mesh_vertices()
    ply = read(tmp_path, ply_bytes(vertex, np.zeros((0, 3), np.int32)))
    assert ply.xyz.tobytes() == np.stack([vertex[axis] for axis in "xyz"], axis=1).tobytes()
    assert ply.rgb.tolist() == np.stack([vertex[c] for c in ("red", "green", "blue")], axis=1).tolist()
    assert ply.faces.shape == (0, 3)


def test_missing_or_wide_properties_are_named(tmp_path):
    ply = read(tmp_path, encode("ascii", [("vertex", ["float x", "double y"], [[1, 2]])]))
    with pytest.raises(TwistError, match="no vertex property z"):
        ply.columns("x", "z")
    wide = ("vertex", ["float red", "float green", "float blue"], [[1, 2, 3]])
    with pytest.raises(TwistError, match="float32"):
        _ = read(tmp_path, encode("ascii", [wide])).rgb


HEADER = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n1\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ply\n", "plx\n", "not a PLY file"),
        ("end_header\n", "", "end_header"),
        ("ascii", "utf8", ":2: not a header line"),
        ("format ascii 1.0\n", "", ":4: the header lacks a format"),
        ("vertex 1", "vertex -1", ":3: '-1' is no number of rows"),
        ("vertex 1", "vertex 1" + 30 * "0", ":3: .* is no number of rows"),
        ("vertex 1", "vertex 9999999", ":3: .* truncated"),
        ("vertex 1", "vertex 2", "1 lines after its header, which announces 2"),
        ("vertex 1", "vertex 0", "1 lines after its header, which announces 0"),
        ("vertex 1", "edge 1", "no vertices"),
        ("float x", "real x", ":4: property x has no type"),
        ("float x", "list float int x", ":4: property x has no type"),
        ("float x", "list uchar int x", ":6: 1 values, expected 2"),
        ("property float x\n", "", ":4: the header lacks"),
        ("float x\n", "float x\nproperty int x\n", ":5: property x appears twice"),
        ("element", "propperty", ":3: not a header line"),
        ("x\nend", "x\xff y z\nend", ":4: property"),
        ("\n1\n", "\none\n", ":6: 'one' is not a number"),
        ("\n1\n", "\n1 2\n", ":6: 2 values, expected 1"),
        ("\n1\n", "\n1\n\n2\n", "2 lines"),
        ("\n1\n", "\n \n\none\n", ":8: 'one' is not a number"),
        ("float x", "uchar x", None),
        ("float x\nend_header\n1", "uchar x\nend_header\n256", ":6: '256' is no uchar"),
        ("float x\nend_header\n1", "char x\nend_header\n0.5", ":6: '0.5' is no char"),
        ("float x\nend_header\n1", "int x\nend_header\nnan", ":6: 'nan' is no int"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path, old, new, message):
    data = HEADER.replace(old, new).encode("latin-1")
    if message is None:
        assert read(tmp_path, data).vertex["x"].tolist() == [1]
    else:
        with pytest.raises(TwistError, match=message):
            read(tmp_path, data)


def test_blank_lines_of_a_text_file_are_skipped(tmp_path):
    data = HEADER.replace("vertex 1", "vertex 2").replace("\n1\n", "\n\n1\n \r\n2\n\n")
    assert read(tmp_path, data.encode()).vertex["x"].tolist() == [1, 2]


@pytest.mark.parametrize("word", ["nan", "-nan", "-nan(ind)", "nan(snan)", "1.#QNAN", "-1.#IND000"])
def test_what_windows_prints_for_no_number_is_nan(tmp_path, word):
    assert np.isnan(read(tmp_path, HEADER.replace("\n1\n", f"\n{word}\n").encode()).vertex["x"]).all()


@pytest.mark.parametrize("corners", [[0, 1, 5], [-1, 0, 1]])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_faces_outside_the_vertices_are_refused(tmp_path, encoding, corners):
    points = ("vertex", ["float x"], [[0.0]] * 5)
    with pytest.raises(TwistError, match="outside the 5 vertices"):
        read(tmp_path, encode(encoding, [points, ("face", ["list char int vertex_indices"], [[corners]])]))


def test_faces_by_floating_point_numbers_are_refused(tmp_path):
    points = ("vertex", ["float x"], [[0.0]] * 5)
    with pytest.raises(TwistError, match="floating-point"):
        read(tmp_path, encode("ascii", [points, ("face", ["list char float vertex_index"], [[[0, 1, 2]]])]))


def test_a_negative_list_length_is_refused(tmp_path):
    points = ("vertex", ["float x"], [[0.0]] * 3)
    data = encode("binary_little_endian", [points, ("face", ["list char int vertex_index"], [[[0, 1, 2]]])])
    with pytest.raises(TwistError, match="row 0 of the 1 rows of element face"):
        read(tmp_path, data[:-13] + b"\xff" + data[-12:])


def test_every_cut_of_a_binary_file_is_noticed(tmp_path):
    data = ply_bytes(mesh_vertices(), np.arange(6, dtype=np.int32).reshape(2, 3))
    for size in range(len(data)):
        with pytest.raises(TwistError, match=r"file\.ply"):
            read(tmp_path, data[:size])
    with pytest.raises(TwistError, match="1 bytes more"):
        read(tmp_path, data + b"\0")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_vertices_are_counted_without_the_body(tmp_path, encoding):
    faces = ("face", ["list uchar int vertex_indices"], [[[0, 1, 2]], [[2, 1, 0]]])
    data = encode(encoding, [VERTICES, faces, EXTRAS])
    (tmp_path / "a.ply").write_bytes(data)
    assert count_vertices(tmp_path / "a.ply") == len(VERTICES[2])
    assert len(read_ply(tmp_path / "a.ply").xyz) == len(VERTICES[2])


def test_a_cut_off_file_is_known_by_its_size(tmp_path):
    data = ply_bytes(mesh_vertices(), np.arange(6, dtype=np.int32).reshape(2, 3))
    for size in range(len(data)):
        (tmp_path / "a.ply").write_bytes(data[:size])
        with pytest.raises(TwistError, match=r"a\.ply"):
            count_vertices(tmp_path / "a.ply")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.ply", tmp_path):
        with pytest.raises(TwistError, match="cannot read"):
            read_ply(path)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(ENCODINGS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3), st.integers(0, 2)), min_size=1, max_size=4),
)
def test_mutated_files_read_or_raise_only_twist_errors(tmp_path_factory, encoding, mutations):
    faces = ("face", ["list uchar int vertex_indices"], [[[0, 1, 2]], [[2, 1, 0]]])
    data = encode(encoding, [VERTICES, faces, EXTRAS])
    for where, inserted, removed in mutations:
        at = int(where * len(data))
        data = data[:at] + inserted + data[at + removed :]
    try:
        ply = read(tmp_path_factory.getbasetemp(), data)
    except TwistError:
        return
    lengths = {len(values) for values in ply.vertex.values()}
    assert len(lengths) == 1
    assert ((ply.faces >= 0) & (ply.faces < lengths.pop())).all()
