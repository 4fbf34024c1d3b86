"""Any scan: formats told by content or name, text with and without colours, and what is no scan."""

from __future__ import annotations

import sys
from pathlib import Path

import laspy
import numpy as np
import pytest

from tests.raw_scans import colours, coordinates, mesh_vertices, ply_bytes
from tests.scan_files import pcd_bytes
from twist.errors import TwistError
from twist.formats.scans.reading import read_scan, scan_suffixes, scans_in
from twist.formats.scans.record import ScanFile, as_bytes

XYZ, RGB = coordinates(40), colours(40)
FACES = np.arange(39, dtype=np.int32).reshape(-1, 3)


def read(folder: Path, name: str, data: bytes | str) -> ScanFile:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_scan(path)


def text(columns: np.ndarray, separator: str = " ") -> str:
    return "".join(separator.join(repr(float(value)) for value in row) + "\n" for row in columns)


def las_bytes(folder: Path, suffix: str, rgb: np.ndarray | None) -> bytes:
    header = laspy.LasHeader(version="1.4", point_format=7 if rgb is not None else 6)
    header.scales, header.offsets = [1e-4] * 3, [500_000, 4_000_000, 0]
    points = laspy.LasData(header)
    points.x, points.y, points.z = (XYZ + np.array(header.offsets)).T
    if rgb is not None:
        points.red, points.green, points.blue = rgb.T
    path = folder / f"written.{suffix}"
    points.write(path)
    return path.read_bytes()


# --- formats -------------------------------------------------------------------------------------


def test_ply_mesh_with_colours(tmp_path: Path) -> None:
    scan = read(tmp_path, "scan.ply", ply_bytes(mesh_vertices(40), FACES))
    np.testing.assert_array_equal(scan.xyz, XYZ)
    np.testing.assert_array_equal(scan.rgb, RGB)
    np.testing.assert_array_equal(scan.faces, FACES)
    assert scan.notes == ()


def test_ply_as_old_and_strange_writers_have_it(tmp_path: Path) -> None:
    """Strips of triangles, capitals, blanks, and faces announced but never described."""
    header = (
        "ply \nformat ascii 1.0\ncomment: by hand\n\n obj_info: odd\nelement vertex 5\n"
        "property float x\nproperty float y\nproperty float z\n"
        "property uchar Red\nproperty uchar Green\nproperty uchar Blue\nelement face 0\n"
        "element tristrips 1\n  property list int int vertex_indices\nend_header\n"
    )
    rows = "".join(f"{k} {k * k} 0 {k} 1 2\n" for k in range(5))
    scan = read(tmp_path, "a.ply", header + rows + "8 0 1 2 3 -1 2 3 4\n")
    assert scan.faces.tolist() == [[0, 1, 2], [2, 1, 3], [2, 3, 4]]
    assert scan.rgb.tolist() == [[k, 1, 2] for k in range(5)]


@pytest.mark.parametrize("suffix", ["las", "laz"])
def test_las_keeps_far_coordinates_and_16_bit_colours(tmp_path: Path, suffix: str) -> None:
    scan = read(tmp_path, f"scan.{suffix}", las_bytes(tmp_path, suffix, RGB.astype(np.uint16) * 257))
    np.testing.assert_allclose(scan.xyz, XYZ + np.array([500_000, 4_000_000, 0]), atol=1e-4)
    np.testing.assert_array_equal(scan.rgb, RGB)
    assert read(tmp_path, f"bare.{suffix}", las_bytes(tmp_path, suffix, None)).rgb is None
    black = read(tmp_path, f"black.{suffix}", las_bytes(tmp_path, suffix, RGB * np.uint16(0)))
    assert black.rgb is None
    assert "black" in black.notes[0]


@pytest.mark.parametrize("suffix", ["las", "laz"])
def test_damaged_las_is_refused(tmp_path: Path, suffix: str) -> None:
    data = las_bytes(tmp_path, suffix, RGB.astype(np.uint16))
    for end in (10, 200, len(data) // 2, len(data) - 40):
        with pytest.raises(TwistError, match=r"truncated|not a whole LAS"):
            read(tmp_path, f"cut.{suffix}", data[:end])


def test_obj_with_colours_polygons_and_relative_indices(tmp_path: Path) -> None:
    vertices = "# made by hand\nv 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 1 1 0 0 0 1\nv 0 1 0 0 0 0\n"
    scan = read(tmp_path, "scan.obj", vertices + "f 1/1/1 2//2 3 4\nf -4 -3 -1\n")
    assert scan.faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 3]]
    assert scan.rgb.tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0]]
    seven = [" 1 0 0 1\n", " 0 1 0 0.5\n", " 0 0 1 1\n"]
    alpha = "".join(f"v {k} 0 0{rest}" for k, rest in enumerate(seven))
    assert read(tmp_path, "alpha.obj", "\ufeff" + alpha).rgb.tolist() == np.diag([255] * 3).tolist()
    weights = "v 0 0 0 1 1 0 0\nv 1 0 0 1 0 0 1\n"
    assert read(tmp_path, "weights.obj", weights).rgb.tolist() == [[255, 0, 0], [0, 0, 255]]
    textured = read(tmp_path, "textured.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nf 1/1 2/1 3/1\n")
    assert textured.rgb is None
    assert "texture" in textured.notes[0]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("v 0 0 0\nv 1 zero 0\n", r"scan\.obj:2: not understood"),
        ("v 0 0 0\nf 1 2 3\n", "outside the 1 vertices"),
        ("v 0 0 0\nf 0 1 1\n", r"scan\.obj:2"),
        ("v 0 0\n", "x y z"),
        ("o nothing\n", "no points"),
    ],
)
def test_damaged_obj_is_refused(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(TwistError, match=message):
        read(tmp_path, "scan.obj", lines)


# --- text and arrays -----------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [" ", ",", ";", ", ", "\t"])
def test_text_of_coordinates_and_colours(tmp_path: Path, separator: str) -> None:
    scan = read(tmp_path, "scan.csv", text(np.c_[XYZ, RGB], separator))
    np.testing.assert_array_equal(scan.xyz, XYZ.astype(np.float64))
    np.testing.assert_array_equal(scan.rgb, RGB)
    assert read(tmp_path, "scan.xyz", text(XYZ, separator)).rgb is None


@pytest.mark.parametrize(
    "heading", ["x,y,z,r,g,b\n", "40\n", "//X Y Z R G B\n40\n", "\ufeff", "\ufeff# a\n# b\n// c\n#\n"]
)
def test_a_heading_and_a_number_of_points_are_skipped(tmp_path: Path, heading: str) -> None:
    scan = read(tmp_path, "scan.txt", heading + text(np.c_[XYZ, RGB]))
    assert len(scan) == 40
    np.testing.assert_array_equal(scan.rgb, RGB)


@pytest.mark.parametrize("heading", ["", "x;y;z\n"])
def test_decimal_commas_between_semicolons(tmp_path: Path, heading: str) -> None:
    lines = text(np.c_[XYZ, RGB], ";").replace(".", ",")
    scan = read(tmp_path, "scan.csv", heading + lines)
    np.testing.assert_array_equal(scan.xyz, XYZ.astype(np.float64))
    np.testing.assert_array_equal(scan.rgb, RGB)
    mixed = read(tmp_path, "scan.csv", "1,2,3;\n4,5,6;\n")  # a semicolon that only ends the line
    np.testing.assert_array_equal(mixed.xyz, [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize("more", [np.arange(40)[:, None] % 13, np.tile([0.5, 3], (40, 1)), XYZ])
def test_colours_in_front_of_labels_and_other_columns(tmp_path: Path, more: np.ndarray) -> None:
    array = np.c_[XYZ, RGB, more].astype(np.float32)
    np.save(tmp_path / "room.npy", array)
    for scan in (read_scan(tmp_path / "room.npy"), read(tmp_path, "room.txt", text(array))):
        np.testing.assert_array_equal(scan.rgb, RGB)
        assert "columns 4 to 6 are taken as colours" in scan.notes[0]


def test_columns_are_told_apart(tmp_path: Path) -> None:
    intensity = np.arange(40.0)
    with_intensity = read(tmp_path, "scan.pts", "40\n" + text(np.c_[XYZ, intensity, RGB]))
    np.testing.assert_array_equal(with_intensity.rgb, RGB)
    fractions = read(tmp_path, "scan.xyzrgb", text(np.c_[XYZ, RGB / 255]))
    np.testing.assert_array_equal(fractions.rgb, RGB)
    normals = read(tmp_path, "scan.xyzn", text(np.c_[XYZ, np.tile([0, 0.6, -0.8], (40, 1))]))
    assert normals.rgb is None
    assert "normals" in normals.notes[0]
    other = read(tmp_path, "scan.asc", text(np.c_[XYZ, intensity]))
    assert other.rgb is None
    assert "columns 4 to 4 are left out" in other.notes[0]


def test_words_in_the_middle_are_refused_with_their_line(tmp_path: Path) -> None:
    lines = "x y z\n" + text(XYZ[:3]) + "1 2 what\n"
    with pytest.raises(TwistError, match=r"scan\.xyz:5: expected 3 numbers, found '1 2 what'"):
        read(tmp_path, "scan.xyz", lines)
    with pytest.raises(TwistError, match=r"scan\.xyz:3: expected 3 numbers"):
        read(tmp_path, "scan.xyz", "0 0 0\n\n1 2\n")


def test_nan_in_text_is_a_missing_coordinate(tmp_path: Path) -> None:
    scan = read(tmp_path, "scan.xyz", "0 0 0\nnan NaN 1e-3\n")
    assert np.isnan(scan.xyz[1, :2]).all()
    assert scan.xyz[1, 2] == 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_arrays(tmp_path: Path, dtype: type) -> None:
    rows = (np.c_[XYZ, RGB] if dtype != np.int16 else np.c_[XYZ * 100, RGB]).astype(dtype)
    np.save(tmp_path / "scan.npy", rows)
    scan = read_scan(tmp_path / "scan.npy")
    np.testing.assert_array_equal(scan.xyz, rows[:, :3])
    np.testing.assert_array_equal(scan.rgb, RGB)
    np.savez(tmp_path / "scan.npz", xyz=XYZ, rgb=RGB, faces=FACES)
    np.testing.assert_array_equal(read_scan(tmp_path / "scan.npz").faces, FACES)


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros((4, 2)), np.array([["a", "b", "c"]])])
def test_arrays_that_are_no_scan_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "scan.npy", array)
    with pytest.raises(TwistError, match=r"expected numbers \(N, 3\)"):
        read_scan(tmp_path / "scan.npy")


def test_a_pickled_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "scan.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(TwistError, match="not a whole array"):
        read_scan(tmp_path / "scan.npy")


# --- colours -------------------------------------------------------------------------------------


def test_colours_of_any_range_become_bytes(tmp_path: Path) -> None:
    for given in (RGB, RGB / 255, RGB.astype(np.uint16) * 257, RGB.astype(np.float64), RGB.astype(np.int64)):
        np.testing.assert_array_equal(as_bytes(given, tmp_path), RGB)
    half = np.where(np.arange(len(RGB))[:, None] % 2, RGB, np.nan)
    np.testing.assert_array_equal(as_bytes(half, tmp_path)[1::2], RGB[1::2])
    assert (as_bytes(half, tmp_path)[::2] == 127).all()
    beyond = RGB.astype(np.float64)
    beyond[0] = [255.00002, 256, -0.001]
    assert as_bytes(beyond, tmp_path)[:1].tolist() == [[255, 255, 0]]
    np.testing.assert_array_equal(as_bytes(beyond, tmp_path)[1:], RGB[1:])
    np.testing.assert_array_equal(as_bytes(beyond / 255, tmp_path)[1:], RGB[1:])
    for wrong in (np.full((3, 3), "red"), np.ones((3, 3), complex)):
        with pytest.raises(TwistError, match="expected numbers"):
            as_bytes(wrong, tmp_path)
    for wrong in (RGB - 300.0, RGB * 1e6):
        with pytest.raises(TwistError, match="colours go from"):
            as_bytes(wrong, tmp_path)


# --- what is no scan -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scan.pcd", "scan.txt", "scan.npy", "scan"])
def test_content_tells_more_than_the_name(tmp_path: Path, name: str) -> None:
    scan = read(tmp_path, name, ply_bytes(mesh_vertices(40), FACES))
    np.testing.assert_array_equal(scan.xyz, XYZ)
    assert [note.split(",")[0] for note in scan.notes] == (["the file is PLY"] if "." in name else [])


@pytest.mark.parametrize(
    "name", [f"scan{suffix}" for suffix in scan_suffixes() if suffix not in (".off", ".stl", ".fbx")]
)
def test_other_content_under_a_known_name_is_one_error(tmp_path: Path, name: str) -> None:
    for data in (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 9, b"not a scan at all", b"\0" * 500):
        with pytest.raises(TwistError, match=r"scan\."):
            read(tmp_path, name, data)


def test_what_is_no_file_of_a_scan(tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=r"of no format that is read: \.ply \.pcd"):
        read(tmp_path, "scan.docx", b"PK\x03\x04")
    with pytest.raises(TwistError, match="No such file"):
        read_scan(tmp_path / "absent.ply")
    with pytest.raises(TwistError, match="is a folder"):
        read_scan(tmp_path)
    with pytest.raises(TwistError, match="is empty"):
        read(tmp_path, "empty.pcd", b"")


@pytest.mark.parametrize("encoding", ["ascii", "binary", "binary_compressed"])
def test_no_points_is_an_error(tmp_path: Path, encoding: str) -> None:
    nothing = np.zeros((0, 3), np.float32)
    with pytest.raises(TwistError, match="has no points"):
        read(tmp_path, "scan.pcd", pcd_bytes(nothing, None, encoding))
    with pytest.raises(TwistError, match="has no points"):
        read(
            tmp_path,
            "scan.ply",
            ply_bytes(dict(zip("xyz", nothing.T, strict=True)), np.zeros((0, 3), np.int32)),
        )
    np.save(tmp_path / "scan.npy", nothing)
    with pytest.raises(TwistError, match="has no points"):
        read_scan(tmp_path / "scan.npy")


# --- a folder of scans ---------------------------------------------------------------------------


def test_the_scans_of_a_folder_by_name(tmp_path: Path) -> None:
    for name in ("b.LAZ", "a.ply", "._a.ply", ".hidden.ply", "notes.docx", "readme"):
        (tmp_path / name).touch()
    (tmp_path / "c.ply").mkdir()
    assert scans_in(tmp_path) == {"a": tmp_path / "a.ply", "b": tmp_path / "b.LAZ"}
    (tmp_path / "a.pcd").touch()
    with pytest.raises(TwistError, match=r"a\.pcd and a\.ply have one name; rename one"):
        scans_in(tmp_path)
    with pytest.raises(TwistError, match=r"absent is not a folder; put scans there"):
        scans_in(tmp_path / "absent")


# --- open3d --------------------------------------------------------------------------------------


def test_where_open3d_cannot_start_the_packages_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "open3d", None)  # its import raises ImportError
    with pytest.raises(TwistError, match=r"\.off is read by open3d, which cannot start here.*libusb-1\.0-0"):
        read(tmp_path, "scan.off", "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
