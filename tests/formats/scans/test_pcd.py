"""PCD: every encoding, colours in the bits of a number, and files that are cut off or damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.raw_scans import colours, coordinates
from tests.scan_files import lzf_compressed, pcd_bytes
from twist.errors import TwistError
from twist.formats.scans.lzf import decompress
from twist.formats.scans.pcd import read_pcd
from twist.formats.scans.record import ScanFile

ENCODINGS = ["ascii", "binary", "binary_compressed"]
XYZ, RGB = coordinates(50), colours(50)


def read(folder: Path, data: bytes) -> ScanFile:
    path = folder / "scan.pcd"
    path.write_bytes(data)
    return read_pcd(path)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", ["F", "U"])
def test_coordinates_and_packed_colours(tmp_path: Path, encoding: str, kind: str) -> None:
    scan = read(tmp_path, pcd_bytes(XYZ, RGB, encoding, kind=kind))
    assert scan.xyz.dtype == np.float32
    np.testing.assert_array_equal(scan.xyz, XYZ)
    np.testing.assert_array_equal(scan.rgb, RGB)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_coordinates_alone_and_missing_ones(tmp_path: Path, encoding: str) -> None:
    xyz = XYZ.copy()
    xyz[7] = np.nan
    scan = read(tmp_path, pcd_bytes(xyz, None, encoding))
    np.testing.assert_array_equal(scan.xyz, xyz)
    assert scan.rgb is None


def test_the_bits_of_a_nan_are_a_colour_unless_it_is_written_out(tmp_path: Path) -> None:
    binary = bytearray(pcd_bytes(XYZ, RGB, "binary"))
    binary[-1] = 255  # alpha 255, which makes the float of a bright colour a NaN
    assert read(tmp_path, bytes(binary)).rgb.tolist() == RGB.tolist()
    *rows, last = pcd_bytes(XYZ, RGB, "ascii").splitlines()
    last = b" ".join([*last.split()[:3], b"nan"])
    scan = read(tmp_path, b"\n".join([*rows, last]))
    assert scan.rgb.tolist() == [*RGB[:-1].tolist(), [127, 127, 127]]


def test_other_fields_padding_and_separate_colours(tmp_path: Path) -> None:
    row = np.dtype(
        [("_", "u1", 3), ("r", "u1"), ("g", "u1"), ("b", "u1"), ("z", "<f8"), ("y", "<f8"), ("x", "<f8")]
    )
    rows = np.zeros(2, row)
    rows["x"], rows["y"], rows["z"], rows["r"], rows["b"] = (1e6, 1e6 + 1e-6), (3, 4), (5, 6), 255, 9
    header = (
        b"VERSION .7\nFIELDS _ r g b z y x\nSIZE 1 1 1 1 8 8 8\nTYPE U U U U F F F\nCOUNT 3 1 1 1 1 1 1\n"
        b"WIDTH 2\nHEIGHT 1\nPOINTS 2\nDATA binary\n"
    )
    scan = read(tmp_path, header + rows.tobytes())
    assert scan.xyz.tolist() == [[1e6, 3, 5], [1e6 + 1e-6, 4, 6]]
    assert scan.rgb.tolist() == [[255, 0, 9]] * 2


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kept", [0.99, 0.6, 0.1])
def test_truncated_files_are_refused(tmp_path: Path, encoding: str, kept: float) -> None:
    data = pcd_bytes(XYZ, RGB, encoding)
    with pytest.raises(TwistError, match="truncated"):
        read(tmp_path, data[: int(kept * len(data)) - 20 * (encoding == "ascii")])


def test_damage_is_refused_with_its_line(tmp_path: Path) -> None:
    data = pcd_bytes(XYZ, None, "ascii")
    with pytest.raises(TwistError, match=r"scan\.pcd:14: expected 3 numbers, found '1 2 three'"):
        read(tmp_path, data[: data.index(b"DATA ascii\n") + 11] + b"0 0 0\n0 0 0\n1 2 three\n")
    with pytest.raises(TwistError, match="do not fit together"):
        read(tmp_path, data.replace(b"SIZE 4 4 4", b"SIZE 4 4 3"))
    with pytest.raises(TwistError, match="x, y and z are needed"):
        read(tmp_path, data.replace(b"FIELDS x y z", b"FIELDS x y w"))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300) | st.lists(st.sampled_from([b"abc", b"\0" * 40, b"xyz1"])).map(b"".join))
def test_lzf_unpacks_what_was_packed(plain: bytes) -> None:
    assert decompress(lzf_compressed(plain), len(plain)) == plain


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 200))
def test_lzf_refuses_or_unpacks_any_bytes_to_the_size_asked_for(packed: bytes, size: int) -> None:
    plain = decompress(packed, size)
    assert plain is None or len(plain) == size


def test_an_organised_cloud_without_points_has_width_times_height(tmp_path: Path) -> None:
    data = pcd_bytes(XYZ, RGB, "binary")
    assert b"HEIGHT 1\nPOINTS 50\n" in data.replace(b"\nVIEWPOINT 0 0 0 1 0 0 0", b"")
    data = (
        data.replace(b"WIDTH 50", b"WIDTH 10").replace(b"HEIGHT 1", b"HEIGHT 5").replace(b"POINTS 50\n", b"")
    )
    np.testing.assert_array_equal(read(tmp_path, data).xyz, XYZ)


def test_a_header_in_capitals_and_with_tabs(tmp_path: Path) -> None:
    data = pcd_bytes(XYZ, None, "binary")
    data = data.replace(b"FIELDS x y z", b"FIELDS\tX\tY Z").replace(b"WIDTH ", b"WIDTH\t")
    np.testing.assert_array_equal(read(tmp_path, data).xyz, XYZ)
