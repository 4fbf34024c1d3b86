from __future__ import annotations

import numpy as np
import pytest
from matplotlib.image import imread

from twist.__main__ import main
from twist.classes import SCANNET
from twist.scene import Scene
from twist.showing.pictures import (
    UNLABELLED,
    contact_sheet,
    label_colours,
    render_scene,
    save_png,
    views_of_scene,
)


def cube(faces: bool = True) -> Scene:
    """A room of 2 m: a closed cube whose faces look inwards."""
    corners = np.array([[x, y, z] for z in (0, 2) for y in (0, 2) for x in (0, 2)], np.float32)
    quads = np.array([(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)])
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    semantic = np.array([1, 1, 1, 1, 0, 0, 4, -1], np.int32)
    instance = np.array([0, 0, 0, 0, 1, 1, 2, -1], np.int32)
    return Scene(
        "cube",
        corners,
        np.full((8, 3), 90, np.uint8),
        triangles if faces else triangles[:0],
        semantic,
        instance,
    )


def test_the_near_walls_and_the_ceiling_are_cut_away():
    scene = cube()
    # Each face its own colour: give every triangle three vertices of its own.
    xyz = scene.xyz[scene.faces].reshape(-1, 3)
    colours = np.repeat(np.tile(np.arange(6), 2) * 40 + 20, 3)[:, None].repeat(3, 1).astype(np.uint8)
    n = len(xyz)
    none = np.full(n, -1, np.int32)
    split = Scene("cube", xyz, colours, np.arange(n, dtype=np.int32).reshape(-1, 3), none, none)
    image = render_scene(split, colours, (60, 80), yaw=0.6)
    assert image.shape == (60, 80, 3)
    shade, count = np.unique(image[..., 0], return_counts=True)
    large = shade[count > 40]  # leaves out the mixed pixels along edges
    # The floor, two of the four walls and the background, but not the ceiling. Light darkens by up to 28 %.
    assert len(large) == 4
    assert large[0] <= 20
    assert large[1] > 60
    assert large[3] == 255


def test_the_whole_scene_is_in_the_picture_and_fills_it():
    for yaw in (0.0, 1.0, 4.0):
        image = render_scene(cube(), cube().rgb, (90, 120), yaw)
        drawn = (image != 255).any(axis=-1)
        assert not drawn[0].any()
        assert not drawn[-1].any()
        assert not drawn[:, 0].any()
        assert not drawn[:, -1].any()
        assert (
            max(
                np.ptp(np.flatnonzero(drawn.any(axis=1))) / 90,
                np.ptp(np.flatnonzero(drawn.any(axis=0))) / 120,
            )
            > 0.6
        )


def test_a_scene_without_faces_is_drawn_as_points():
    image = render_scene(cube(faces=False), cube().rgb, (60, 80))
    drawn = (image != 255).any(axis=-1)
    assert 8 <= drawn.sum() < 8 * 16


def test_labels_have_colours_of_their_own_and_unlabelled_is_grey():
    colours = label_colours(np.arange(-1, 40))
    assert tuple(colours[0]) == UNLABELLED
    assert len(np.unique(colours, axis=0)) == 41
    distance = np.abs(colours[1:21, None].astype(int) - colours[None, 1:21]).sum(axis=-1)
    assert distance[~np.eye(20, dtype=bool)].min() > 30


def test_three_views_show_colours_classes_and_instances():
    rgb, classes, instances = views_of_scene(cube(), (30, 40), SCANNET)
    assert rgb.shape == classes.shape == instances.shape == (30, 40, 3)
    assert len({image.tobytes() for image in (rgb, classes, instances)}) == 3


def test_contact_sheets_and_png_files_hold_the_pixels(tmp_path):
    images = [np.full((4, 6, 3), value, np.uint8) for value in (10, 20, 30)]
    sheet = contact_sheet([images[:2], images[2:]], gap=2)
    assert sheet.shape == (10, 14, 3)
    assert (sheet[:4, :6] == 10).all()
    assert (sheet[:4, 8:] == 20).all()
    assert (sheet[6:, :6] == 30).all()
    assert (sheet[6:, 6:] == 255).all()
    save_png(tmp_path / "sheet.png", sheet)
    np.testing.assert_array_equal(np.round(imread(tmp_path / "sheet.png")[..., :3] * 255), sheet)
    first = (tmp_path / "sheet.png").read_bytes()
    save_png(tmp_path / "sheet.png", sheet)
    assert (tmp_path / "sheet.png").read_bytes() == first


def test_the_command_draws_prepared_scenes(tmp_path):
    for k in range(3):
        cube().save(tmp_path / f"{k}.npz")
    scenes = [str(tmp_path / f"{k}.npz") for k in range(3)]
    out = tmp_path / "sheet.png"
    assert main(["picture", *scenes, "--out", str(out), "--height", "20", "--per-row", "2"]) == 0
    assert imread(out).shape[:2] == (2 * 20 + 8, 6 * 25 + 5 * 8)
    assert main(["picture", str(tmp_path / "none.npz"), "--out", str(out)]) == 1


@pytest.mark.parametrize("height", ["0", "-3", "15"])
def test_a_picture_without_height_is_refused(tmp_path, capsys, height):
    cube().save(tmp_path / "0.npz")
    out = tmp_path / "sheet.png"
    assert main(["picture", str(tmp_path / "0.npz"), "--out", str(out), "--height", height]) == 1
    assert f"--height {height}: a picture needs 16 pixels or more" in capsys.readouterr().err
