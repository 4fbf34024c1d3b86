"""Figure 7: which colours points get, which scenes are chosen, and what the picture holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from tests.regions import scored_regions
from tests.synthetic import BED, CHAIR, TABLE, room
from twist.__main__ import main
from twist.classes import SCANNET
from twist.regions import Regions
from twist.scene import Scene
from twist.selftraining.pseudolabels import PseudoLabels
from twist.showing.figure7 import Labels, figure7, matched_ids
from twist.showing.selection import selected


def line_scene() -> Scene:
    """Ten points: a bed (points 0 to 3), a chair (4 to 7), two of the floor."""
    scene, _ = room(points=60)
    semantic = np.array([BED] * 4 + [CHAIR] * 4 + [1, 1], np.int32)
    instance = np.array([7] * 4 + [3] * 4 + [-1, -1], np.int32)
    return replace(scene, xyz=scene.xyz[:10], rgb=scene.rgb[:10], semantic=semantic, instance=instance)


def regions(*parts: tuple[list[int], int, float]) -> Regions:
    """Regions of the ten points: points, class, score."""
    return scored_regions(*parts, size=10)


def test_a_region_that_fits_has_its_instances_id() -> None:
    """Of 4 points 3 are 75 %; half of them and one stray are not above .5. Ids follow the classes."""
    guess = regions(([0, 1, 2], BED, 0.9), ([6, 7, 8], CHAIR, 0.8))
    assert matched_ids(guess, line_scene(), SCANNET).tolist() == [0, 0, 0, -1, -1, -1, 3, 3, 3, -1]


def test_the_class_does_not_matter_for_the_colour() -> None:
    assert matched_ids(regions(([4, 5, 6, 7], TABLE, 0.5)), line_scene(), SCANNET)[4:8].tolist() == [1] * 4


def test_the_highest_score_is_seen_where_regions_overlap() -> None:
    guess = regions(([0, 1, 2, 3], BED, 0.9), ([3, 4, 5, 6, 7], CHAIR, 0.5), ([8, 9], CHAIR, 0.1))
    assert matched_ids(guess, line_scene(), SCANNET).tolist() == [0] * 4 + [1] * 4 + [4, 4]


def test_no_region_and_no_instance() -> None:
    scene = line_scene()
    assert matched_ids(Regions.empty(10), scene, SCANNET).tolist() == [-1] * 10
    bare = replace(scene, instance=np.full(10, -1, np.int32))
    assert matched_ids(regions(([0, 1], BED, 0.9)), bare, SCANNET)[:3].tolist() == [0, 0, -1]


def test_scenes_are_evenly_spaced_or_named() -> None:
    names = [f"s{k}" for k in range(10)]
    assert selected(names, ["2"], Path("list")) == ["s2", "s7"]
    assert selected(names, ["20"], Path("list")) == names
    assert selected(names, ["0"], Path("list")) == selected([], ["3"], Path("list")) == []
    assert selected(names, ["s9", "s1"], Path("list")) == ["s9", "s1"]


def test_titles_tell_what_was_found_and_learned() -> None:
    scene = line_scene()
    guess = regions(([0, 1, 2, 3], BED, 0.9), ([4, 5, 6, 7], TABLE, 0.8))
    none = np.full(10, -1, np.int32)
    learned = np.array([BED] * 4 + [TABLE] * 4 + [-1, -1], np.int32)
    rounds = {1: Labels(learned, none), 2: Labels(scene.semantic, scene.instance)}
    titles = [axis.get_title() for axis in figure7([(scene, guess)], [(scene, rounds)], SCANNET).axes]
    assert titles[1:3] == ["annotated: 2 instances", "predicted: 2, 1 found with their class"]
    assert titles[6:8] == [
        "pseudo-labels of round 1\n40 % right, 40 % wrong, 20 % none",
        "pseudo-labels of round 2\n100 % right, 0 % wrong, 0 % none",
    ]
    assert titles[9:12] == ["hidden instances", "round 1: no instances", "round 2: 2 instances"]


def test_scored_scenes_stand_side_by_side_where_rounds_make_room() -> None:
    scene = line_scene()
    labels = Labels(scene.semantic, scene.instance)
    guess = regions(([0, 1, 2, 3], BED, 0.9))
    for rounds, per_row in ((0, 1), (3, 1), (5, 2)):
        strips = [(scene, dict.fromkeys(range(1, rounds + 1), labels))] if rounds else []
        axes = figure7([(scene, guess)] * 3, strips, SCANNET).axes
        columns = max(3, 2 + rounds)
        inputs = [k for k, axis in enumerate(axes) if axis.get_title().endswith(": input")]
        assert inputs == [k // per_row * columns + 3 * (k % per_row) for k in range(3)]


def test_a_scan_without_annotation_hides_nothing() -> None:
    scene = line_scene()
    labels = {1: Labels(scene.semantic, scene.instance)}
    figure = figure7([(scene, Regions.empty(10))], [(scene.without_labels(), labels)], SCANNET)
    titles = [axis.get_title() for axis in figure.axes]
    assert not any("hidden" in title for title in titles)
    assert "pseudo-labels of round 1\n" in titles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, name in enumerate(("val0", "val1", "train0")):
        scene, _ = room(name, 500, seed)
        scene.save(tmp_path / "data" / "scenes" / f"{name}.npz")
        Regions.from_ids(scene.instance, label=scene.semantic).save(tmp_path / "predictions" / f"{name}.npz")
        weight = np.ones(500, np.float32)
        PseudoLabels(scene.semantic, scene.instance, weight).save(tmp_path / "labels" / f"{name}.npz")
    (tmp_path / "val.txt").write_text("val0\nval1\n")
    (tmp_path / "unlabelled.txt").write_text("train0\n")
    return tmp_path


def words(folder: Path, *more: str) -> list[str]:
    files = {"data": "data", "list": "val.txt", "predictions": "predictions"}
    fixed = [word for key, name in files.items() for word in (f"--{key}", str(folder / name))]
    return ["figure7", "--dataset", "rooms", *fixed, *more, "--out", str(folder / "figure7.png")]


def test_the_verb_draws_scenes_and_strips(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(folder, "--show", "1")) == 0
    assert "val1 drawn to" in capsys.readouterr().out
    plain = imread(folder / "figure7.png").shape
    strips = ["--unlabelled", str(folder / "unlabelled.txt"), "--pseudo-labels", str(folder / "labels")]
    assert main(words(folder, "--show", "val0", *strips)) == 0
    assert imread(folder / "figure7.png").shape[0] > 2 * plain[0]
    first = (folder / "figure7.png").read_bytes()
    assert main(words(folder, "--show", "val0", *strips)) == 0
    assert (folder / "figure7.png").read_bytes() == first
    assert not (folder / "figure7.svg").exists()


def test_unknown_scenes_and_other_formats_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(folder, "--show", "train0")) == 1
    assert "train0 is not in" in capsys.readouterr().err
    assert main([*words(folder)[:-2], "--out", str(folder / "figure7.svg")]) == 1
    assert "name a .png" in capsys.readouterr().err
