import json

import numpy as np
import pytest

from twist.errors import TwistError
from twist.formats.segs import read_segments, write_segments


def test_written_segments_read_back_in_the_release_form(tmp_path):
    path = tmp_path / "a.segs.json"
    write_segments(path, np.array([4, 4, 0], np.int32), "scene0000_00", 0.01, 20)
    assert json.loads(path.read_text()) == {
        "params": {"kThresh": 0.01, "segMinVerts": 20},
        "sceneId": "scene0000_00",
        "segIndices": [4, 4, 0],
    }
    ids = read_segments(path, 3, "mesh.ply")
    assert (ids.tolist(), ids.dtype) == ([4, 4, 0], np.int64)


def test_another_length_than_the_mesh_names_both_files(tmp_path):
    path = tmp_path / "a.segs.json"
    write_segments(path, np.arange(3), "x", 0.01, 20)
    with pytest.raises(TwistError, match=r"a\.segs\.json has 3 .* mesh\.ply has 4"):
        read_segments(path, 4, "mesh.ply")


@pytest.mark.parametrize(
    "content",
    [
        "[1, 2]", "{}", '{"segIndices": 3}', '{"segIndices": [1, -1]}', '{"segIndices": [1, 0.5]}',
        '{"segIndices": [true, 0]}', '{"segIndices": [[1], [2]]}', '{"segIndices": [1, null]}',
        '{"segIndices": [1, 99999999999999999999]}', '{"segIndices": [1,', "",
        '{"segIndices":[1,99999999999999999999]}', '{"segIndices":[1,', '{"segIndices":[1,,2]}',
        '{"segIndices":[,2]}', '{"segIndices":[1,]}', '{"segIndices":[1,02]}', '{"segIndices":[1 2]}',
        '[{"segIndices":[1,2]}]', '{"segIndices":[1,9223372036854775808]}', '{"segIndices":[1,2]',
    ],
)  # fmt: skip
def test_broken_files_are_named(tmp_path, content):
    path = tmp_path / "a.segs.json"
    path.write_text(content)
    with pytest.raises(TwistError, match=r"a\.segs\.json"):
        read_segments(path, 2, "mesh.ply")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"segIndices": [3, 10]}', [3, 10]),
        ('{"segIndices":[ 3,10 ]}', [3, 10]),
        ('{"segIndices":[0,9223372036854775807]}', [0, 2**63 - 1]),
        ('{"a":{"segIndices":[7,8]},"segIndices":[1,2]}', [1, 2]),
        ('{"a":"\\"segIndices\\":[7,8]","segIndices":[1,2]}', [1, 2]),
        ('{"segIndices":[1,2],"params":{"k":[1]}}', [1, 2]),
    ],
)
def test_other_ways_of_writing_the_same(tmp_path, content, expected):
    path = tmp_path / "a.segs.json"
    path.write_text(content)
    assert read_segments(path, 2, "mesh.ply").tolist() == expected


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TwistError, match=r"none\.segs\.json"):
        read_segments(tmp_path / "none.segs.json", 2, "mesh.ply")
