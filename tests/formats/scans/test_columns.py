"""Columns of point lists: named by a heading, or guessed from what they hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.raw_scans import colours, coordinates
from twist.errors import TwistError
from twist.formats.scans.columns import guessed_columns, named_columns
from twist.formats.scans.reading import read_scan

XYZ, RGB = coordinates(40).astype(np.float64), colours(40).astype(np.float64)
NORMALS = np.tile([0.0, 0.6, -0.8], (40, 1))
INTENSITY = np.linspace(-0.5, 300, 40)


@pytest.mark.parametrize(
    ("heading", "xyz", "rgb"),
    [
        ("x y z", (0, 1, 2), None),
        ("//X Y Z R G B Intensity", (0, 1, 2), (3, 4, 5)),
        ("# z y x", (2, 1, 0), None),
        ('"time" "x" "y" "z" "blue" "green" "red"', (1, 2, 3), (6, 5, 4)),
        ("x y z nx ny nz r g b", (0, 1, 2), (6, 7, 8)),
        ("//X Y Z Rf Gf Bf", (0, 1, 2), (3, 4, 5)),
        ("//X Y Z Rf Gf Bf R G B", (0, 1, 2), (6, 7, 8)),
    ],
)
def test_a_heading_names_them(heading: str, xyz: tuple[int, ...], rgb: tuple[int, ...] | None) -> None:
    words = heading.split()
    found = named_columns(words, len(words) - (words[0] == "#"))
    assert found is not None
    assert (found.xyz, found.rgb) == (xyz, rgb)


@pytest.mark.parametrize("heading", ["x y", "easting northing height", "x y z x", "x y z r g", ""])
def test_a_heading_that_does_not_fit_three_columns_names_nothing(heading: str) -> None:
    assert named_columns(heading.split(), 3) is None


ROWS, COLUMNS = np.divmod(np.arange(40.0), 8)
ALPHA = np.full(40, 255.0)


@pytest.mark.parametrize(
    ("parts", "xyz", "rgb"),
    [
        ((XYZ,), 0, None),
        ((XYZ, RGB), 0, 3),
        ((XYZ, RGB / 255), 0, 3),
        ((XYZ, NORMALS), 0, None),
        ((XYZ, NORMALS, RGB), 0, 6),
        ((XYZ, RGB, INTENSITY), 0, 3),
        ((XYZ, INTENSITY, RGB), 0, 4),
        ((XYZ, RGB, ALPHA), 0, 3),
        ((XYZ, RGB / 255, ALPHA / 255), 0, 3),
        ((XYZ, RGB, np.arange(40) % 13), 0, 3),
        ((XYZ, RGB, INTENSITY, INTENSITY), 0, 3),
        ((np.arange(40) + 7, XYZ), 1, None),
        ((np.arange(40), XYZ, RGB), 1, 4),
        ((ROWS, COLUMNS, XYZ, RGB), 2, 5),
    ],
)
def test_columns_without_a_heading(parts: tuple[np.ndarray, ...], xyz: int, rgb: int | None) -> None:
    rows = np.column_stack(parts)
    found = guessed_columns(rows)
    assert found.xyz == (xyz, xyz + 1, xyz + 2)
    assert found.rgb == (None if rgb is None else (rgb, rgb + 1, rgb + 2))
    left_out = rows.shape[1] - 3 - 3 * (rgb is not None)
    assert bool(found.notes) == bool(left_out)


@pytest.mark.parametrize("points", [0, 1, 2])
@pytest.mark.parametrize("width", [3, 4, 6, 7, 8, 9, 12])
def test_few_points_are_guessed_without_an_error(points: int, width: int) -> None:
    assert guessed_columns(np.full((points, width), 0.5)).xyz == (0, 1, 2)
    assert guessed_columns(np.full((points, width), np.nan)).xyz == (0, 1, 2)


def text(separator: str = " ") -> str:
    return "".join(separator.join(f"{value:.4f}" for value in row) + "\n" for row in XYZ)


@pytest.mark.parametrize(
    "data",
    [
        text().encode("utf-16"),
        text().replace("\n", "\r").encode(),
        text("\t").replace(".", ",").encode(),
        text(" ").replace(".", ",").encode(),
        (text()[:200].rsplit("\n", 1)[0] + "\n# a remark\n" + text()).encode(),
        "".join(",".join(f'"{value:.4f}"' for value in row) + "\n" for row in XYZ).encode(),
    ],
    ids=["utf-16", "returns", "tabs and commas", "blanks and commas", "remark", "quotes"],
)
def test_other_ways_to_write_numbers(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "scan.txt").write_bytes(data)
    scan = read_scan(tmp_path / "scan.txt")
    np.testing.assert_allclose(scan.xyz[-40:], XYZ, atol=1e-4)
    assert scan.rgb is None


def test_an_array_on_its_side_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "scan.npy", XYZ.T)
    with pytest.raises(TwistError, match=r"array\.T"):
        read_scan(tmp_path / "scan.npy")
