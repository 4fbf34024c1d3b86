import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from tests.raw_scans import INSTANCE, OBJECTS, SEGMENTS, SEMANTIC, write_room, write_scan
from twist.__main__ import main
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.files import read_npz
from twist.preparation import prepare_scenes, scene_names, supervoxels_for_scenes
from twist.scene import Scene
from twist.settings import SupervoxelSettings

NAME = "scene0011_00"


def prepare(tmp_path, **options):
    folders = {NAME: tmp_path / "scans" / NAME}
    return prepare_scenes(folders, "scannet", None, tmp_path / "prepared", **options)


def change_time(path) -> int:
    return path.stat().st_mtime_ns


def test_manifest_says_what_a_scene_holds(tmp_path):
    write_scan(tmp_path, repeat=34, segGroups=[*OBJECTS, {"objectId": 9, "segments": [90], "label": "chair"}])
    facts = prepare(tmp_path)[NAME]
    assert (facts["points"], facts["faces"], facts["labelled"]) == (408, 136, True)
    assert facts["scene_type"] == "Office"
    assert facts["instances"] == {"chair": 2, "sofa": 1}
    scene = Scene.load(tmp_path / "prepared" / f"{NAME}.npz")
    turned = scene.xyz[:, [1, 0, 2]]  # by the alignment, apart from signs and shift
    np.testing.assert_allclose(facts["extent_m"], np.ptp(turned, axis=0), atol=1e-3)
    assert json.loads(json.dumps(facts)) == facts


def test_instances_too_small_to_be_scored_are_not_counted(tmp_path):
    write_scan(tmp_path, repeat=33)
    assert prepare(tmp_path)[NAME]["instances"] == {}


def test_current_scenes_stay_and_outdated_ones_are_made_again(tmp_path):
    folder = write_scan(tmp_path)
    product = tmp_path / "prepared" / f"{NAME}.npz"
    first = prepare(tmp_path)
    made = change_time(product)
    assert prepare(tmp_path) == first
    assert change_time(product) == made

    (folder / f"{NAME}.txt").write_text("sceneType = Kitchen\n")
    assert prepare(tmp_path)[NAME]["scene_type"] == "Kitchen"
    made = change_time(product)
    (tmp_path / "scannetv2-labels.combined.tsv").write_text("raw_category\tnyu40id\nchair\t7\n")
    prepare(tmp_path)
    assert SCANNET.names[Scene.load(product).semantic[0]] == "table"
    assert change_time(product) > made

    product.write_bytes(product.read_bytes()[:-1])
    prepare(tmp_path)
    assert len(Scene.load(product)) == 12
    made = change_time(product)
    prepare(tmp_path, force=True)
    assert change_time(product) > made


def test_a_killed_preparation_goes_on_where_it_was(tmp_path):
    """kill -9 while the third of four scenes is read: the first two stay, the others are made."""
    names = [f"scene000{k}_00" for k in range(4)]
    for name in names:
        write_scan(tmp_path, name)
    words = ["prepare", "--dataset", "scannet", "--raw", str(tmp_path), "--scenes", *names]
    words += ["--out-dir", str(tmp_path / "out"), "--manifest", str(tmp_path / "m.json")]
    code = (
        "import os, signal, sys\n"
        "from twist.formats import scannet\n"
        "from twist.__main__ import main\n"
        "read = scannet.read_ply\n"
        "def fatal(path, **options):\n"
        "    if path.name.startswith('scene0002_00'): os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return read(path, **options)\n"
        "scannet.read_ply = fatal\n"
        "main(sys.argv[1:])\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, *words], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    made = {path.name: change_time(path) for path in (tmp_path / "out").glob("*.npz")}
    assert sorted(made) == [f"{name}.npz" for name in names[:2]]
    assert not (tmp_path / "m.json").exists()
    assert main(words) == 0
    assert list(json.loads((tmp_path / "m.json").read_text())) == names
    assert {name: change_time(tmp_path / "out" / name) for name in made} == made


def test_release_segments_become_supervoxels_by_first_vertex(tmp_path):
    write_scan(tmp_path)
    prepare(tmp_path)
    scenes = {NAME: tmp_path / "prepared" / f"{NAME}.npz"}
    segments = {NAME: tmp_path / "scans" / NAME / f"{NAME}_vh_clean_2.0.010000.segs.json"}
    out = tmp_path / "supervoxels"
    facts = supervoxels_for_scenes(scenes, segments, SCANNET, out, SupervoxelSettings())[NAME]
    assert (facts["source"], facts["supervoxels"], facts["purity"]) == ("release", 4, 1.0)
    supervoxel = read_npz(out / f"{NAME}.npz")["supervoxel"]
    assert supervoxel.tolist() == np.repeat([0, 1, 2, 3], 3).tolist()
    assert supervoxel.dtype == np.int32
    computed = SupervoxelSettings(source="computed", min_vertices=1)
    facts = supervoxels_for_scenes(scenes, segments, SCANNET, out, computed)[NAME]
    assert facts["source"] == "mesh"
    segments[NAME].write_text(json.dumps({"segIndices": SEGMENTS[:-1].tolist()}))
    with pytest.raises(TwistError, match=f"segs.json has 11 .* scene {NAME} has 12"):
        supervoxels_for_scenes(scenes, segments, SCANNET, out, SupervoxelSettings())


def test_supervoxels_that_cross_instances_are_not_pure(tmp_path):
    write_scan(tmp_path)
    prepare(tmp_path)
    scenes = {NAME: tmp_path / "prepared" / f"{NAME}.npz"}
    segments = tmp_path / "all.segs.json"
    segments.write_text(json.dumps({"segIndices": [0] * 12}))
    facts = supervoxels_for_scenes(scenes, {NAME: segments}, SCANNET, tmp_path / "s", SupervoxelSettings())
    assert facts[NAME]["purity"] == 0.5  # chair, sofa and twice as much void


def test_a_scene_that_was_not_prepared_is_named(tmp_path):
    with pytest.raises(TwistError, match=r"none\.npz does not exist"):
        supervoxels_for_scenes({"none": tmp_path / "none.npz"}, {}, SCANNET, tmp_path, SupervoxelSettings())


def test_rooms_without_faces_get_normals_too(tmp_path):
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.random((200, 2)) * 4, np.zeros(200), np.full((200, 3), 9)])
    floor = "".join(f"{x:.3f} {y:.3f} {z} {r:.0f} {g:.0f} {b:.0f}\n" for x, y, z, r, g, b in points)
    write_room(tmp_path, floor_1=floor)
    manifest, names = tmp_path / "m.json", tmp_path / "names.txt"
    names.write_text("Area_5_office_1\n")
    words = ["--raw", tmp_path, "--scenes-file", names, "--out-dir", tmp_path / "p", "--manifest", manifest]
    assert main(["prepare", "--dataset", "rooms-s3dis", "--format", "s3dis", *map(str, words)]) == 0
    assert json.loads(manifest.read_text())["Area_5_office_1"]["instances"] == {"floor": 1}
    words[5:6] = [tmp_path / "s", "--scene-dir", tmp_path / "p"]
    assert main(["supervoxels", "--format", "s3dis", *map(str, words)]) == 0
    arrays = read_npz(tmp_path / "s" / "Area_5_office_1.npz")
    assert (arrays["supervoxel"] == 0).all()
    np.testing.assert_allclose(np.abs(arrays["normal"][:, 2]), 1)
    assert json.loads(manifest.read_text())["Area_5_office_1"]["source"] == "cloud"


def test_one_scan_by_command(tmp_path, capsys):
    folder = write_scan(tmp_path, segGroups=[OBJECTS[0] | {"label": "gizmo"}, *OBJECTS[1:]])
    out = tmp_path / "one.npz"
    assert main(["prepare", "--dataset", "scannet", "--scene", str(folder), "--out", str(out)]) == 0
    scene = Scene.load(out)
    assert scene.semantic.tolist() == np.where(SEMANTIC == 4, -1, SEMANTIC).tolist()
    assert scene.instance.tolist() == INSTANCE.tolist()
    assert "warning: " in capsys.readouterr().out


def test_one_mesh_by_command(tmp_path):
    mesh = write_scan(tmp_path) / f"{NAME}_vh_clean_2.ply"
    out = tmp_path / "out.segs.json"
    assert main(["supervoxels", str(mesh), "--out", str(out), "--min-vertices", "1"]) == 0
    content = json.loads(out.read_text())
    assert content["params"] == {"kThresh": 0.01, "segMinVerts": 1}
    assert content["segIndices"] == np.repeat([0, 1, 2, 3], 3).tolist()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["prepare", "--dataset", "scannet"], "give --scene and --out, or"),
        (["prepare", "--dataset", "mine"], "unknown format 'mine'"),
        (
            ["prepare", "--dataset", "scannet", "--scene", "/nope", "--out", "x.npz"],
            "/nope is not the folder",
        ),
        (["prepare", "--dataset", "s3dis", "--scene", "/nope", "--out", "x.npz"], "/nope is not the folder"),
        (["supervoxels"], "give a mesh and --out, or"),
        (["supervoxels", "a.ply", "--out", "b.json", "--k", "0"], "k must be above 0"),
        (["supervoxels", "none.ply", "--out", "b.json"], "cannot read none.ply"),
    ],
)
def test_wrong_words_end_in_one_line(tmp_path, capsys, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_scene_names_come_once_from_words_and_file(tmp_path):
    (tmp_path / "names.txt").write_text("b\na\n\nc\n")
    assert scene_names(["a"], tmp_path / "names.txt") == ["a", "b", "c"]
    with pytest.raises(TwistError, match="no scenes"):
        scene_names([], None)
    with pytest.raises(TwistError, match="cannot read"):
        scene_names([], tmp_path / "other.txt")
