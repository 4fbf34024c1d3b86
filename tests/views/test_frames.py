"""RGB-D frames as ScanNet's exporter writes them: what they saw, lost tracking, and broken files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.views.rooms import room_mesh
from twist.errors import TwistError
from twist.geometry.raster import Camera, rasterise
from twist.pretraining_sections import ViewSettings
from twist.scene import Scene
from twist.views.frames import Frame, read_frames, seen_in_frame
from twist.views.pairs import make_views
from twist.views.rendering import seen_vertices
from twist.views.scans import views_for_scans

SETTINGS = ViewSettings(source="frames", min_points=50, frame_step=2)
ROOM = room_mesh(cells=40)
CAMERAS = [
    Camera.looking(np.array([2.5, 2.0, 1.5]), yaw, -0.3, 1.0, 160, 120) for yaw in np.linspace(0, 1.0, 5)
]


def export(folder: Path, scene: Scene = ROOM) -> None:
    """Write frames of a room as the exporter does."""
    for name in ("depth", "pose", "intrinsic", "color"):
        (folder / name).mkdir(parents=True)
    for k, camera in enumerate(CAMERAS):
        depth, _ = rasterise(scene.xyz, scene.faces, camera)
        image = np.where(np.isfinite(depth), np.rint(depth * 1000), 0).astype(np.uint16)
        Image.fromarray(image).save(folder / "depth" / f"{k * 5}.png")
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = camera.rotation, camera.position
        np.savetxt(folder / "pose" / f"{k * 5}.txt", pose)
    intrinsic = np.eye(4)
    intrinsic[0, 0] = intrinsic[1, 1] = CAMERAS[0].focal_px
    intrinsic[:2, 2] = (160 - 1) / 2, (120 - 1) / 2
    np.savetxt(folder / "intrinsic" / "intrinsic_depth.txt", intrinsic)


def test_a_frame_sees_what_its_camera_renders(tmp_path: Path) -> None:
    export(tmp_path)
    frames = list(read_frames(tmp_path, 1))
    assert len(frames) == len(CAMERAS)
    for frame, camera in zip(frames, CAMERAS, strict=True):
        rendered = seen_vertices(ROOM.xyz, ROOM.faces, camera, SETTINGS.depth_m)
        recorded = seen_in_frame(ROOM.xyz, frame, SETTINGS)
        # a face at the border of the image shows itself, but not all of its corners
        assert (rendered & recorded).sum() > 0.98 * recorded.sum()
        assert recorded.sum() > 0.85 * rendered.sum()


def test_what_hides_and_what_has_no_reading_is_not_seen() -> None:
    straight = np.array([[0, 0, 2.0], [0, 0, 2.2], [0, 0, 1.8], [0, 0, 0.2], [0, 0, -2], [9, 0, 2]])
    depth = np.full((11, 11), 2.0, np.float32)
    frame = Frame(depth, np.array([[10.0, 0, 5], [0, 10, 5], [0, 0, 1]]), np.eye(4))
    np.testing.assert_array_equal(seen_in_frame(straight, frame, SETTINGS), [1, 0, 0, 0, 0, 0])
    assert not seen_in_frame(straight, replace(frame, depth=0 * depth), SETTINGS).any()
    assert not seen_in_frame(straight[:0], frame, SETTINGS).any()


def test_every_n_th_frame_in_order_of_its_number_is_a_view(tmp_path: Path) -> None:
    export(tmp_path)
    frames = list(read_frames(tmp_path, 2))  # 0, 10, 20 of 0, 5, 10, 15, 20
    for frame, camera in zip(frames, CAMERAS[::2], strict=True):
        np.testing.assert_allclose(frame.pose[:3, 3], camera.position)
        np.testing.assert_allclose(frame.pose[:3, :3], camera.rotation)
    views = make_views(ROOM, SETTINGS, frames)
    assert len(views.seen) == 3
    assert [0, 1] in views.pairs.tolist()


def test_frames_without_tracking_are_left_out(tmp_path: Path) -> None:
    export(tmp_path)
    np.savetxt(tmp_path / "pose" / "10.txt", np.full((4, 4), -np.inf))
    assert len(list(read_frames(tmp_path, 1))) == len(CAMERAS) - 1


def test_recorded_views_of_many_scans(tmp_path: Path) -> None:
    export(tmp_path / "raw")
    ROOM.save(tmp_path / "room.npz")
    facts = views_for_scans(
        {"room": tmp_path / "room.npz"}, {"room": tmp_path / "raw"}, tmp_path / "views", SETTINGS
    )
    assert facts["room"]["views"] == 3


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("pose/10.txt", None, r"pose/10\.txt is missing"),
        ("pose/10.txt", b"1 2 3", r"pose/10\.txt is no 4 x 4 matrix"),
        ("pose/10.txt", b"a " * 16, r"pose/10\.txt is no 4 x 4 matrix"),
        ("pose/10.txt", b"\xff\xfe", r"pose/10\.txt is no 4 x 4 matrix"),
        ("intrinsic/intrinsic_depth.txt", None, r"intrinsic_depth\.txt is missing"),
        ("intrinsic/intrinsic_depth.txt", b"0 " * 16, r"intrinsic_depth\.txt holds no focal lengths"),
        ("depth/10.png", b"", r"10\.png cannot be read as a depth image"),
        ("depth/10.png", b"\x89PNG\r\n\x1a\nnothing", r"10\.png cannot be read as a depth image"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, file: str, content: bytes | None, said: str) -> None:
    export(tmp_path)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(TwistError, match=said):
        list(read_frames(tmp_path, 2))


def test_a_truncated_image_and_one_of_colours_are_named(tmp_path: Path) -> None:
    export(tmp_path)
    image = tmp_path / "depth" / "0.png"
    whole = image.read_bytes()
    image.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TwistError, match=r"0\.png cannot be read"):
        list(read_frames(tmp_path, 1))
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(image)
    with pytest.raises(TwistError, match=r"0\.png is no 16-bit depth image \(its mode is RGB\)"):
        list(read_frames(tmp_path, 1))


def test_a_pose_that_cannot_be_inverted_is_named(tmp_path: Path) -> None:
    export(tmp_path)
    np.savetxt(tmp_path / "pose" / "0.txt", np.zeros((4, 4)))
    with pytest.raises(TwistError, match=r"pose/0\.txt is no pose"):
        list(read_frames(tmp_path, 1))


def test_a_folder_without_frames_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(TwistError, match="export them with ScanNet's SensReader, or set"):
        list(read_frames(tmp_path, 1))
