"""Damaged scans: cut, mutated, or with values of another type, they are read right or refused."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.raw_scans import write_scan
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.formats.scannet import read_scene
from twist.formats.scannet_labels import find_label_map, read_label_map
from twist.scene import Scene

LABELS = {"wall": 1, "chair": 5, "couch": 6, "backpack": 37}


def file_of(folder: Path, ending: str) -> Path:
    return folder / f"{folder.name}{ending}"


def read_with_map(folder: Path) -> Scene:
    return read_scene(folder, read_label_map(find_label_map(folder)))[0]


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("kind", ["float", "double"])
def test_meshes_in_every_encoding_with_other_properties_read_the_same(tmp_path, encoding, kind):
    folder = write_scan(tmp_path)
    expected = read_with_map(folder)
    path = file_of(folder, "_vh_clean_2.ply")
    order = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}[encoding]
    header = [
        "ply", f"format {encoding} 1.0", "comment made by hand", "element vertex 12", f"property {kind} nx",
        *(f"property uchar {name}" for name in ("blue", "green", "red")),
        *(f"property {kind} {name}" for name in "zyx"), "property list uchar ushort tags",
        "element face 4", "property uchar flags", "property list uchar uint vertex_index", "end_header", "",
    ]  # fmt: skip
    code = {"float": "f", "double": "d"}[kind]
    rows = [((f"{code}3B3{code}BH"), (0.5, *rgb[::-1], *xyz[::-1], 1, 7))
            for xyz, rgb in zip(expected.xyz.tolist(), expected.rgb.tolist(), strict=True)]  # fmt: skip
    rows += [("BB3I", (9, 3, *corners)) for corners in expected.faces.tolist()]
    if encoding == "ascii":
        body = "".join(" ".join(map(str, row)) + "\n" for _, row in rows).encode()
    else:
        body = b"".join(struct.pack(order + form, *row) for form, row in rows)
    path.write_bytes("\n".join(header).encode() + body)
    scene = read_with_map(folder)
    for key in ("xyz", "rgb", "faces", "semantic", "instance"):
        np.testing.assert_array_equal(getattr(scene, key), getattr(expected, key), err_msg=key)


@pytest.mark.parametrize("ending", [".aggregation.json", ".txt", "_vh_clean_2.0.010000.segs.json",
                                    "_vh_clean_2.ply", "_vh_clean_2.labels.ply"])  # fmt: skip
def test_a_file_cut_anywhere_is_noticed_or_changes_nothing(tmp_path, ending):
    folder = write_scan(tmp_path)
    expected = read_with_map(folder)
    path = file_of(folder, ending)
    whole = path.read_bytes()
    for size in range(0, len(whole), 1 if len(whole) < 300 else 7):
        path.write_bytes(whole[:size])
        try:
            scene, report = read_scene(folder, LABELS)
        except TwistError as error:
            assert folder.name in str(error)  # noqa: PT017
            continue
        assert scene.semantic.tobytes() == expected.semantic.tobytes()
        assert scene.instance.tobytes() == expected.instance.tobytes()
        if (scene.axis_alignment != expected.axis_alignment).any():
            assert "has no axisAlignment" in report.warnings[0]


PLACES = [("segIndices",), ("sceneId",), ("appId",), ("segmentsFile",), ("segGroups",), ("segGroups", 1),
          *(("segGroups", 1, key) for key in ("objectId", "label", "segments")),
          ("segGroups", 1, "segments", 0)]  # fmt: skip
VALUES = [None, True, -1, 0, 1.5, "x", "", [], [[70]], {}, {"70": 1}, 2**31, 2**63, 2**70, "NaN"]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_values_of_another_type_are_refused_reported_or_change_nothing(tmp_path, place):
    folder = write_scan(tmp_path)
    expected = read_with_map(folder)
    ending = "_vh_clean_2.0.010000.segs.json" if place[0] == "segIndices" else ".aggregation.json"
    path = file_of(folder, ending)
    whole = path.read_text()
    for value in VALUES:
        content = target = json.loads(whole)
        for key in place[:-1]:
            target = target[key]
        target[place[-1]] = value
        path.write_text(json.dumps(content))
        try:
            scene, report = read_scene(folder, LABELS)
        except TwistError as error:
            assert str(path) in str(error)  # noqa: PT017
            continue
        same = scene.instance.tobytes() == expected.instance.tobytes()
        assert report.warnings or (same and scene.semantic.tobytes() == expected.semantic.tobytes()), value


ENDINGS = (".aggregation.json", ".txt", "_vh_clean_2.0.010000.segs.json", "_vh_clean_2.ply",
           "_vh_clean_2.labels.ply", "tsv")  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(ENDINGS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=2), st.integers(0, 2)), min_size=1, max_size=3),
)
def test_mutated_scans_read_or_raise_only_twist_errors(tmp_path, ending, mutations):
    folder = tmp_path / "scans" / "scene0011_00"
    if not folder.exists():
        write_scan(tmp_path)
    path = tmp_path / "scannetv2-labels.combined.tsv" if ending == "tsv" else file_of(folder, ending)
    whole = data = path.read_bytes()
    for where, inserted, removed in mutations:
        at = int(where * len(data))
        data = data[:at] + inserted + data[at + removed :]
    path.write_bytes(data)
    try:
        scene, _ = read_scene(folder, read_label_map(find_label_map(folder)))
        assert len(scene) == 12
        assert scene.semantic.max() < len(SCANNET)
    except TwistError:
        pass
    finally:
        path.write_bytes(whole)
