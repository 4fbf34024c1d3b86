"""A scan from its plan to its files, and back through the project's readers."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from twist.__main__ import main
from twist.classes import S3DIS, SCANNET
from twist.errors import TwistError
from twist.files import read_json, write_json
from twist.formats.s3dis import find_room, list_rooms, read_room
from twist.formats.scannet import find_scene, read_scene, release_segments
from twist.formats.scannet_labels import read_label_map
from twist.formats.segs import read_segments
from twist.rooms import writing
from twist.rooms.generate import GeneratedScan, ScanQuality, make_scene
from twist.rooms.labels import scannet_class
from twist.rooms.plan import ScenePlan, plan_areas, plan_benchmark
from twist.rooms.writing import generate_scan, manifest_path, write_benchmark_lists, write_scan

#: Coarse and quick; only sizes and finesse differ from the real thing.
COARSE = ScanQuality(voxel_size_m=0.05, views=24, width=100, height=75, vertices=5000)

WALL, FLOOR = SCANNET.names.index("wall"), SCANNET.names.index("floor")


def scan_of(room_type: str, split: str = "val") -> ScenePlan:
    plans = plan_areas(14, 0) if split == "area" else plan_benchmark(0, 30, 0)
    return next(plan for plan in plans if plan.room_type == room_type)


@cache
def made(room_type: str, split: str = "val") -> GeneratedScan:
    return make_scene(scan_of(room_type, split), COARSE)


def test_a_scene_repeats_bit_for_bit_and_re_scans_show_the_same_room_differently():
    first, again = made("bathroom"), make_scene(scan_of("bathroom"), COARSE)
    for name in ("xyz", "rgb", "faces", "instance", "axis_alignment"):
        np.testing.assert_array_equal(getattr(first.scene, name), getattr(again.scene, name))
    assert first.raw == again.raw
    other = make_scene(replace(scan_of("bathroom"), scan=1), COARSE)
    assert len(other.scene) != len(first.scene)
    floors = [scan.scene.aligned_xyz[scan.scene.semantic == FLOOR] for scan in (first, other)]
    np.testing.assert_allclose(np.ptp(floors[0], axis=0), np.ptp(floors[1], axis=0), atol=0.3)
    assert Counter(other.raw)["toilet"] == Counter(first.raw)["toilet"] == 1


def test_objects_are_unions_of_segments_and_have_the_classes_of_their_names():
    scan = made("living room")
    scene = scan.scene
    for segment in np.unique(scan.segments):
        assert len(np.unique(scene.instance[scan.segments == segment])) == 1
    for number, raw in enumerate(scan.raw):
        of_object = scene.instance == number
        assert of_object.sum() >= 30
        assert (scene.semantic[of_object] == scannet_class(raw)).all()
    assert (scene.semantic[scene.instance < 0] == -1).all()
    assert {"wall", "floor"} <= set(scan.raw)


def test_the_alignment_puts_the_floor_at_zero_and_the_walls_along_the_axes():
    def share_along_axes(xyz: np.ndarray, faces: np.ndarray) -> float:
        a, b, c = xyz[faces].astype(np.float64).transpose(1, 0, 2)
        normal = np.cross(b - a, c - a)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        return float((np.abs(normal[:, :2]).max(axis=1) > 0.95).mean())

    raw_shares = []
    for room_type in ("living room", "bathroom"):
        scene = made(room_type).scene
        assert abs(np.median(scene.aligned_xyz[scene.semantic == FLOOR, 2])) < 0.02
        walls = scene.faces[(scene.semantic[scene.faces] == WALL).all(axis=1)]
        assert share_along_axes(scene.aligned_xyz, walls) > 0.75
        raw_shares.append(share_along_axes(scene.xyz, walls))
        rotation = scene.axis_alignment[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-5)
    assert min(raw_shares) < 0.4


def test_faces_look_into_the_room():
    scene = made("living room").scene
    a, b, c = scene.xyz[scene.faces].astype(np.float64).transpose(1, 0, 2)
    normal, middle = np.cross(b - a, c - a), (a + b + c) / 3
    wall = (scene.semantic[scene.faces] == WALL).all(axis=1)
    inwards = ((scene.xyz.mean(axis=0) - middle) * normal).sum(axis=1) > 0
    assert inwards[wall].mean() > 0.97


def test_quality_grows_with_the_vertices_asked_for():
    assert ScanQuality.for_vertices(30_000) == ScanQuality()
    assert ScanQuality.for_vertices(8_000).vertices == 8_000
    fine = ScanQuality.for_vertices(100_000)
    assert fine.voxel_size_m < 0.02
    assert fine.views > ScanQuality().views
    assert len(made("living room").scene) == pytest.approx(5000, rel=0.05)


def test_scannet_files_read_back_as_written(tmp_path):
    scan = made("bathroom")
    paths = write_scan(tmp_path, scan)
    write_benchmark_lists(tmp_path, [scan.plan])
    label_map = read_label_map(tmp_path / "scannetv2-labels.combined.tsv")
    folder = find_scene(tmp_path, scan.scene.name)
    scene, report = read_scene(folder, label_map)
    assert report.warnings == []
    assert report.scene_type == "Bathroom"
    for name in ("xyz", "rgb", "faces", "semantic", "instance"):
        np.testing.assert_array_equal(getattr(scene, name), getattr(scan.scene, name), err_msg=name)
    np.testing.assert_allclose(scene.axis_alignment, scan.scene.axis_alignment, atol=1e-9)
    segments = read_segments(release_segments(folder), len(scene), folder)
    np.testing.assert_array_equal(segments, scan.segments)
    assert all(path.is_relative_to(tmp_path / "scans" / scan.scene.name) for path in paths)


def test_s3dis_files_read_back_as_written(tmp_path):
    scan = made("office", "area")
    write_scan(tmp_path, scan)
    write_benchmark_lists(tmp_path, [scan.plan])
    name = scan.plan.scene_name
    assert list(list_rooms(tmp_path)) == [name]
    scene, report = read_room(find_room(tmp_path, name))
    assert report.warnings == []
    assert len(scene) == len(scan.scene)  # every point is annotated, as in S3DIS
    assert {"ceiling", "floor", "wall", "clutter"} <= {S3DIS.names[k] for k in np.unique(scene.semantic)}
    assert cKDTree(scan.scene.xyz).query(scene.xyz)[0].max() < 1e-3  # written to the millimetre
    assert cKDTree(scene.xyz).query(scan.scene.xyz)[0].max() < 1e-3
    assert sorted(np.bincount(scene.instance)) == sorted(np.bincount(scan.scene.instance))


def test_a_scan_that_is_there_is_not_made_again_and_a_damaged_one_is(tmp_path, monkeypatch):
    calls = []

    def counted(plan, quality):
        calls.append(plan.name)
        return made("bathroom")

    monkeypatch.setattr(writing, "make_scene", counted)
    plan = scan_of("bathroom")
    first = generate_scan(tmp_path, plan, COARSE)
    assert generate_scan(tmp_path, plan, COARSE) == first
    assert len(calls) == 1
    generate_scan(tmp_path, plan, replace(COARSE, views=25))  # other settings
    assert len(calls) == 2
    first = generate_scan(tmp_path, plan, COARSE)
    next(tmp_path.glob("scans/*/*.aggregation.json")).unlink()  # killed half-way
    assert generate_scan(tmp_path, plan, COARSE) == first
    assert len(calls) == 4
    manifest_path(tmp_path, plan).write_text("{")
    assert generate_scan(tmp_path, plan, COARSE) == first
    assert len(calls) == 5


def test_a_scan_that_comes_out_differently_is_warned_about(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "make_scene", lambda *_: made("bathroom"))
    plan = scan_of("bathroom")
    manifest = generate_scan(tmp_path, plan, COARSE)
    path = manifest_path(tmp_path, plan)
    mesh = next(file for file in manifest["files"] if file.endswith("clean_2.ply"))
    write_json(path, manifest | {"files": manifest["files"] | {mesh: "0" * 64}})
    (tmp_path / mesh).unlink()
    with pytest.warns(UserWarning, match="differs"):
        generate_scan(tmp_path, plan, COARSE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (tmp_path / mesh).unlink()
        assert generate_scan(tmp_path, plan, COARSE) == manifest


def test_an_error_names_the_scan(tmp_path, monkeypatch):
    def broken(*_):
        raise TwistError("no surface")

    monkeypatch.setattr(writing, "make_scene", broken)
    with pytest.raises(TwistError, match=r"scene\d{4}_00: no surface"):
        generate_scan(tmp_path, scan_of("bathroom"), COARSE)


def rooms(*words: object) -> int:
    return main(["rooms", *map(str, words)])


def test_the_command_writes_lists_scans_and_manifest(tmp_path, capsys):
    out, manifest = tmp_path / "raw", tmp_path / "chunk.json"
    words = ("--out", out, "--scenes", 3, "--val-scenes", 1, "--vertices", 4000, "--manifest", manifest)
    assert rooms(*words, "--only", "2:4") == 0
    plans = plan_benchmark(3, 1, 0)
    assert {path.name for path in (out / "scans").iterdir()} == {plan.name for plan in plans[2:]}
    train = (out / "scannetv2_train.txt").read_text().split()
    val = (out / "scannetv2_val.txt").read_text().split()
    assert [*train, *val] == [plan.name for plan in plans]
    scenes = read_json(manifest)["scenes"]
    assert [scene["name"] for scene in scenes] == [plan.name for plan in plans[2:]]
    before = {path: path.stat().st_mtime_ns for path in out.glob("scans/*/*")}
    text = manifest.read_text()
    assert rooms(*words, "--scene", plans[2].name, plans[3].name, "--jobs", 2) == 0
    assert {path: path.stat().st_mtime_ns for path in out.glob("scans/*/*")} == before
    assert manifest.read_text() == text
    assert plans[3].name in capsys.readouterr().out


def test_another_seed_in_the_same_folder_is_refused(tmp_path, capsys):
    words = ("--out", tmp_path, "--scenes", 2, "--vertices", 1000)
    name = plan_benchmark(2, 0, 0)[0].name
    assert rooms(*words, "--scene", name) == 0
    lists = (tmp_path / "scannetv2_train.txt").read_text()
    assert rooms(*words, "--seed", 1) == 1
    assert f"{tmp_path} holds the benchmark of seed 0, not 1; delete it" in capsys.readouterr().err
    assert (tmp_path / "scannetv2_train.txt").read_text() == lists
    assert rooms(*words, "--scene", name) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--scene", "scene9999_00"), "no scan 'scene9999_00'"),
        (("--only", "3:9"), "no range"),
        (("--only", "x"), "no range"),
        (("--jobs", 0), "no number of processes"),
        (("--vertices", 0), "--vertices must be at least 1000, not 0"),
        (("--format", "s3dis", "--val-scenes", 2), "--val-scenes"),
        (("--format", "s3dis"), "six areas"),
    ],
)
def test_wrong_words_are_refused_in_one_line(tmp_path, capsys, words, message):
    assert rooms("--out", tmp_path, "--scenes", 4, *words) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
